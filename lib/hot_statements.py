"""Statements of the hot path, run on Django's connection without the layers that Django puts around one.

On PostgreSQL a statement is prepared once a connection and its values travel beside it, so that neither side reads it anew.
Many rows travel as one JSON text: its writer is C, and a Python list for each column would cost more than the insert.
"""

import select
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import psycopg
from django.db import connection, transaction


def is_postgres() -> bool:
    return connection.vendor == "postgresql"


def run(statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Execute on PostgreSQL, in the transaction that is open, else in one of its own; gives the rows, if it has any.

    A connection that the server has ended is opened anew before, never after: what was sent may have been done. Raises
    Django's database errors.
    """
    if connection.in_atomic_block:
        with transaction.atomic():  # a savepoint, so that a refused statement leaves the rest as it was
            return _run(statement, parameters)
    raw = connection.connection
    if raw is not None and _has_news(raw) and not connection.is_usable():
        connection.close()
    return _run(statement, parameters)


def _run(statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = psycopg.Cursor(connection.connection)
        cursor.execute(statement.encode(), parameters, prepare=True)
        return cursor.fetchall() if cursor.description else []


def _has_news(raw: Any) -> bool:
    """Whether the server has said something unasked: farewell, most likely. It costs no round trip."""
    if raw.closed:
        return True
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def rows_as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """A parameter for json_to_recordset."""
    return orjson.dumps(list(rows)).decode()
