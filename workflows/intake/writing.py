"""A group of events and all that belongs to them, written in one commit: on PostgreSQL by one statement."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.db import transaction

from lib import hot_statements
from workflows.engine import sleeping
from workflows.engine.storing import Row, insert_each, insert_from, shape_of
from workflows.models import Event, IdempotencyKey, Run

EVENT_FIELDS = ("id", "project", "user", "name", "payload", "skipped", "received_at")
RUN_FIELDS = (
    *("id", "project", "event", "workflow", "version", "user", "configuration", "lane", "replay_number", "state"),
    *("position", "wake_at", "wait_reason", "order_key", "api_calls"),
)
KEY_FIELDS = ("user", "key", "body_hash", "answer", "created_at")


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that stand or fall together; each a value for every field named above."""

    events: Sequence[Row]
    runs: Sequence[Row]
    keys: Sequence[Row]
    lanes: Collection[UUID]
    """Those that the runs are for."""


def write(group: Group) -> list[UUID]:
    """Write the group and give the lanes to ring, after the commit. Raises IntegrityError when another process was first
    with an idempotency key, or has removed an account."""
    if hot_statements.is_postgres():
        parameters = (
            shape_of(Event, EVENT_FIELDS).as_json(group.events),
            shape_of(Run, RUN_FIELDS).as_json(group.runs),
            shape_of(IdempotencyKey, KEY_FIELDS).as_json(group.keys),
            *sleeping.ringing_parameters(group.lanes),
        )
        return [row[0] for row in hot_statements.run(_statement(), parameters)]
    with transaction.atomic():
        insert_each(Event, EVENT_FIELDS, group.events)
        insert_each(Run, RUN_FIELDS, group.runs)
        insert_each(IdempotencyKey, KEY_FIELDS, group.keys)
        return sleeping.to_ring(group.lanes)


_DUE_AT_ONCE = "least(wake_at, statement_timestamp())"
"""By a clock of ours that is ahead of the database's, be it by milliseconds, the worker that is rung finds nothing due."""


@lru_cache(maxsize=1)
def _statement() -> str:
    return (
        f"WITH events AS ({insert_from(shape_of(Event, EVENT_FIELDS))}), "  # noqa: S608
        f"runs AS ({insert_from(shape_of(Run, RUN_FIELDS), wake_at=_DUE_AT_ONCE)}), "
        f"keys AS ({insert_from(shape_of(IdempotencyKey, KEY_FIELDS))}), "
        f"{sleeping.RINGING} SELECT credential_id FROM rung"
    )
