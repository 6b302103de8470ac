"""Working a lane off: due runs in their order, in groups, each group written before the next begins."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from integrations import budgeting
from integrations.errors import CredentialRevoked
from integrations.models import Credential, CredentialStatus
from integrations.providers.base import Connection
from lib import log_lines
from workflows.engine import culprits, group_calls, isolation, leasing, limiting, parking, pausing, ringing
from workflows.engine.batching import OrderKey, Turn, behind_nobody, due_turns, has_turns
from workflows.engine.hold import Hold
from workflows.engine.slices import Slice
from workflows.errors import LeaseLost
from workflows.leases import Lease
from workflows.metrics import counting
from workflows.models import Run, RunState, StepRun

log = logging.getLogger("workflows.engine")


PACED_FROM = 5
"""A lane that finds so many runs at once is under load: it then takes the next ones no sooner than PACE_SECONDS after these,
unless others wait for its thread. An org's daily calls are counted, and a group of 100 costs as many as a group of 5."""
PACE_SECONDS = 0.05


@log_lines.hiding()
def drain(lease: Lease, slice_: Slice | None = None) -> None:
    """Work off one lane's due runs for at most a slice of time; then yield, so that no tenant starves another."""
    slice_ = slice_ or Slice()
    lane_id = lease.lane_id
    held: Lease | None = lease
    crashes_of: Counter[UUID] = Counter()
    while held:
        hold = Hold(held, crashes_of=crashes_of, set_aside=Counter(held.set_aside), marks=held.is_careful)
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


def _work_off(hold: Hold, slice_: Slice) -> None:
    """Batch after batch, until nothing is left to do now.

    The first batch gives the lane back with its last results, which saves a lane with little to do two statements. Where
    more was found behind it, the lane is busy, and then it is held until it is empty.
    """
    # Once a slice: what changes meanwhile, the provider's own refusals tell.
    credential = budgeting.account_in_hand(hold.lease.lane_id)
    hold.tokens_version = credential.tokens_version
    culprits.judge_suspect(hold)
    while not slice_.is_over():
        began = time.monotonic()
        hold.in_hand = []
        try:
            goes_on = _work_off_batch(hold, credential, slice_)
        except Exception as exc:
            if not isolation.is_of_the_rows(exc):
                raise
            culprits.narrow_down(hold, exc)
            continue
        if not goes_on:
            return
        hold.limit = hold.limit * 2 if hold.limit * 2 < settings.LANE_GROUP_SIZE else 0
        if PACED_FROM <= hold.batch_size < settings.LANE_GROUP_SIZE:
            slice_.wait(PACE_SECONDS - (time.monotonic() - began))


def _work_off_batch(hold: Hold, credential: Credential, slice_: Slice) -> bool:
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
        culprits.settle_unready(lease, faulty)
        turns = [turn for turn in turns if not turn.fault]
    alone = [turn for turn in turns if turn.run.id in hold.set_aside]
    if alone:
        # Those behind it with its `order by` key wait until it has ended.
        held = {turn.order_key for turn in alone}
        turns = [turn for turn in turns if turn.run.id not in hold.set_aside]
        turns = [turn for turn in turns if turn.order_key is None or turn.order_key not in held]
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


def _bring_on(hold: Hold, turns: Sequence[Turn], connection: Connection, slice_: Slice, *, may_give_back: bool) -> bool:
    """Do the turns' steps, group after group, until none is left or the slice is over; False when the lane has to stop."""
    while turns and not slice_.is_over():
        group, turns = _next_step_group(turns)
        hold.is_last_of_batch = slice_.is_fresh and may_give_back and not turns
        hold.in_hand = [turn.run.id for turn in group]
        if not group_calls.do_group(hold, group, connection, slice_):
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


def _bring_on_alone(hold: Hold, turn: Turn, connection: Connection, slice_: Slice) -> bool:
    """Do the steps of a run under which a worker has died: should it happen again, nobody else is in hand."""
    run_id, marked = turn.run.id, hold.marks
    hold.marks = True
    leasing.note_suspect(hold.lease, run_id)
    try:
        goes_on = _bring_on(hold, [turn], connection, slice_, may_give_back=False)
    finally:
        hold.marks = marked
    if turn.run.state != RunState.QUEUED:
        del hold.set_aside[run_id]
        leasing.set_aside(hold.lease, hold.set_aside.elements())
    return goes_on


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
