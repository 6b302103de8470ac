"""Which lanes sleep: an event rings only for those, so that a busy lane costs no messages."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from workflows.models import Lane, Run

RING_AGAIN = timedelta(seconds=5)
"""A lane that was rung this long ago and not taken since is rung again: the message was lost, or waits in a long queue."""


def to_ring(lane_ids: Collection[UUID], *, now: datetime) -> list[UUID]:
    """Those of the lanes that nobody works off and that were not rung just now; they count as rung from here.

    Call it in the transaction that writes the runs. It locks the lanes' rows until the commit (in the order of their
    ids), and a worker that gives a lane back waits for that: it then sees the new runs, which rang for nobody.
    """
    lanes = Lane.objects.filter(pk__in=lane_ids).order_by("pk").select_for_update(no_key=True)
    asleep = [
        lane_id
        for lane_id, rung_at, leased_until in lanes.values_list("pk", "rung_at", "leased_until")
        if (leased_until is None or leased_until < now) and (rung_at is None or rung_at < now - RING_AGAIN)
    ]
    if asleep:
        Lane.objects.filter(pk__in=asleep).update(rung_at=now)
    return asleep


def has_due_runs(lane_id: UUID, *, now: datetime) -> bool:
    """Whether the lane has something to do and may do it."""
    return Run.objects.due(now).filter(lane_id=lane_id).exclude(lane__paused_until__gt=now).exists()


def overslept(now: datetime, *, limit: int = 1000) -> list[UUID]:
    """Free lanes with due runs that were not rung lately; they count as rung from here. What the sweep rings for."""
    with_work = Lane.objects.free(now).filter(pk__in=Run.objects.due(now).values("lane_id"))
    found = list(
        with_work.filter(Q(rung_at__isnull=True) | Q(rung_at__lt=now - RING_AGAIN)).values_list("pk", flat=True)[:limit]
    )
    Lane.objects.filter(pk__in=found).update(rung_at=now)
    return found
