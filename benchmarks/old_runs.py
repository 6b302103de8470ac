"""A long history: old events, runs and step runs, copied by SQL from ones that the product itself has just made."""

import time
from contextlib import closing

import psycopg

from benchmarks.isthmus import Isthmus
from benchmarks.postgres import Postgres

OLD_DAYS = 60
_CHUNK = 200_000
_TABLES = {
    "workflows_event": ("e", {"received_at": ""}),
    "workflows_run": ("f", {"event_id": "e", "wake_at": "", "started_at": "", "finished_at": ""}),
    "workflows_steprun": ("a", {"run_id": "f", "first_tried_at": "", "started_at": "", "finished_at": ""}),
}
"""Per table: the mark in its rows' ids, and what differs from the copied row: a time (""), or an id with that mark."""


def add_old_runs(system: Isthmus, postgres: Postgres, count: int, *, newest_days: int = 1) -> float:
    """Add `count` runs of the OLD_DAYS days until `newest_days` ago, with their events and steps, of the users there are.

    Every row is a copy of a run that went through the system (there must be some), but for its ids and times, so that it
    fits whatever columns the tables have. Gives the seconds it took.
    """
    begun = time.monotonic()
    with closing(postgres.connect(system.database)) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET session_replication_role = replica")  # the foreign keys are right by construction
        models, first_ms = _copied_rows(connection), _first_ms(newest_days)
        for start in range(0, count, _CHUNK):
            end = min(start + _CHUNK, count)
            for table in _TABLES:
                connection.execute(_statement(table, count, models, first_ms), {"start": start, "end": end - 1})
        connection.execute("VACUUM (ANALYZE) workflows_event, workflows_run, workflows_steprun")
    return time.monotonic() - begun


def _copied_rows(connection: psycopg.Connection[tuple[int]]) -> int:
    """Number the rows to copy: the run, event and step of one number belong together. Gives how many there are."""
    connection.execute(
        "CREATE TEMP TABLE copied AS SELECT row_number() OVER (ORDER BY r.id) - 1 AS number, r.id AS run_id, r.event_id,"
        " s.id AS step_id FROM workflows_run r JOIN workflows_steprun s ON s.run_id = r.id WHERE r.state = 'succeeded'"
    )
    row = connection.execute("SELECT count(*) FROM copied").fetchone()
    assert row
    assert row[0], "there is no run to copy"
    return row[0]


def _first_ms(newest_days: int) -> int:
    """When the oldest run came, in milliseconds since the epoch."""
    return int(time.time() * 1000) - (OLD_DAYS + newest_days) * 86_400_000


def _statement(table: str, count: int, models: int, first_ms: int) -> str:
    mark, changes = _TABLES[table]
    key = {"workflows_event": "event_id", "workflows_run": "run_id", "workflows_steprun": "step_id"}[table]
    step_ms = OLD_DAYS * 86_400_000 / count
    at_ms = f"({first_ms} + (i * {step_ms})::bigint)"

    def row_id(which: str) -> str:
        """Time-ordered as the product's own: milliseconds, version 7, then the mark and the row's number."""
        return f"lpad(to_hex({at_ms}), 12, '0') || '7000' || '8' || '{which}' || lpad(to_hex(i), 14, '0')"

    pairs = [f"'id', {row_id(mark)}"]
    for column, other in changes.items():
        pairs.append(f"'{column}', {row_id(other)}" if other else f"'{column}', to_timestamp({at_ms} / 1000.0)")
    return (
        f"INSERT INTO {table} SELECT made.* FROM generate_series(%(start)s::bigint, %(end)s::bigint) AS i"
        f" JOIN copied ON copied.number = mod(i, {models}) JOIN {table} AS model ON model.id = copied.{key}"
        f" CROSS JOIN LATERAL jsonb_populate_record(model, jsonb_build_object({', '.join(pairs)})) AS made"
    )
