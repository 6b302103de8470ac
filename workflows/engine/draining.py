"""Working a lane off: due runs in their order, in groups, each group written before the next begins."""

import logging
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from integrations import budgeting
from integrations.errors import CredentialRevoked
from integrations.models import Credential, CredentialStatus
from integrations.providers import registry
from integrations.providers.base import Action, ActionCall, Connection, ErrorClass, Outcome, OutcomeKind
from lib import fencing, log_lines
from lib.encryption import DecryptionFailed
from lib.errors import IsthmusError
from lib.ids import time_ordered_id
from workflows.engine import (
    crash_points,
    isolation,
    judging,
    leasing,
    limiting,
    parking,
    passwords,
    pausing,
    rendering,
    ringing,
)
from workflows.engine.batching import OrderKey, Turn, behind_nobody, due_turns, first_group, has_turns, unreadable_run
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
    in_hand: list[UUID] = field(default_factory=list)
    """The runs that are being worked on: one of them is at fault for what is raised now."""
    limit: int = 0
    """How many runs are taken at once; fewer after something was raised by one of them. 0: as many as a group holds."""
    crashes_of: Counter[UUID] = field(default_factory=Counter)
    """How often something was raised while a run was in hand alone."""
    set_aside: set[UUID] = field(default_factory=set)
    """Runs under which a worker has died: done last and each alone."""
    marks: bool = False
    """Whether the run in hand is noted in the database."""

    @property
    def batch_limit(self) -> int:
        return self.limit or int(settings.LANE_GROUP_SIZE)


@log_lines.hiding()
def drain(lease: Lease, slice_: Slice | None = None) -> None:
    """Work off one lane's due runs for at most a slice of time; then yield, so that no tenant starves another."""
    slice_ = slice_ or Slice()
    lane_id = lease.lane_id
    held: Lease | None = lease
    crashes_of: Counter[UUID] = Counter()
    while held:
        hold = _Hold(held, crashes_of=crashes_of, set_aside=set(held.set_aside), marks=held.is_careful)
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
    _judge_suspect(hold)
    while not slice_.is_over():
        began = time.monotonic()
        hold.in_hand = []
        try:
            goes_on = _work_off_batch(hold, credential, slice_)
        except Exception as exc:
            if not isolation.is_of_the_rows(exc):
                raise
            _narrow_down(hold, exc)
            continue
        if not goes_on:
            return
        hold.limit = hold.limit * 2 if hold.limit * 2 < settings.LANE_GROUP_SIZE else 0
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
    turns = due_turns(lease.lane_id, now=now, limit=hold.batch_limit, without_workflows=hold.slots.waits_for)
    if not turns:
        return False
    try:
        connection = credential.integration.provider.connect(credential)
    except CredentialRevoked:
        parking.park_lane(lease.lane_id)
        return False
    connection.extra["is_adopted"] = _Adopted(lease.lane_id)
    hold.batch_size, hold.in_hand = len(turns), [turn.run.id for turn in turns]
    if faulty := [turn for turn in turns if turn.fault]:
        _settle_unready(lease, faulty)
        turns = [turn for turn in turns if not turn.fault]
    alone = [turn for turn in turns if turn.run.id in hold.set_aside]
    if alone:
        turns = [turn for turn in turns if turn.run.id not in hold.set_aside]
    may_give_back = hold.batch_size < hold.batch_limit and not alone and not faulty and not lease.is_careful
    if not _bring_on(hold, turns, connection, slice_, may_give_back=may_give_back):
        return False
    for turn in alone:
        if slice_.is_over():
            break
        if not _bring_on_alone(hold, turn, connection, slice_):
            return False
    slice_.is_fresh = False
    return not hold.is_given_back


def _bring_on(
    hold: _Hold, turns: Sequence[Turn], connection: Connection, slice_: Slice, *, may_give_back: bool
) -> bool:
    """Do the turns' steps, group after group, until none is left or the slice is over; False when the lane has to stop."""
    while turns and not slice_.is_over():
        group, turns = _next_step_group(turns)
        hold.is_last_of_batch = slice_.is_fresh and may_give_back and not turns
        hold.in_hand = [turn.run.id for turn in group]
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
    return True


def _bring_on_alone(hold: _Hold, turn: Turn, connection: Connection, slice_: Slice) -> bool:
    """Do the steps of a run under which a worker has died: should it happen again, nobody else is in hand."""
    run_id, marked = turn.run.id, hold.marks
    hold.marks = True
    leasing.note_suspect(hold.lease, run_id)
    try:
        goes_on = _bring_on(hold, [turn], connection, slice_, may_give_back=False)
    finally:
        hold.marks = marked
    if turn.run.state != RunState.QUEUED:
        hold.set_aside.discard(run_id)
        leasing.set_aside(hold.lease, hold.set_aside)
    return goes_on


def _judge_suspect(hold: _Hold) -> None:
    """Set the run aside under which the last worker died; if one had died under it before, it has had its chance."""
    suspect = hold.lease.suspect
    if suspect is None:
        return
    if suspect in hold.set_aside:
        hold.set_aside.discard(suspect)
        _end_culprit(hold.lease, suspect, "A worker ended twice while it was at this run")
    else:
        hold.set_aside.add(suspect)
        log.warning("run.set_aside", extra={"lane": hold.lease.lane_id, "run": suspect})
    leasing.set_aside(hold.lease, hold.set_aside)


def _narrow_down(hold: _Hold, exc: Exception) -> None:
    """After a batch has raised: take half of the runs that were in hand next, down to one, and set that one aside when it
    raises again. Raises `exc` where no run is at fault."""
    lease, runs = hold.lease, hold.in_hand
    counting.step_crashed()
    log.error("batch.crashed", extra={"lane": lease.lane_id, "runs": len(runs)}, exc_info=exc)
    if not runs:
        unreadable = unreadable_run(lease.lane_id, now=timezone.now(), limit=hold.batch_limit)
        if unreadable is None:
            raise exc
        runs = [unreadable[0]]
    if len(runs) > 1:
        hold.limit = len(runs) // 2
        return
    [run_id] = runs
    hold.limit = 1
    hold.crashes_of[run_id] += 1
    if hold.crashes_of[run_id] > 1:
        _end_culprit(lease, run_id, f"Isthmus met an error of its own twice at this run ({type(exc).__name__})")


def _end_culprit(lease: Lease, run_id: UUID, what: str) -> None:
    """End a run that no worker can do, so that the others go on; it asks where its call may have happened."""
    now = timezone.now()
    message = f"{what}, so it was set aside and the others went on. It has been logged."
    advice = "Look whether its event holds an unusual value, and replay the run when that is mended."
    error = {
        "class": ErrorClass.PERMANENT.value,
        "code": isolation.INTERNAL_ERROR,
        "message": message,
        "fields": [],
        "advice": advice,
    }
    with transaction.atomic():
        leasing.hold(lease)
        steps = StepRun.objects.filter(run=run_id, state__in=(StepState.CALLING, StepState.WAITING))
        may_have_happened = steps.filter(called_at__isnull=False).exists()
        state, step_state = (
            (RunState.ASKING, StepState.ASKING) if may_have_happened else (RunState.FAILED, StepState.FAILED)
        )
        steps.update(state=step_state, error=error, finished_at=None if may_have_happened else now)
        Run.objects.open().filter(pk=run_id).update(
            state=state, error=error, wait_reason=message[:300], finished_at=None if may_have_happened else now
        )
    counting.runs_ended(state)
    log.error("run.ended_as_culprit", extra={"lane": lease.lane_id, "run": run_id, "state": state})


SEALED_PAUSE = timedelta(minutes=1)
"""A run whose user's password can not be opened waits for the key: an operator may have left it out."""


def _settle_unready(lease: Lease, turns: Sequence[Turn]) -> None:
    """Fail runs whose version or settings can not be read; they have no step to write of. A run waits whose sealed settings
    can not be opened, since its key may come back."""
    now = timezone.now()
    for turn in turns:
        run, fault = turn.run, turn.fault
        assert fault is not None
        log.error("run.unready", extra={"run": run.id, "lane": lease.lane_id}, exc_info=fault)
        if isinstance(fault, DecryptionFailed):
            run.state, run.wake_at, run.wait_reason = RunState.WAITING, now + SEALED_PAUSE, fault.message[:300]
        else:
            counting.step_crashed()
            error = isolation.failure(fault, "reading its workflow's version and the user's settings").error
            run.state, run.error, run.wake_at, run.finished_at = RunState.FAILED, dict(error or {}), now, now
            counting.runs_ended(RunState.FAILED)
    write_done(lease, [], [turn.run for turn in turns])


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
    callable_turns, failed = _made_ready(hold, turns, action)
    if failed:
        _begin(lease, [turn for turn, _ in failed])
        _finish(hold, failed, is_last=not callable_turns)
    while callable_turns and action is not None:
        group = first_group(action, callable_turns[:1] if _makes_calls_alone(hold) else callable_turns)
        callable_turns = callable_turns[len(group.turns) :]
        if limit and not hold.slots.take(
            workflow_id, limit, lease, group=_ids_of(group.turns), behind=_ids_of(callable_turns)
        ):
            return True
        hold.in_hand = _ids_of(group.turns)
        is_alone = _makes_calls_alone(hold)
        if is_alone:
            leasing.note_suspect(lease, group.turns[0].run.id)
        try:
            outcomes = _call(lease, action, group.turns, connection, slice_)
            goes_on = _finish(hold, outcomes, is_last=not callable_turns)
        except Exception as exc:
            if limit and isolation.is_of_the_rows(exc):  # the lease goes on, and would keep the slot from its next call
                hold.slots.give_back(workflow_id, lease, held_seconds=0)
            raise
        crash_points.reach("after_result")
        if is_alone:
            leasing.note_suspect(lease, None)
        if limit and hold.slots.give_back(workflow_id, lease, held_seconds=time.monotonic() - slice_.began_at):
            slice_.end()
        if not goes_on:
            return False
        if slice_.is_over() and (limit or _makes_calls_alone(hold)):
            return True
    return True


def _makes_calls_alone(hold: _Hold) -> bool:
    """Whether each call is made alone, its run noted: worker after worker has died at this lane, or at this run."""
    return hold.marks and (hold.lease.crashes > 1 or len(hold.in_hand) == 1)


def _call(
    lease: Lease, action: Action, turns: Sequence[Turn], connection: Connection, slice_: Slice
) -> list[tuple[Turn, Outcome]]:
    """Write down that the turns' calls begin, make them, and return what became of each."""
    begun, unstorable = _begin(lease, turns)
    if not begun:
        return unstorable
    crash_points.reach("before_call")
    began = time.monotonic()
    with slice_.call(), fencing.fenced(partial(leasing.require, lease)) as fence:
        outcomes = _execute(action, begun, connection, fence)
    counting.group_done(
        turns[0].step.type,
        runs=len(begun),
        seconds=time.monotonic() - began,
        api_calls=sum(outcome.api_calls for _, outcome in outcomes),
    )
    crash_points.reach("after_call")
    return [*outcomes, *unstorable]


def _made_ready(
    hold: _Hold, turns: Sequence[Turn], action: Action | None
) -> tuple[list[Turn], list[tuple[Turn, Outcome]]]:
    """Render the turns' inputs; return those that can be called, and the others with their failures."""
    ready: list[Turn] = []
    failed: list[tuple[Turn, Outcome]] = []
    for turn in turns:
        if hold.marks:
            leasing.note_suspect(hold.lease, turn.run.id)
        problem = _problem_of(turn, action)
        if problem:
            failed.append((turn, problem))
        else:
            ready.append(turn)
    if hold.marks and not _makes_calls_alone(hold):
        leasing.note_suspect(hold.lease, None)
    return ready, failed


def _problem_of(turn: Turn, action: Action | None) -> Outcome | None:
    """Render the turn's inputs and ask the action with whom they may go; return the failure where that can not be done."""
    if action is None:
        turn.rendered = rendering.RenderedStep({})
        return _failure("unknown_action", f"There is no action “{turn.step.type}” in this version of Isthmus.")
    try:
        rendered = turn.render()
        if rendered.problem:
            return _failure("empty_input", rendered.problem, list(rendered.problem_fields))
        turn.group_key, turn.record_key = action.group_key(rendered.inputs), action.record_key(rendered.inputs)
    except Exception as exc:
        if not isolation.is_of_the_rows(exc):
            raise
        counting.step_crashed()
        log.exception("step.not_rendered", extra={"run": turn.run.id, "step": turn.step.key})
        turn.rendered = turn.rendered or rendering.RenderedStep({})
        is_call_open = turn.step_run is not None and turn.step_run.called_at is not None
        return isolation.asks(exc) if is_call_open else isolation.failure(exc, "filling in its inputs")
    return None


def _ids_of(turns: Sequence[Turn]) -> list[UUID]:
    return [turn.run.id for turn in turns]


Begun = tuple[Turn, ActionCall]
"""A turn whose call is written down as begun, and that call."""


def _execute(
    action: Action, begun: Sequence[Begun], connection: Connection, fence: fencing.Fence
) -> list[tuple[Turn, Outcome]]:
    """Run the action for these calls, whatever it raises: nothing sent, and it is run again in halves, so that the calls
    that are not at fault are made; something sent, and it is not known what became of these calls."""
    fence.has_let_change = False
    try:
        outcomes = action.run([call for _, call in begun], connection, now=timezone.now())
        return list(zip([turn for turn, _ in begun], outcomes, strict=True))
    except LeaseLost:
        # By the fence, before anything was sent under a lease that may have lapsed: its new holder may have done it all.
        raise
    except CredentialRevoked as exc:
        return [(turn, _of_class(ErrorClass.CREDENTIAL, exc.code, exc.message)) for turn, _ in begun]
    except IsthmusError as exc:
        error_class = ErrorClass.TRANSIENT if exc.retryable else ErrorClass.PERMANENT
        return [(turn, _of_class(error_class, exc.code, exc.message)) for turn, _ in begun]
    except Exception as exc:
        if not isolation.is_of_the_rows(exc):
            raise
        counting.step_crashed()
        log.exception(
            "step.crashed", extra={"action": action.key, "runs": ",".join(str(turn.run.id) for turn, _ in begun)}
        )
        if fence.has_let_change:
            return [(turn, isolation.asks(exc) if turn.is_suspect else isolation.unknown(exc)) for turn, _ in begun]
        if len(begun) == 1:
            [(turn, _)] = begun
            # Nothing was sent now, which says nothing of an earlier call that had no answer.
            return [(turn, isolation.asks(exc) if turn.was_call_open else isolation.failure(exc, "preparing its call"))]
    middle = len(begun) // 2
    return [
        *_execute(action, begun[:middle], connection, fence),
        *_execute(action, begun[middle:], connection, fence),
    ]


def _begin(lease: Lease, turns: Sequence[Turn]) -> tuple[list[Begun], list[tuple[Turn, Outcome]]]:
    """Write down that these calls begin, before they do: a later worker then knows that they may have happened.

    Returns the calls, and the turns whose beginning can not be kept, each with its failure: those are not called.
    """
    since = fencing.clock()
    calls = {turn.run.id: _begun_call(lease, turn) for turn in turns}
    refused = isolation.write_in_parts(turns, partial(_write_begun, lease))
    for turn, exc in refused:
        log.error("step.not_storable", extra={"run": turn.run.id, "step": turn.step.key}, exc_info=exc)
        assert turn.step_run is not None
        turn.step_run.input = isolation.storable(turn.step_run.input)
        turn.step_run.warnings = isolation.storable(turn.step_run.warnings)
        _write_begun(lease, [turn])
    leasing.renewed(lease, since=since)
    failed = [(turn, isolation.not_storable(turn.rendered.inputs if turn.rendered else None)) for turn, _ in refused]
    not_begun = {turn.run.id for turn, _ in refused}
    return [(turn, calls[turn.run.id]) for turn in turns if turn.run.id not in not_begun], failed


def _write_begun(lease: Lease, turns: Sequence[Turn]) -> None:
    write_begun(lease, [turn.step_run for turn in turns if turn.step_run])


def _begun_call(lease: Lease, turn: Turn) -> ActionCall:
    """Bring the step run in hand to the beginning of its call, and return that call."""
    now, called_at = timezone.now(), lease.now()
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
    turn.run.started_at = turn.run.started_at or now
    return ActionCall(
        turn.run.id,
        turn.step.key,
        turn.rendered.inputs,
        called_at=lease.here(earlier_call),
        repeated_at=lease.here(turn.repeated_at),
    )


def _finish(hold: _Hold, results: Sequence[tuple[Turn, Outcome]], *, is_last: bool) -> bool:
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
