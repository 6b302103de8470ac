"""Which lanes sleep: an event rings only for those, so that a busy lane costs no messages."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from lib import hot_statements
from workflows.models import Lane, Run

RING_AGAIN = timedelta(seconds=5)
"""A lane that was rung this long ago and not taken since is rung again: the message was lost, or waits in a long queue."""


RINGING = """
locked AS (
    SELECT credential_id, leased_until, rung_at FROM workflows_lane
     WHERE credential_id = ANY (%s::uuid[]) ORDER BY credential_id FOR NO KEY UPDATE),
rung AS (
    UPDATE workflows_lane SET rung_at = statement_timestamp() FROM locked
     WHERE workflows_lane.credential_id = locked.credential_id
       AND (locked.leased_until IS NULL OR locked.leased_until < statement_timestamp())
       AND (locked.rung_at IS NULL OR locked.rung_at < statement_timestamp() - make_interval(secs => %s))
    RETURNING workflows_lane.credential_id)
"""
"""PostgreSQL's `to_ring`, as a part of the statement that writes the runs; `rung` has the lanes. It looks at what `locked`
gives, which is the newest, and not at the rows as they were when the statement began."""


def ringing_parameters(lane_ids: Collection[UUID]) -> tuple[object, ...]:
    """What RINGING asks for."""
    return [str(lane_id) for lane_id in lane_ids], RING_AGAIN.total_seconds()


def to_ring(lane_ids: Collection[UUID]) -> list[UUID]:
    """Those of the lanes that nobody works off and that were not rung just now; they count as rung from here.

    Call it in the transaction that writes the runs. It locks the lanes' rows until the commit (in the order of their
    ids), and a worker that gives a lane back waits for that: it then sees the new runs, which rang for nobody.
    """
    if not lane_ids:
        return []
    if hot_statements.is_postgres():
        statement = f"WITH {RINGING} SELECT credential_id FROM rung"  # noqa: S608
        return [row[0] for row in hot_statements.run(statement, ringing_parameters(lane_ids))]
    now, lanes = timezone.now(), Lane.objects.filter(pk__in=lane_ids)
    asleep = [
        lane_id
        for lane_id, rung_at, leased_until in lanes.values_list("pk", "rung_at", "leased_until")
        if (leased_until is None or leased_until < now) and (rung_at is None or rung_at < now - RING_AGAIN)
    ]
    if asleep:
        Lane.objects.filter(pk__in=asleep).update(rung_at=now)
    return asleep


def overslept(now: datetime, *, limit: int = 1000) -> list[UUID]:
    """Free lanes with due runs that were not rung lately; they count as rung from here. What the sweep rings for."""
    with_work = Lane.objects.free().filter(pk__in=Run.objects.due(now).values("lane_id"))
    found = list(with_work.filter(was_not_rung()).values_list("pk", flat=True)[:limit])
    Lane.objects.filter(pk__in=found).update(rung_at=Now())
    return found


def was_not_rung() -> Q:
    """Of a lane: whether ringing it again makes sense. By the database's clock, as everything about lanes in hand."""
    return Q(rung_at__isnull=True) | Q(rung_at__lt=Now() - RING_AGAIN)
