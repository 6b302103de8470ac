"""Working a lane off: due runs in their order, in groups, each group written before the next begins."""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from integrations import budgeting
from integrations.errors import CredentialRevoked
from integrations.models import Credential, CredentialStatus
from integrations.providers import registry
from integrations.providers.base import ActionCall, Connection, ErrorClass, Outcome, OutcomeKind
from lib import fencing, log_lines
from lib.errors import IsthmusError
from lib.ids import time_ordered_id
from workflows.engine import crash_points, judging, leasing, limiting, parking, passwords, pausing, ringing
from workflows.engine.batching import OrderKey, Turn, behind_nobody, due_turns, first_group, has_turns
from workflows.engine.rows import DueRun, StepInHand, write_begun, write_done
from workflows.engine.slices import Slice
from workflows.errors import LeaseLost
from workflows.leases import Lease
from workflows.metrics import counting
from workflows.models import Run, RunState, StepRun, StepState

log = logging.getLogger("workflows.engine")


PACED_FROM = 5
"""A lane that finds so many runs at once is under load: it then takes the next ones no sooner than PACE_SECONDS after these,
unless others wait for its thread. An org's daily calls are counted, and a group of 100 costs as many as a group of 5."""
PACE_SECONDS = 0.05


@dataclass
class _Hold:
    """A lease in hand, and whether it has been given back with the last results."""

    lease: Lease
    batch_size: int = 0
    """Of the runs that were taken last."""
    is_given_back: bool = False
    is_last_of_batch: bool = False
    """Whether the group in hand may give it back, should it leave nothing to do."""
    slots: limiting.Slots = field(default_factory=limiting.Slots)
    tokens_version: int = 0
    """Of the credential when the slice began."""


@log_lines.hiding()
def drain(lease: Lease, slice_: Slice | None = None) -> None:
    """Work off one lane's due runs for at most a slice of time; then yield, so that no tenant starves another."""
    slice_ = slice_ or Slice()
    lane_id = lease.lane_id
    held: Lease | None = lease
    while held:
        hold = _Hold(held)
        try:
            with leasing.kept(held):
                _work_off(hold, slice_)
        except LeaseLost:
            counting.lease_lost()
            log.warning("lane.lease_lost", extra={"lane": lane_id})
            return
        if not hold.is_given_back:
            leasing.release(held)
        hold.slots.ring_owed()
        # Looked for after the lane was given back: who wrote an event, or gave a slot back, while we held it did not ring.
        waiting = limiting.without_room(hold.slots.waits_for)
        if not has_turns(lane_id, now=timezone.now(), without_workflows=waiting):
            return
        if slice_.is_over():
            ringing.ring([lane_id])
            return
        held = leasing.lease_lane(lane_id)


def _work_off(hold: _Hold, slice_: Slice) -> None:
    """Batch after batch, until nothing is left to do now.

    The first batch gives the lane back with its last results, which saves a lane with little to do two statements. Where
    more was found behind it, the lane is busy, and then it is held until it is empty.
    """
    # Once a slice: what changes meanwhile, the provider's own refusals tell.
    credential = budgeting.account_in_hand(hold.lease.lane_id)
    hold.tokens_version = credential.tokens_version
    while not slice_.is_over():
        began = time.monotonic()
        if not _work_off_batch(hold, credential, slice_):
            return
        if PACED_FROM <= hold.batch_size < settings.LANE_GROUP_SIZE:
            slice_.wait(PACE_SECONDS - (time.monotonic() - began))


def _work_off_batch(hold: _Hold, credential: Credential, slice_: Slice) -> bool:
    """Take due runs and bring each as far as it goes; False when nothing is left to do now."""
    lease, now = hold.lease, timezone.now()
    if credential.removed_at is not None:
        _cancel_all(lease, "The user has disconnected the account.")
        return False
    if credential.status != CredentialStatus.VALID:
        parking.park_lane(lease.lane_id)
        return False
    if pause := pausing.budget_pause(credential, now=now):
        pausing.pause(lease, pause)
        counting.lane_paused(pause.cause)
        log.warning("lane.paused", extra={"lane": lease.lane_id, "reason": pause.reason})
        return False
    turns = due_turns(lease.lane_id, now=now, without_workflows=hold.slots.waits_for)
    if not turns:
        return False
    try:
        connection = credential.integration.provider.connect(credential)
    except CredentialRevoked:
        parking.park_lane(lease.lane_id)
        return False
    connection.extra["is_adopted"] = _Adopted(lease.lane_id)
    hold.batch_size = len(turns)
    is_small = hold.batch_size < settings.LANE_GROUP_SIZE
    while turns and not slice_.is_over():
        group, turns = _next_step_group(turns)
        hold.is_last_of_batch = slice_.is_fresh and is_small and not turns
        if not _do_group(hold, group, connection, slice_):
            return False
        moved_on = [turn for turn in group if turn.run.state == RunState.QUEUED]
        for turn in moved_on:
            turn.step_run = None
        turns = _merged(moved_on, behind_nobody(group, turns))
        if hold.slots.waits_for:
            turns = [turn for turn in turns if turn.run.workflow_id not in hold.slots.waits_for]
        if hold.slots.owed:
            hold.slots.ring_owed(in_hand={turn.run.workflow_id for turn in turns})
    slice_.is_fresh = False
    return not hold.is_given_back


def _next_step_group(turns: Sequence[Turn]) -> tuple[list[Turn], list[Turn]]:
    """Split off the turns at the same step of the same version as the first one; of those with one `order by` key, the
    earliest alone, since the others begin when it has ended."""
    place = (turns[0].run.version_id, turns[0].run.position)
    same: list[Turn] = []
    rest: list[Turn] = []
    keys: set[OrderKey] = set()
    for turn in turns:
        is_first_of_key = turn.order_key is None or turn.order_key not in keys
        if turn.order_key is not None:
            keys.add(turn.order_key)
        is_next = is_first_of_key and (turn.run.version_id, turn.run.position) == place
        (same if is_next else rest).append(turn)
    return same, rest


def _merged(*parts: Sequence[Turn]) -> list[Turn]:
    return sorted((turn for part in parts for turn in part), key=lambda turn: turn.run.id)


def _do_group(hold: _Hold, turns: list[Turn], connection: Connection, slice_: Slice) -> bool:
    """Do one step for all of `turns`, or as many as their workflow's limit lets. False when the lane has to stop here:
    paused or parked."""
    lease = hold.lease
    workflow_id, limit = turns[0].run.workflow_id, turns[0].limit
    action = registry.action(turns[0].step.type)
    callable_turns: list[Turn] = []
    failed: list[tuple[Turn, Outcome]] = []
    for turn in turns:
        rendered = turn.render()
        if action is None:
            failed.append(
                (turn, _failure("unknown_action", f"There is no action “{turn.step.type}” in this version of Isthmus."))
            )
        elif rendered.problem:
            failed.append((turn, _failure("empty_input", rendered.problem, list(rendered.problem_fields))))
        else:
            callable_turns.append(turn)
    if failed:
        _begin(lease, [turn for turn, _ in failed])
        _finish(hold, failed, is_last=not callable_turns)
    while callable_turns and action is not None:
        group = first_group(action, callable_turns)
        callable_turns = callable_turns[len(group.turns) :]
        if limit and not hold.slots.take(
            workflow_id, limit, lease, group=_ids_of(group.turns), behind=_ids_of(callable_turns)
        ):
            return True
        calls = _begin(lease, group.turns)
        crash_points.reach("before_call")
        began = time.monotonic()
        with slice_.call(), fencing.fenced(partial(leasing.require, lease)):
            outcomes = _execute(action, calls, connection)
        counting.group_done(
            group.turns[0].step.type,
            runs=len(calls),
            seconds=time.monotonic() - began,
            api_calls=sum(outcome.api_calls for outcome in outcomes),
        )
        crash_points.reach("after_call")
        goes_on = _finish(hold, list(zip(group.turns, outcomes, strict=True)), is_last=not callable_turns)
        crash_points.reach("after_result")
        if limit and hold.slots.give_back(workflow_id, lease, held_seconds=time.monotonic() - slice_.began_at):
            slice_.end()
        if not goes_on:
            return False
        if limit and slice_.is_over():
            return True
    return True


def _ids_of(turns: Sequence[Turn]) -> list[UUID]:
    return [turn.run.id for turn in turns]


def _execute(action: Any, calls: list[ActionCall], connection: Connection) -> list[Outcome]:
    """Run the action; the one place that catches everything, since a bug in one must not lose the lane."""
    try:
        outcomes: list[Outcome] = action.run(calls, connection, now=timezone.now())
    except LeaseLost:
        # By the fence, before anything was sent under a lease that may have lapsed: its new holder may have done it all.
        raise
    except CredentialRevoked as exc:
        return [_of_class(ErrorClass.CREDENTIAL, exc.code, exc.message) for _ in calls]
    except IsthmusError as exc:
        error_class = ErrorClass.TRANSIENT if exc.retryable else ErrorClass.PERMANENT
        return [_of_class(error_class, exc.code, exc.message) for _ in calls]
    except Exception:
        counting.step_crashed()
        log.exception(
            "step.crashed", extra={"action": action.key, "runs": ",".join(str(call.run_id) for call in calls)}
        )
        # What happened before the exception is not known, so the outcome is not either.
        error = {
            "class": ErrorClass.UNKNOWN_OUTCOME,
            "code": "internal_error",
            "message": "An error inside Isthmus; it has been logged.",
        }
        return [Outcome(OutcomeKind.UNKNOWN, error=error) for _ in calls]
    return outcomes


def _begin(lease: Lease, turns: Sequence[Turn]) -> list[ActionCall]:
    """Write down that these calls begin, before they do: a later worker then knows that they may have happened."""
    now, called_at, since = timezone.now(), lease.now(), fencing.clock()
    calls: list[ActionCall] = []
    for turn in turns:
        assert turn.rendered is not None
        if turn.step_run is None:
            turn.step_run = StepInHand(time_ordered_id(), turn.run.id, turn.step.key, turn.run.position, started_at=now)
        step_run = turn.step_run
        earlier_call, turn.repeated_at = step_run.called_at, step_run.repeated_at
        turn.was_call_open = earlier_call is not None
        step_run.state = StepState.CALLING
        step_run.tries += 1
        step_run.first_tried_at = step_run.first_tried_at or now
        step_run.called_at, step_run.repeated_at = earlier_call or called_at, called_at if earlier_call else None
        step_run.finished_at = None
        step_run.input, step_run.warnings = turn.kept_inputs, turn.kept_warnings
        calls.append(
            ActionCall(
                turn.run.id,
                turn.step.key,
                turn.rendered.inputs,
                called_at=lease.here(earlier_call),
                repeated_at=lease.here(turn.repeated_at),
            )
        )
        turn.run.started_at = turn.run.started_at or now
    write_begun(lease, [turn.step_run for turn in turns if turn.step_run])
    leasing.renewed(lease, since=since)
    return calls


def _finish(hold: _Hold, results: Sequence[tuple[Turn, Outcome]], *, is_last: bool) -> bool:
    """Write results, next positions and history in one transaction. False when the lane was paused or parked by them."""
    lease, now = hold.lease, timezone.now()
    pause: judging.Pause | None = None
    parks, refusal = False, ""
    # From here on nothing holds a password: not the history, not what the next steps read, not what is logged.
    results = [(turn, passwords.kept_outcome(outcome, turn.mask)) for turn, outcome in results]
    for turn, outcome in results:
        verdict = _apply(turn, outcome, now)
        if verdict.pause and (pause is None or verdict.pause.until > pause.until):
            pause = verdict.pause
        if verdict.parks_lane:
            parks, refusal = (
                True,
                str((outcome.error or {}).get("advice") or (outcome.error or {}).get("message") or ""),
            )
    steps = [turn.step_run for turn, _ in results if turn.step_run]
    runs = [turn.run for turn, _ in results]
    if pause or parks:
        with transaction.atomic():
            write_done(lease, steps, runs)
            if pause:
                pausing.pause(lease, pause)
            if parks:
                parking.park_refused(lease.lane_id, version=hold.tokens_version, reason=refusal)
    else:
        gives_back = is_last and hold.is_last_of_batch and all(run.state != RunState.QUEUED for run in runs)
        write_done(lease, steps, runs, gives_back=gives_back)
        hold.is_given_back = gives_back
    _tell(lease, results, now)
    if pause:
        counting.lane_paused(pause.cause)
        more = {"lane": lease.lane_id, "until": pause.until.isoformat(), "reason": pause.reason}
        log.warning("lane.paused", extra=more)
    if parks:
        log.warning("lane.parked", extra={"lane": lease.lane_id})
    return not (pause or parks)


def _tell(lease: Lease, results: Sequence[tuple[Turn, Outcome]], now: datetime) -> None:
    """Count and log what has been written, after its commit."""
    succeeded: list[float] = []
    for turn, outcome in results:
        run = turn.run
        if outcome.kind is OutcomeKind.UNKNOWN:
            counting.outcome_unknown()
        if run.state == RunState.SUCCEEDED:
            succeeded.append((now - run.received_at).total_seconds())
        elif run.has_ended:
            counting.runs_ended(run.state)
        elif run.state == RunState.WAITING:
            counting.step_retried(str((outcome.error or {}).get("class") or ErrorClass.UNKNOWN_OUTCOME))
        if run.has_ended:
            # A line for each run that went well would cost more than the run's share of its group.
            log.log(
                logging.DEBUG if run.state == RunState.SUCCEEDED else logging.INFO, "run.ended", extra=_ids(run, lease)
            )
        elif run.state in (RunState.WAITING, RunState.ASKING):
            log.info("run.asks" if run.state == RunState.ASKING else "run.waits", extra=_ids(run, lease))
    if succeeded:
        counting.runs_succeeded(succeeded)
        log.info("group.succeeded", extra={"lane": lease.lane_id, "runs": len(succeeded)})


def _ids(run: DueRun, lease: Lease) -> dict[str, object]:
    return {"run": run.id, "event": run.event_id, "lane": lease.lane_id, "user": run.user_id, "state": run.state}


def _apply(turn: Turn, outcome: Outcome, now: datetime) -> judging.Verdict:
    """Bring the rows in hand to what the outcome means."""
    run, step_run = turn.run, turn.step_run
    assert step_run is not None
    verdict = judging.judge(
        outcome,
        tries=step_run.tries,
        first_tried_at=step_run.first_tried_at or now,
        now=now,
        overrides=turn.step.retry,
        random=random.random,
        was_call_open=turn.was_call_open,
    )
    step_run.state = verdict.step_state
    step_run.output = outcome.output
    step_run.error = dict(outcome.error) if outcome.error else None
    step_run.api_calls += outcome.api_calls
    run.api_calls += outcome.api_calls
    if not verdict.is_call_open:
        step_run.called_at = step_run.repeated_at = None
    elif not outcome.was_sent:
        step_run.repeated_at = turn.repeated_at
    if not verdict.counts_as_try:
        step_run.tries -= 1
    if outcome.note:
        step_run.notes = [*step_run.notes, {"at": now.isoformat(), "text": outcome.note}]
    if step_run.error and verdict.step_state == StepState.WAITING:
        step_run.notes = [*step_run.notes, {"at": now.isoformat(), "text": judging.message_of(step_run.error)}][-50:]
    if verdict.step_state in (StepState.SUCCEEDED, StepState.FAILED):
        step_run.finished_at = now
    run.state, run.wait_reason = verdict.run_state, verdict.wait_reason
    run.wake_at = verdict.wake_at or now
    run.error = (
        {**step_run.error, "step_key": step_run.step_key}
        if step_run.error and verdict.run_state != RunState.QUEUED
        else None
    )
    if verdict.step_state == StepState.SUCCEEDED:
        turn.outputs[step_run.step_key] = outcome.output
        run.position += 1
        run.state = RunState.SUCCEEDED if turn.is_at_end else RunState.QUEUED
    if run.has_ended:
        run.finished_at = now
    return verdict


def _failure(code: str, message: str, fields: list[str] | None = None) -> Outcome:
    return _of_class(ErrorClass.PERMANENT, code, message, fields)


def _of_class(error_class: ErrorClass, code: str, message: str, fields: list[str] | None = None) -> Outcome:
    error = {"class": error_class.value, "code": code, "message": message, "fields": fields or []}
    return Outcome(OutcomeKind.FAILED, error=error)


def _cancel_all(lease: Lease, reason: str) -> None:
    now = timezone.now()
    open_runs = Run.objects.open().filter(lane_id=lease.lane_id)
    counting.runs_ended("cancelled", open_runs.update(state=RunState.CANCELLED, wait_reason=reason, finished_at=now))


class _Adopted:
    """Tells whether a record is another run's already, so that two runs never adopt the same."""

    def __init__(self, lane_id: UUID) -> None:
        self._lane_id = lane_id

    def __call__(self, record_id: str) -> bool:
        return StepRun.objects.filter(
            run__lane_id=self._lane_id, output__id=record_id, started_at__gte=timezone.now() - timedelta(days=7)
        ).exists()
