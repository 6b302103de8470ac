"""What became of a group's calls: judged, written in one transaction, counted and logged."""

import logging
import random
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from integrations.providers.base import ErrorClass, Outcome, OutcomeKind
from workflows.engine import isolation, judging, parking, passwords, pausing
from workflows.engine.batching import Turn
from workflows.engine.hold import Hold
from workflows.engine.rows import DueRun, write_done
from workflows.leases import Lease
from workflows.metrics import counting
from workflows.models import RunState, StepState

log = logging.getLogger("workflows.engine")


def finish(hold: Hold, results: Sequence[tuple[Turn, Outcome]], *, is_last: bool) -> bool:
    """Write results, next positions and history in one transaction. False when the lane was paused or parked by them."""
    lease, now = hold.lease, timezone.now()
    pause: judging.Pause | None = None
    parks, refusal = False, ""
    # From here on nothing holds a password: not the history, not what the next steps read, not what is logged.
    results = [(turn, _kept(turn, outcome)) for turn, outcome in results]
    for turn, outcome in results:
        verdict = _applied(turn, outcome, now)
        if verdict.pause and (pause is None or verdict.pause.until > pause.until):
            pause = verdict.pause
        if verdict.parks_lane:
            error = outcome.error or {}
            parks, refusal = True, str(error.get("advice") or error.get("message") or "")
    turns = [turn for turn, _ in results]
    if pause or parks:
        with transaction.atomic():
            _write_results(lease, turns)
            if pause:
                pausing.pause(lease, pause)
            if parks:
                parking.park_refused(lease.lane_id, version=hold.tokens_version, reason=refusal)
    else:
        gives_back = is_last and hold.is_last_of_batch and all(turn.run.state != RunState.QUEUED for turn in turns)
        hold.is_given_back = _write_results(lease, turns, gives_back=gives_back)
    try:
        _tell(lease, results, now)
    except Exception:  # what is written stands, whether it can be told or not
        log.exception("results.not_told", extra={"lane": lease.lane_id})
    if pause:
        counting.lane_paused(pause.cause)
        more = {"lane": lease.lane_id, "until": pause.until.isoformat(), "reason": pause.reason}
        log.warning("lane.paused", extra=more)
    if parks:
        log.warning("lane.parked", extra={"lane": lease.lane_id})
    return not (pause or parks)


def _write_results(lease: Lease, turns: Sequence[Turn], *, gives_back: bool = False) -> bool:
    """Write the turns' steps and runs; whether the lane was given back with them. A result that the database does not take is
    written as what it takes of it: the call was made, so the run must not stand as if it had not been."""

    def write(part: Sequence[Turn], *, gives_back: bool = False) -> None:
        steps = [turn.step_run for turn in part if turn.step_run]
        write_done(lease, steps, [turn.run for turn in part], gives_back=gives_back)

    try:
        write(turns, gives_back=gives_back)
    except Exception as exc:
        if not isolation.is_of_the_rows(exc):
            raise
        for turn, fault in isolation.write_in_parts(turns, write):
            log.error("result.not_storable", extra={"run": turn.run.id, "lane": lease.lane_id}, exc_info=fault)
            _make_storable(turn)
            write([turn])
        return False
    return gives_back


def _make_storable(turn: Turn) -> None:
    """Turn what the database does not take of a turn's results into text that it takes."""
    step_run, run = turn.step_run, turn.run
    run.error, run.wait_reason = isolation.storable(run.error), isolation.storable(run.wait_reason)
    if step_run is None:
        return
    step_run.output, step_run.error = isolation.storable(step_run.output), isolation.storable(step_run.error)
    text = "The answer held values that can not be kept as they came; they stand here as text."
    step_run.notes = [*isolation.storable(step_run.notes), {"at": timezone.now().isoformat(), "text": text}]
    if step_run.state == StepState.SUCCEEDED:
        turn.outputs[step_run.step_key] = step_run.output


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


def _kept(turn: Turn, outcome: Outcome) -> Outcome:
    """Return the outcome without passwords, also of an action that has filled it with what nobody can read."""
    try:
        return passwords.kept_outcome(outcome, turn.mask)
    except Exception as exc:
        if not isolation.is_of_the_rows(exc):
            raise
        counting.step_crashed()
        log.exception("outcome.not_readable", extra={"run": turn.run.id, "step": turn.step.key})
        return passwords.kept_outcome(isolation.readable(outcome), turn.mask)


def _applied(turn: Turn, outcome: Outcome, now: datetime) -> judging.Verdict:
    """`_apply`, also of an outcome that an action has filled with what nobody can read: what it says of the call stands."""
    try:
        return _apply(turn, outcome, now)
    except Exception as exc:
        if not isolation.is_of_the_rows(exc):
            raise
        counting.step_crashed()
        log.exception("outcome.not_readable", extra={"run": turn.run.id, "step": turn.step.key})
        return _apply(turn, isolation.readable(outcome), now)


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
