"""One step of a group of runs: its inputs made ready, its beginning written down, and its calls made."""

import logging
import time
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.utils import timezone

from integrations.errors import CredentialRevoked
from integrations.providers import registry
from integrations.providers.base import Action, ActionCall, Connection, ErrorClass, Outcome, OutcomeKind
from lib import fencing
from lib.errors import IsthmusError
from lib.ids import time_ordered_id
from workflows.engine import crash_points, isolation, leasing, rendering, results
from workflows.engine.batching import Turn, first_group
from workflows.engine.hold import Hold
from workflows.engine.rows import StepInHand, write_begun
from workflows.engine.slices import Slice
from workflows.errors import LeaseLost
from workflows.leases import Lease
from workflows.metrics import counting
from workflows.models import StepState

log = logging.getLogger("workflows.engine")


def do_group(hold: Hold, turns: list[Turn], connection: Connection, slice_: Slice) -> bool:
    """Do one step for all of `turns`, or as many as their workflow's limit lets. False when the lane has to stop here:
    paused or parked."""
    lease = hold.lease
    workflow_id, limit = turns[0].run.workflow_id, turns[0].limit
    action = registry.action(turns[0].step.type)
    callable_turns, failed = _made_ready(hold, turns, action)
    if failed:
        _begin(lease, [turn for turn, _ in failed], is_called=False)
        results.finish(hold, failed, is_last=not callable_turns)
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
            goes_on = results.finish(hold, outcomes, is_last=not callable_turns)
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


def _makes_calls_alone(hold: Hold) -> bool:
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
    hold: Hold, turns: Sequence[Turn], action: Action | None
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


def _begin(
    lease: Lease, turns: Sequence[Turn], *, is_called: bool = True
) -> tuple[list[Begun], list[tuple[Turn, Outcome]]]:
    """Write down that these calls begin, before they do: a later worker then knows that they may have happened.

    Not `is_called`: only the try is written down. There are no inputs to call with, nor anything to look for later.
    Returns the calls, and the turns whose beginning can not be kept, each with its failure: those are not called.
    """
    since = fencing.clock()
    calls = {turn.run.id: _begun_call(lease, turn, is_called=is_called) for turn in turns}
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


def _begun_call(lease: Lease, turn: Turn, *, is_called: bool) -> ActionCall:
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
    if is_called:
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


def _failure(code: str, message: str, fields: list[str] | None = None) -> Outcome:
    return _of_class(ErrorClass.PERMANENT, code, message, fields)


def _of_class(error_class: ErrorClass, code: str, message: str, fields: list[str] | None = None) -> Outcome:
    error = {"class": error_class.value, "code": code, "message": message, "fields": fields or []}
    return Outcome(OutcomeKind.FAILED, error=error)
