"""Replays: a new run for an event that came before, from its start or from the step that failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from integrations.models import Configuration
from lib.errors import Conflict
from lib.ids import time_ordered_id
from projects import auditing
from projects.models import User
from workflows.engine import ringing
from workflows.intake.receiving import order_key
from workflows.models import Lane, Run, StepRun, StepState, WorkflowVersion

_RACES = 5


class NotReplayable(Conflict):
    """This run can not be replayed like that."""

    code = "not_replayable"


@dataclass(frozen=True)
class Course:
    """How a replay would go: on which version, for which configuration, and which steps it would not do again."""

    version: WorkflowVersion
    configuration: Configuration
    taken_over: list[StepRun]


def course_of(run: Run, *, from_start: bool, on_newest: bool = False) -> Course:
    """What a replay of `run` would do; writes nothing. Raises NotReplayable, saying what to do instead."""
    if not run.has_ended:
        raise NotReplayable("This run has not ended yet: wait for it, or cancel it first.", run_id=run.pk)
    version = _version_for(run, on_newest=on_newest)
    return Course(version, _configuration_for(run), [] if from_start else _to_take_over(run, version))


def replay(
    run: Run,
    *,
    from_start: bool,
    by: User | None,
    on_newest: bool = False,
    payload: Mapping[str, Any] | None = None,
) -> Run:
    """Start a new run for the event of `run`, which must have ended; the run itself stays as it is.

    From the failed step, the steps that succeeded are taken over with their outputs, and are not done again. `on_newest`
    takes the workflow's live version instead of the run's own; `payload` an edited one instead of what the run itself
    read. The event keeps its own. Raises NotReplayable, saying what to do instead.
    """
    course = course_of(run, from_start=from_start, on_newest=on_newest)
    for race in range(_RACES):
        try:
            return _store(run, course, input_of(run, payload), by=by, now=timezone.now())
        except IntegrityError:  # somebody else replays it too: theirs has the number now
            if race == _RACES - 1:
                raise
    raise AssertionError("unreachable")


def can_go_on(run: Run) -> bool:
    """Whether a replay from the failed step differs from one from the start: something succeeded before it."""
    return run.has_ended and run.state != "succeeded" and run.step_runs.filter(state=StepState.SUCCEEDED).exists()


def input_of(run: Run, payload: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The `input` of a replay: what was edited, now or before; None where it says the same as the event."""
    if payload is None:
        edited: Mapping[str, Any] | None = run.input
        return edited
    return None if _as_written(payload) == _as_written(run.event.payload) else payload


def _as_written(payload: Mapping[str, Any]) -> str:
    """For comparing: Python holds 1 and True for the same, JSON does not."""
    return json.dumps(payload, sort_keys=True)


def succeeded_steps(run: Run) -> list[StepRun]:
    return list(run.step_runs.filter(state=StepState.SUCCEEDED).in_order())


def _version_for(run: Run, *, on_newest: bool) -> WorkflowVersion:
    if not on_newest:
        return run.version
    live = run.workflow.live_version
    if live is None:
        raise NotReplayable(
            f"“{run.workflow}” is not deployed now: deploy it, or replay on version {run.version.number}.",
            run_id=run.pk,
        )
    return live


def _configuration_for(run: Run) -> Configuration:
    """The run's own configuration; when its account is gone, that of the account which the user has connected since."""
    if run.configuration is not None and run.configuration.credential.removed_at is None:
        return run.configuration
    others = Configuration.objects.present().filter(
        credential__user=run.user, credential__integration=run.workflow.integration, is_default=True
    )
    newest = others.order_by("-created_at").first()
    if newest is None:
        raise NotReplayable(
            f"{run.user} has disconnected the account that this run went to. Replay it when they have connected again.",
            run_id=run.pk,
        )
    return newest


def _to_take_over(run: Run, version: WorkflowVersion) -> list[StepRun]:
    """What succeeded, in the order of `version`'s steps. All of it must come first there, or it would be done twice."""
    succeeded = {row.step_key: row for row in succeeded_steps(run)}
    if run.state == "succeeded":
        raise NotReplayable("Every step of this run succeeded: replay it from the start.", run_id=run.pk)
    keys = _step_keys(version.definition)
    taken_over = [succeeded[key] for key in keys[: len(succeeded)] if key in succeeded]
    if len(taken_over) < len(succeeded):
        raise NotReplayable(
            f"Version {version.number} has other steps before the failed one, so steps that succeeded would be done again. "
            f"Replay on version {run.version.number}, or from the start.",
            run_id=run.pk,
        )
    return taken_over


def _step_keys(definition: Mapping[str, Any]) -> list[str]:
    return [step["key"] for step in definition.get("steps") or []]


def _store(run: Run, course: Course, edited: Mapping[str, Any] | None, *, by: User | None, now: datetime) -> Run:
    version, configuration, steps = course.version, course.configuration, course.taken_over
    with transaction.atomic():
        lane, _ = Lane.objects.get_or_create(credential_id=configuration.credential_id)
        siblings = Run.objects.filter(event_id=run.event_id, workflow_id=run.workflow_id, configuration=configuration)
        highest = siblings.aggregate(highest=Max("replay_number"))["highest"]
        again = Run.objects.create(
            project_id=run.project_id,
            event_id=run.event_id,
            workflow_id=run.workflow_id,
            version=version,
            user_id=run.user_id,
            configuration=configuration,
            lane=lane,
            replay_number=(highest or 0) + 1,
            replay_of=run,
            input=edited,
            position=len(steps),
            order_key=order_key(version.definition, run.event.payload if edited is None else edited),
            # The engine reads what steps have given only of runs that have started, and this one is under way.
            started_at=now if steps else None,
        )
        StepRun.objects.bulk_create([_copy(step_run, again, at) for at, step_run in enumerate(steps)])
        start = "the failed step" if steps else "the start"
        auditing.record(
            run.project,
            "run.replayed",
            by=by,
            target=str(run.pk),
            replay=str(again.pk),
            start=start,
            version=version.number,
            payload="" if edited is None else "edited",
        )
        transaction.on_commit(lambda: ringing.ring([lane.pk]))
    return again


def _copy(step_run: StepRun, again: Run, position: int) -> StepRun:
    note = {"at": timezone.now().isoformat(), "text": f"Taken over from run {step_run.run_id}; not done again."}
    return StepRun(
        id=time_ordered_id(),
        run=again,
        step_key=step_run.step_key,
        position=position,
        state=StepState.SUCCEEDED,
        input=step_run.input,
        output=step_run.output,
        warnings=step_run.warnings,
        notes=[*step_run.notes, note],
        tries=step_run.tries,
        first_tried_at=step_run.first_tried_at,
        started_at=step_run.started_at,
        finished_at=step_run.finished_at,
    )
