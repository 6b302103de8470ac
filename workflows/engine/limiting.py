"""Limits: of a workflow with a `concurrency`, at most so many calls are under way at once, whoever's lanes make them.

A call needs one of the workflow's slots. A lane that gets none leaves the workflow's runs where they are, goes on with its
others, and is rung when a slot is given back. A slot belongs to a lease, so it needs no renewing and no clearing up.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from lib import hot_statements
from workflows.engine import leasing, ringing, sleeping
from workflows.errors import LeaseLost
from workflows.leases import Lease
from workflows.models import Lane, Run, RunState, Slot

FAIR_SECONDS = 0.5
"""How long a lane may take one slot after another while other lanes wait for them."""
RUNG_AT_ONCE = 2
"""Lanes that are rung for a slot: one might find that its runs were cancelled."""

_IS_FREE = """(s.lane_id IS NULL OR NOT EXISTS (
    SELECT 1 FROM workflows_lane l
     WHERE l.credential_id = s.lane_id AND l.lease_token = s.lease_token AND l.leased_until > {now}))"""
_FREE = f"FROM workflows_slot s WHERE s.workflow_id = %s AND s.number <= %s AND {_IS_FREE}"
_TAKE = f"""
WITH held AS ({leasing.HOLD}),
free AS MATERIALIZED (SELECT s.id, s.lease_token {_FREE}),
chosen AS (
    SELECT s.id FROM workflows_slot s JOIN free ON free.id = s.id
     WHERE s.lease_token IS NOT DISTINCT FROM free.lease_token AND EXISTS (SELECT 1 FROM held)
     LIMIT 1 FOR UPDATE OF s SKIP LOCKED),
taken AS (
    UPDATE workflows_slot SET lane_id = %s, lease_token = %s FROM chosen WHERE workflows_slot.id = chosen.id RETURNING 1)
SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM taken), {{lazily}}
"""  # noqa: S608
"""PostgreSQL's. The lock looks at each slot as it is by then: one that another lane took after this statement began has
another token than the one that was found free."""
_TAKE_ALONE = f"""
UPDATE workflows_slot SET lane_id = %s, lease_token = %s WHERE id = (SELECT s.id {_FREE} ORDER BY s.number LIMIT 1)
RETURNING id
"""  # noqa: S608
_GIVE_BACK = """
UPDATE workflows_slot SET lane_id = NULL, lease_token = NULL
 WHERE workflow_id = %s AND lane_id = %s AND lease_token = %s RETURNING {lazily}
"""
_COUNT_FREE = f"SELECT count(*) {_FREE}"


def take(workflow_id: UUID, limit: int, lease: Lease) -> bool:
    """Take a slot, and renew the lease that holds it; False when all are taken. Raises LeaseLost."""
    if _take_free(workflow_id, limit, lease):
        return True
    return _make_missing(workflow_id, limit) and _take_free(workflow_id, limit, lease)


def _take_free(workflow_id: UUID, limit: int, lease: Lease) -> bool:
    free, held = [workflow_id, limit], [lease.lane_id, lease.token]
    if not hot_statements.is_postgres():
        with transaction.atomic():
            leasing.hold(lease)
            return bool(hot_statements.run(hot_statements.in_its_words(_TAKE_ALONE), [*held, *free]))
    parameters = [*leasing.hold_parameters(lease), *free, *held]
    [(is_held, taken, _)] = hot_statements.run(hot_statements.in_its_words(_TAKE), parameters)
    if not is_held:
        raise LeaseLost(lane_id=lease.lane_id)
    return bool(taken)


def _make_missing(workflow_id: UUID, limit: int) -> bool:
    """Make the slots that the limit allows and nobody has needed yet; whether there were any to make."""
    known = set(Slot.objects.filter(workflow=workflow_id, number__lte=limit).values_list("number", flat=True))
    missing = [number for number in range(1, limit + 1) if number not in known]
    Slot.objects.bulk_create([Slot(workflow_id=workflow_id, number=each) for each in missing], ignore_conflicts=True)
    return bool(missing)


def give_back(workflow_id: UUID, lease: Lease) -> None:
    """Let others have the slot. Whoever waits for it is told by `ring_waiting`."""
    hot_statements.run(hot_statements.in_its_words(_GIVE_BACK), [workflow_id, lease.lane_id, lease.token])


def ring_waiting(workflow_id: UUID, *, now: datetime) -> bool:
    """Ring for lanes that nobody works off and that have due runs of the workflow; whether there are any.

    By lot: the oldest would always be those of the largest backlog.
    """
    due = Run.objects.due(now).filter(lane=OuterRef("pk"), workflow=workflow_id).order_by("pk")
    waiting = (
        Lane.objects.free()
        .filter(credential__integration__workflows=workflow_id)
        .alias(first_due=Subquery(due.values("pk")[:1]))
        .filter(first_due__isnull=False)
    )
    unrung = waiting.filter(sleeping.was_not_rung()).order_by("?")
    chosen = list(unrung.values_list("pk", flat=True)[:RUNG_AT_ONCE])
    if chosen:
        ringing.ring(sleeping.to_ring(chosen))
    return bool(chosen) or waiting.exists()


def without_room(limits: Mapping[UUID, int]) -> list[UUID]:
    """Those of the workflows, each with its limit, whose slots are all taken."""
    statement = hot_statements.in_its_words(_COUNT_FREE)
    return [
        workflow_id
        for workflow_id, limit in limits.items()
        if hot_statements.run(statement, [workflow_id, limit]) == [(0,)]
    ]


@dataclass
class Slots:
    """What a lane has to do with limits while it is held: nothing, if its workflows have none."""

    waits_for: dict[UUID, int] = field(default_factory=dict)
    """The workflows, each with its limit, that are left alone for now, since no slot was free."""
    owed: set[UUID] = field(default_factory=set)
    """The workflows of which slots were given back without ringing for those that wait."""

    def take(
        self, workflow_id: UUID, limit: int, lease: Lease, *, group: Collection[UUID], behind: Collection[UUID]
    ) -> bool:
        """Take a slot for a group of runs; else they, and those behind them, say why they wait. Raises LeaseLost."""
        is_taken = take(workflow_id, limit, lease)
        if not is_taken:
            self.waits_for[workflow_id] = limit
        reason = "" if is_taken else wait_reason(limit)
        queued = Run.objects.filter(pk__in=group if is_taken else [*group, *behind], state=RunState.QUEUED)
        queued.exclude(wait_reason=reason).update(wait_reason=reason)
        return is_taken

    def give_back(self, workflow_id: UUID, lease: Lease, *, held_seconds: float) -> bool:
        """Give the slot back; whether the lane, which has been held for so long, is to let others have theirs now."""
        give_back(workflow_id, lease)
        self.owed.add(workflow_id)
        if held_seconds < FAIR_SECONDS:
            return False
        self.owed.discard(workflow_id)
        return ring_waiting(workflow_id, now=timezone.now())

    def ring_owed(self, in_hand: Collection[UUID] = ()) -> None:
        """Ring for those that wait for a slot, unless runs of that workflow are in hand and take the next one."""
        for workflow_id in self.owed.difference(in_hand):
            self.owed.discard(workflow_id)
            ring_waiting(workflow_id, now=timezone.now())


def wait_reason(limit: int) -> str:
    calls = "one call" if limit == 1 else f"{limit} calls"
    return f"Waits its turn: at most {calls} of this workflow at a time."
