"""Events come in: a group of them and their runs are written in one commit, and each is answered only after it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypedDict
from uuid import UUID

import orjson
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from lib import hot_statements
from lib.errors import IsthmusError
from lib.ids import time_ordered_id
from projects import database_refusals
from projects.models import PayloadPolicy
from projects.user_tokens import UserToken
from workflows.definition.errors import DefinitionError, RenderError
from workflows.definition.templates import Limits, compile_value
from workflows.definition.values import to_text
from workflows.engine import crash_points, parking, ringing
from workflows.engine.rendering import stored_definition
from workflows.errors import BadEvent, IdempotencyConflict, PayloadRejected, UnknownAppEvent
from workflows.intake import directory, planning, writing
from workflows.intake.checking import differences_in_shape
from workflows.intake.directory import Directory, KnownEvent
from workflows.intake.near_names import near
from workflows.intake.planning import Selection, Skip, SkipReason, Start, plan
from workflows.models import IdempotencyKey, RunState

log = logging.getLogger("workflows.intake")

IDEMPOTENCY_KEPT = timedelta(hours=24)


class StartedRun(TypedDict):
    id: str
    workflow_id: str
    workflow: str
    credential_id: str
    configuration_id: str
    state: str
    """ "queued", or "parked": it begins when the user has connected the account again."""


class ParkedRun(TypedDict):
    """One of the receipt's runs again, with why it does not begin yet."""

    run_id: str
    workflow_id: str
    workflow: str
    reason: str
    message: str


class SkippedWorkflow(TypedDict):
    workflow_id: str
    workflow: str
    reason: str
    message: str


class Receipt(TypedDict):
    """The answer to an event: what it started, what of that waits for the user, and what it did not start and why."""

    event_id: str
    name: str
    received_at: str
    runs: list[StartedRun]
    parked: list[ParkedRun]
    skipped: list[SkippedWorkflow]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as the app sent it. `payload` is a JSON object; `idempotency_key` "" when there is none."""

    token: UserToken
    name: str
    payload: dict[str, Any]
    idempotency_key: str = ""
    selection: Selection = field(default_factory=Selection)

    @property
    def body_hash(self) -> str:
        body = [self.name, self.payload, self.selection.credential, self.selection.configuration]
        return sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, slots=True)
class Received:
    receipt: Receipt
    is_repetition: bool
    """Whether the same Idempotency-Key had brought this event before: nothing was started now."""


Answer = Received | Exception
"""What became of one arrival: its receipt, or why it was refused (UnknownAppEvent, PayloadRejected, IdempotencyConflict,
BadEvent), or what went wrong."""


@dataclass(slots=True)
class _Intent:
    """An arrival that is to be written."""

    arrival: Arrival
    user_id: UUID
    event_id: UUID
    received_at: datetime
    starts: list[Start]
    skips: list[Skip]
    warnings: list[str]
    run_ids: list[UUID]
    parked_days: int

    @property
    def receipt(self) -> Receipt:
        return {
            "event_id": str(self.event_id),
            "name": self.arrival.name,
            "received_at": self.received_at.isoformat(),
            "runs": [
                {
                    "id": str(run_id),
                    "workflow_id": str(start.listener.id),
                    "workflow": start.listener.name,
                    "credential_id": str(start.account.credential_id),
                    "configuration_id": str(start.account.configuration_id),
                    "state": _state_of(start).value,
                }
                for run_id, start in zip(self.run_ids, self.starts, strict=True)
            ],
            "parked": [
                {
                    "run_id": str(run_id),
                    "workflow_id": str(start.listener.id),
                    "workflow": start.listener.name,
                    "reason": SkipReason.CREDENTIAL_INVALID.value,
                    "message": planning.parked_message(start, days=self.parked_days),
                }
                for run_id, start in zip(self.run_ids, self.starts, strict=True)
                if start.is_parked
            ],
            "skipped": [
                {
                    "workflow_id": str(skip.listener.id),
                    "workflow": skip.listener.name,
                    "reason": skip.reason.value,
                    "message": skip.message,
                }
                for skip in self.skips
            ],
            "warnings": self.warnings,
        }


def receive_all(arrivals: Sequence[Arrival]) -> list[Answer]:
    """Write the arrivals and their runs in one commit, ring the lanes after it, and answer each in its place.

    Whatever is raised on the way is answered to the arrival that it comes from. The others are written without it, and to
    no one else is a commit said to have failed that was made. Where the database is away, all that are left hear so.
    """
    answers = _answered_apart(arrivals)
    crash_points.reach("after_intake_commit")
    return answers


def receive(arrival: Arrival) -> Received:
    """One arrival alone. Raises what `receive_all` would have answered with."""
    [answer] = receive_all([arrival])
    if isinstance(answer, Exception):
        raise answer
    return answer


def _answered_apart(arrivals: Sequence[Arrival]) -> list[Answer]:
    """The answers to a group. One that fails is halved until the culprit stands alone, whatever it was that it raised."""
    try:
        return _receive(arrivals)
    except Exception as exc:
        failure = exc
    hot_statements.leave_clean()
    if database_refusals.meets_everybody(failure):
        return [failure] * len(arrivals)
    if len(arrivals) == 1:
        return [_answered_alone(arrivals[0], failure)]
    log.warning("intake.group_failed", extra={"size": len(arrivals), "error": type(failure).__name__})
    middle = len(arrivals) // 2
    answers = _answered_apart(arrivals[:middle])
    if isinstance(answers[-1], Exception) and database_refusals.meets_everybody(answers[-1]):
        return answers + answers[-1:] * (len(arrivals) - middle)  # away by now: each try would wait for it
    return answers + _answered_apart(arrivals[middle:])


def _answered_alone(arrival: Arrival, failure: Exception) -> Answer:
    """The answer to an arrival that failed by itself."""
    if isinstance(failure, IntegrityError):
        # Another process wrote its idempotency key, or removed an account, between our reading and our writing. By now the
        # other's row can be seen, so a second look decides; if it fails as well, that is a fault of ours.
        try:
            return _receive([arrival])[0]
        except Exception as exc:
            failure = exc
            hot_statements.leave_clean()
    if isinstance(failure, _OF_ITS_VALUES):
        log.error("event.not_storable", extra={"project": arrival.token.project_id}, exc_info=failure)
        refusal = BadEvent("The event holds a value that can not be stored. Nothing was started; send it otherwise.")
        refusal.__cause__ = failure
        return refusal
    return failure


_OF_ITS_VALUES = (DataError, OverflowError, UnicodeError, RecursionError)
"""What databases and writers say of a value: to send it again would be of no use."""


def _receive(arrivals: Sequence[Arrival]) -> list[Answer]:
    known = directory.look_up((arrival.token for arrival in arrivals), (_event_key(arrival) for arrival in arrivals))
    answers: dict[int, Answer] = {}
    intents: dict[int, _Intent] = {}
    earlier = _earlier_answers(arrivals, known)
    now = timezone.now()
    for index, arrival in enumerate(arrivals):
        try:
            if repeated := _repeated(arrival, known, earlier):
                answers[index] = repeated
            else:
                intents[index] = _intent(arrival, known, now)
        except IsthmusError as refusal:
            answers[index] = refusal
    for index, intent in intents.items():  # before the commit: after it, nothing may fail
        answers[index] = Received(intent.receipt, is_repetition=False)
    if intents:
        _write(list(intents.values()), now)
    if log.isEnabledFor(logging.DEBUG):  # not INFO: the rows say the same, and a line would cost more than its commit
        _log_accepted(intents.values())
    return [answers[index] for index in range(len(arrivals))]


def _log_accepted(intents: Iterable[_Intent]) -> None:
    for intent in intents:
        log.debug(
            "event.accepted",
            extra={
                "event": intent.event_id,
                "project": intent.arrival.token.project_id,
                "user": intent.user_id,
                "runs": ",".join(map(str, intent.run_ids)),
                "lanes": ",".join(str(start.account.credential_id) for start in intent.starts),
            },
        )


def _event_key(arrival: Arrival) -> directory.EventKey:
    return arrival.token.project_id, arrival.name


def _user_id(arrival: Arrival, known: Directory) -> UUID:
    return known.users[arrival.token.project_id, arrival.token.subject].id


def _intent(arrival: Arrival, known: Directory, now: datetime) -> _Intent:
    event = known.events.get(_event_key(arrival))
    if event is None:
        raise _unknown(arrival)
    user = known.users[arrival.token.project_id, arrival.token.subject]
    warnings = _warnings(event, arrival.payload)
    starts, skips = plan(event.listeners, user.accounts, arrival.selection, parks=event.parked_days > 0)
    run_ids = [time_ordered_id() for _ in starts]
    return _Intent(
        arrival, user.id, time_ordered_id(), now, starts, skips, warnings, run_ids, parked_days=event.parked_days
    )


def _unknown(arrival: Arrival) -> UnknownAppEvent:
    names = directory.known_names(arrival.token.project_id)
    if found := near(arrival.name, names):
        name, difference = found
        return UnknownAppEvent(
            f"There is no App Event “{arrival.name}” in this project, but “{name}” is near: it differs {difference}. "
            "Send the name as it stands under App Events.",
            known=names,
            near=name,
        )
    listing = ", ".join(f"“{each}”" for each in names) or "none yet; make one under App Events"
    return UnknownAppEvent(f"There is no App Event “{arrival.name}” in this project. Known: {listing}.", known=names)


def _warnings(event: KnownEvent, payload: dict[str, Any]) -> list[str]:
    if event.payload_policy == PayloadPolicy.ACCEPT:
        return []
    found = differences_in_shape(event.example, payload)
    if found and event.payload_policy == PayloadPolicy.REJECT:
        raise PayloadRejected(
            f"The payload is not like the example of “{event.name}”: {' '.join(found)} Nothing was started.",
            problems=found,
        )
    return found


def _earlier_answers(arrivals: Iterable[Arrival], known: Directory) -> dict[tuple[UUID, str], IdempotencyKey]:
    """What was answered before to the keys of these arrivals; keys past their time are forgotten here."""
    keyed = [arrival for arrival in arrivals if arrival.idempotency_key]
    if not keyed:
        return {}
    oldest = timezone.now() - IDEMPOTENCY_KEPT
    found = IdempotencyKey.objects.filter(
        user__in={_user_id(arrival, known) for arrival in keyed}, key__in={arrival.idempotency_key for arrival in keyed}
    )
    rows = list(found)
    if past := [row.pk for row in rows if row.created_at < oldest]:
        IdempotencyKey.objects.filter(pk__in=past).delete()
    return {(row.user_id, row.key): row for row in rows if row.created_at >= oldest}


def _repeated(
    arrival: Arrival, known: Directory, earlier: Mapping[tuple[UUID, str], IdempotencyKey]
) -> Received | None:
    if not arrival.idempotency_key:
        return None
    row = earlier.get((_user_id(arrival, known), arrival.idempotency_key))
    if row is None:
        return None
    if row.body_hash != arrival.body_hash:
        raise IdempotencyConflict(first_event_id=row.answer["event_id"])
    return Received(row.answer, is_repetition=True)


def _write(intents: Sequence[_Intent], now: datetime) -> None:
    """One commit for the group, then the doorbell. What is raised is raised before the commit, and nothing is written then:
    IntegrityError when another process was first with a key."""
    started = [
        (intent, start, run_id)
        for intent in intents
        for start, run_id in zip(intent.starts, intent.run_ids, strict=True)
    ]
    if without_lane := {start.account.credential_id for _, start, _ in started if not start.account.has_lane}:
        directory.make_lanes(without_lane)
    group = writing.Group(
        events=[_event_row(intent) for intent in intents],
        runs=[_run_row(intent, start, run_id) for intent, start, run_id in started],
        keys=[_key_row(intent, now) for intent in intents if intent.arrival.idempotency_key],
        lanes={start.account.credential_id for _, start, _ in started if not start.is_parked},
    )
    asleep = writing.write(group)
    # What is stored is answered with success, whatever becomes of the rest: the sweep does it too.
    if asleep:

        def ring() -> None:  # not a partial: Django asks what failed for its name
            ringing.ring(asleep)

        transaction.on_commit(ring, robust=True)
    if parked := {start.account.credential_id for _, start, _ in started if start.is_parked}:
        try:
            # The user may have connected again since the accounts were read; what was parked before went on then.
            parking.resume_valid(parked)
        except Exception:
            log.exception("intake.not_resumed", extra={"lanes": ",".join(map(str, parked))})


def _key_row(intent: _Intent, now: datetime) -> tuple[Any, ...]:
    return intent.user_id, intent.arrival.idempotency_key, intent.arrival.body_hash, intent.receipt, now


def _event_row(intent: _Intent) -> tuple[Any, ...]:
    arrival = intent.arrival
    skipped = [{"workflow_id": str(skip.listener.id), "reason": skip.reason.value} for skip in intent.skips]
    project_id = arrival.token.project_id
    return (intent.event_id, project_id, intent.user_id, arrival.name, arrival.payload, skipped, intent.received_at)


def _run_row(intent: _Intent, start: Start, run_id: UUID) -> tuple[Any, ...]:
    arrival, account = intent.arrival, start.account
    key, state = order_key(stored_definition(start.version_id), arrival.payload), _state_of(start)
    ids = (run_id, arrival.token.project_id, intent.event_id, start.listener.id, start.version_id, intent.user_id)
    return (
        *ids,
        account.configuration_id,
        account.credential_id,
        0,
        state.value,
        0,
        intent.received_at,
        parking.PARKED_REASON if start.is_parked else "",
        key,
        0.0,
    )


def _state_of(start: Start) -> RunState:
    return RunState.PARKED if start.is_parked else RunState.QUEUED


_ORDER_LIMITS = Limits(output=20_000, work=100_000)
"""A key is short, and it is rendered while the others of a group wait; an event may have a megabyte and start many runs."""


def order_key(definition: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """The value by which this run waits for earlier ones of its workflow; "" when it depends on nobody.

    So does one whose key takes more than _ORDER_LIMITS to make.
    """
    template = definition.get("order_by")
    if not template:
        return ""
    try:
        value = compile_value(template).render({"trigger": payload}, _ORDER_LIMITS).value
    except (RenderError, DefinitionError):
        return ""  # a value that has no key waits for nobody; the event is worth more than its order
    return to_text(value)[:255]
