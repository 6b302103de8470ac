"""An event comes in: it and its runs are written in one commit, and the answer is sent only after that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any, TypedDict
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone

from lib.ids import time_ordered_id
from projects.models import ConnectedUser, PayloadPolicy
from workflows.definition.errors import RenderError
from workflows.definition.templates import compile_value
from workflows.definition.values import to_text
from workflows.engine import ringing
from workflows.errors import IdempotencyConflict, PayloadRejected, UnknownAppEvent
from workflows.intake.checking import differences_in_shape
from workflows.intake.planning import Selection, Skip, Start, plan
from workflows.models import AppEvent, Event, IdempotencyKey, Lane, Run

IDEMPOTENCY_KEPT = timedelta(hours=24)


class StartedRun(TypedDict):
    id: str
    workflow_id: str
    workflow: str
    credential_id: str
    configuration_id: str


class SkippedWorkflow(TypedDict):
    workflow_id: str
    workflow: str
    reason: str
    message: str


class Receipt(TypedDict):
    """The answer to an event: what it started, and what not and why."""

    event_id: str
    name: str
    received_at: str
    runs: list[StartedRun]
    skipped: list[SkippedWorkflow]
    warnings: list[str]


@dataclass(frozen=True)
class Arrival:
    """An event as the app sent it. `payload` is a JSON object; `idempotency_key` "" when there is none."""

    name: str
    payload: dict[str, Any]
    idempotency_key: str = ""
    selection: Selection = field(default_factory=Selection)


@dataclass(frozen=True)
class Received:
    receipt: Receipt
    is_repetition: bool
    """Whether the same Idempotency-Key had brought this event before: nothing was started now."""


def receive(user: ConnectedUser, arrival: Arrival) -> Received:
    """Write the event and its runs, ring their lanes after the commit, and give the receipt.

    Raises UnknownAppEvent (with the known names), PayloadRejected, IdempotencyConflict.
    """
    body_hash = _hash(arrival)
    if arrival.idempotency_key and (earlier := _earlier_answer(user, arrival, body_hash)):
        return Received(earlier, is_repetition=True)
    app_event = _app_event(user.project_id, arrival.name)
    warnings = _warnings(app_event, arrival.payload)
    starts, skips = plan(app_event, user, arrival.selection)
    event, runs = _rows(user, arrival, starts, skips)
    receipt = _receipt(event, runs, starts, skips, warnings)
    try:
        with transaction.atomic():
            Event.objects.bulk_create([event])
            _make_missing_lanes(starts)
            Run.objects.bulk_create(runs)
            if arrival.idempotency_key:
                IdempotencyKey.objects.create(
                    user=user, key=arrival.idempotency_key, body_hash=body_hash, answer=receipt
                )
            lanes = {run.lane_id for run in runs}
            transaction.on_commit(partial(ringing.ring, lanes))
    except IntegrityError:
        # Two requests with one key at the same time: the other was first, and its answer is ours.
        if arrival.idempotency_key and (earlier := _earlier_answer(user, arrival, body_hash)):
            return Received(earlier, is_repetition=True)
        raise
    return Received(receipt, is_repetition=False)


def _app_event(project_id: UUID, name: str) -> AppEvent:
    app_event: AppEvent | None = (
        AppEvent.objects.filter(project_id=project_id, name=name).select_related("project").first()
    )
    if app_event is None:
        known = list(
            AppEvent.objects.filter(project_id=project_id).order_by("name").values_list("name", flat=True)[:100]
        )
        listing = ", ".join(f"“{each}”" for each in known) or "none yet; make one under App Events"
        raise UnknownAppEvent(f"There is no App Event “{name}” in this project. Known: {listing}.", known=known)
    return app_event


def _warnings(app_event: AppEvent, payload: dict[str, Any]) -> list[str]:
    policy = app_event.project.payload_policy
    if policy == PayloadPolicy.ACCEPT:
        return []
    found = differences_in_shape(app_event.example, payload)
    if found and policy == PayloadPolicy.REJECT:
        raise PayloadRejected(
            f"The payload is not like the example of “{app_event.name}”: {' '.join(found)} Nothing was started.",
            problems=found,
        )
    return found


def _hash(arrival: Arrival) -> str:
    body = [arrival.name, arrival.payload, arrival.selection.credential, arrival.selection.configuration]
    return sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _earlier_answer(user: ConnectedUser, arrival: Arrival, body_hash: str) -> Receipt | None:
    earlier = IdempotencyKey.objects.filter(user=user, key=arrival.idempotency_key).first()
    if earlier is None:
        return None
    if earlier.created_at < timezone.now() - IDEMPOTENCY_KEPT:
        IdempotencyKey.objects.filter(pk=earlier.pk).delete()
        return None
    if earlier.body_hash != body_hash:
        raise IdempotencyConflict(first_event_id=earlier.answer["event_id"])
    answer: Receipt = earlier.answer
    return answer


def _rows(
    user: ConnectedUser, arrival: Arrival, starts: Sequence[Start], skips: Sequence[Skip]
) -> tuple[Event, list[Run]]:
    now = timezone.now()
    event = Event(
        id=time_ordered_id(),
        project_id=user.project_id,
        user=user,
        name=arrival.name,
        payload=arrival.payload,
        skipped=[{"workflow_id": str(skip.workflow.pk), "reason": skip.reason.value} for skip in skips],
        received_at=now,
    )
    runs = [
        Run(
            id=time_ordered_id(),
            project_id=user.project_id,
            event=event,
            workflow=start.workflow,
            version=start.version,
            user=user,
            configuration=start.configuration,
            lane_id=start.configuration.credential_id,
            order_key=order_key(start.version.definition, arrival.payload),
            wake_at=now,
        )
        for start in starts
    ]
    return event, runs


def order_key(definition: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """The value by which this run waits for earlier ones of its workflow; "" when it depends on nobody."""
    template = definition.get("order_by")
    if not template:
        return ""
    try:
        value = compile_value(template).render({"trigger": payload}).value
    except RenderError:
        return ""  # a value that has no key waits for nobody; the event is worth more than its order
    return to_text(value)[:255]


def _make_missing_lanes(starts: Sequence[Start]) -> None:
    """A credential's lane is made with it; one that came another way gets its lane at its first event."""
    wanted = {start.configuration.credential_id for start in starts}
    missing = wanted - set(Lane.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if missing:
        Lane.objects.bulk_create([Lane(credential_id=each) for each in missing], ignore_conflicts=True)


def _receipt(
    event: Event, runs: Sequence[Run], starts: Sequence[Start], skips: Sequence[Skip], warnings: list[str]
) -> Receipt:
    return {
        "event_id": str(event.pk),
        "name": event.name,
        "received_at": event.received_at.isoformat(),
        "runs": [
            {
                "id": str(run.pk),
                "workflow_id": str(start.workflow.pk),
                "workflow": start.workflow.name,
                "credential_id": str(start.configuration.credential_id),
                "configuration_id": str(start.configuration.pk),
            }
            for run, start in zip(runs, starts, strict=True)
        ],
        "skipped": [
            {
                "workflow_id": str(skip.workflow.pk),
                "workflow": skip.workflow.name,
                "reason": skip.reason.value,
                "message": skip.message,
            }
            for skip in skips
        ],
        "warnings": warnings,
    }
