"""How long history is kept: what is past its time is dropped in batches, each a transaction of its own."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from django.db import transaction
from django.utils import timezone

from lib import hot_statements
from lib.hot_statements import Kind
from lib.ids import lowest_id_at
from workflows.models import IdempotencyKey
from workflows.querysets import OPEN_STATES

BATCH = 500
SLICE_SECONDS = 5.0
"""A task that went on for longer would hold up a worker that is to stop."""
REST = 2.0
"""Times as long as a batch took, nothing is dropped after it: a database that has much to do is slow, and rests longer."""
IDEMPOTENCY_KEPT = timedelta(hours=24)
BEGINNING = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a slice of time was enough for."""

    events: int
    """Dropped, with their runs."""
    goes_on_after: UUID | None
    """The event after which the next slice begins; None: nothing is left."""


_OPEN = ", ".join(f"'{state}'" for state in OPEN_STATES)
_DROP = f"""
WITH alone AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtext('workflows.drop_old_history')) AS is_so),
past AS MATERIALIZED (
    SELECT id FROM workflows_event WHERE id > %s AND id < %s AND (SELECT is_so FROM alone) ORDER BY id LIMIT {BATCH}),
old AS MATERIALIZED (
    SELECT id FROM past
     WHERE (SELECT bool_or(r.state IN ({_OPEN})) FROM workflows_run r WHERE r.event_id = past.id) IS NOT TRUE),
runs AS (DELETE FROM workflows_run r USING old WHERE r.event_id = old.id RETURNING r.id),
steps AS (DELETE FROM workflows_steprun s USING runs WHERE s.run_id = runs.id),
events AS (DELETE FROM workflows_event e USING old WHERE e.id = old.id RETURNING 1)
SELECT (SELECT count(*) FROM events), (SELECT id FROM past ORDER BY id DESC LIMIT 1), {{lazily}}
"""  # noqa: S608
"""PostgreSQL's. One statement sees one moment: a replay that begins meanwhile is not dropped with its event, but fails the
statement by its reference. The limit is a part of the text, so that the plan knows how few rows it is about. With the states
in a WHERE it might look through all open runs, of which there may be many when the plan is used again. Every worker's clock
asks for the sweep; the lock lets one batch at a time be under way, and whoever meets it ends."""
_PAST = f"SELECT id FROM workflows_event WHERE id > %s AND id < %s ORDER BY id LIMIT {BATCH}"  # noqa: S608
_WITH_OPEN = f"""
SELECT DISTINCT event_id FROM workflows_run WHERE event_id IN (SELECT value FROM json_each(%s)) AND state IN ({_OPEN})
"""  # noqa: S608
_DROP_EACH = (
    "DELETE FROM workflows_steprun WHERE run_id IN"
    " (SELECT id FROM workflows_run WHERE event_id IN (SELECT value FROM json_each(%s)))",
    "DELETE FROM workflows_run WHERE event_id IN (SELECT value FROM json_each(%s))",
    "DELETE FROM workflows_event WHERE id IN (SELECT value FROM json_each(%s))",
)


def drop_older_than(moment: datetime, *, after: UUID = BEGINNING, seconds: float = SLICE_SECONDS) -> Swept:
    """Delete events received before `moment` with their runs, oldest first, and idempotency keys past their own time.

    An event with a run that has not ended stays. Ids are time-ordered, so the oldest stand at the index's beginning.
    """
    ends_at, until, events = time.monotonic() + seconds, lowest_id_at(moment), 0
    while True:
        began = time.monotonic()
        keys = _drop_keys()
        dropped, last = _drop_batch(after, until)
        events += dropped
        if not keys and last is None:
            return Swept(events, None)
        after = last or after
        if time.monotonic() > ends_at:
            return Swept(events, after)
        time.sleep(REST * (time.monotonic() - began))


def _drop_keys() -> int:
    past = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - IDEMPOTENCY_KEPT).order_by("created_at")
    ids = list(past.values_list("pk", flat=True)[:BATCH])
    return IdempotencyKey.objects.filter(pk__in=ids).delete()[0] if ids else 0


def _drop_batch(after: UUID, until: UUID) -> tuple[int, UUID | None]:
    """Drop those of the next events that have no open run; gives how many, and the last that was looked at, if any was."""
    if hot_statements.is_postgres():
        [(dropped, last, _)] = hot_statements.run(hot_statements.in_its_words(_DROP), [after, until])
        return dropped, last
    with transaction.atomic():
        past = [row[0] for row in hot_statements.run(_PAST, [after, until], [Kind.ID])]
        with_open = hot_statements.run(_WITH_OPEN, [_as_json(past)], [Kind.ID])
        old = sorted(set(past).difference(row[0] for row in with_open))
        for statement in _DROP_EACH:
            hot_statements.run(statement, [_as_json(old)])
    return len(old), past[-1] if past else None


def _as_json(ids: Sequence[UUID]) -> str:
    return orjson.dumps([each.hex for each in ids]).decode()
