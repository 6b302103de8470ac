"""Statements of the hot path, run on Django's connection without the layers that Django puts around one.

Having the ORM put the same statement together again and again costs more than the database takes to answer it. On PostgreSQL
a statement is prepared once a connection and its values travel beside it, so that neither side reads it anew. Many rows
travel as one JSON text: its writer is C, and a Python list for each column would cost more than the insert.
"""

import select
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import orjson
import psycopg
from django.db import connection, models, transaction

M = TypeVar("M", bound=models.Model)
Row = tuple[Any, ...]


class Kind(Enum):
    """What a column holds, where the two databases' drivers do not give the same."""

    PLAIN = "plain"
    ID = "id"
    MOMENT = "moment"
    JSON = "json"


def is_postgres() -> bool:
    return connection.vendor == "postgresql"


def in_its_words(statement: str) -> str:
    """`statement` with the words of this database for

    - `{now}`: the database's clock. There is one, while each host has its own, and one that was suspended is behind;
    - `{clock}`: what it shows when the row is written; NULL for SQLite, whose clock is this host's;
    - `{later}`: that clock, so many seconds on; a parameter, for which None gives NULL;
    - `{lazily}`: a value whose asking has the commit not wait for PostgreSQL's disk.
    """
    return statement.format(**(_POSTGRES_WORDS if is_postgres() else _SQLITE_WORDS))


_POSTGRES_WORDS = {
    "now": "statement_timestamp()",
    "clock": "clock_timestamp()",
    "later": "statement_timestamp() + make_interval(secs => %s)",
    "lazily": "set_config('synchronous_commit', 'off', true)",
}
_SQLITE_WORDS = {
    "now": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')",
    "clock": "NULL",
    "later": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', %s || ' seconds')",
    "lazily": "1",
}


def run(statement: str, parameters: Sequence[object] = (), kinds: Sequence[Kind] = ()) -> list[Row]:
    """Execute in the transaction that is open, else in one of its own; gives the rows, if it has any.

    `kinds`, one for each column: the rows then hold UUIDs, aware datetimes and what the JSON says. A connection that
    PostgreSQL has ended is opened anew before, never after: what was sent may have been done. Raises Django's database
    errors.
    """
    if not is_postgres():
        with connection.cursor() as cursor:
            cursor.execute(statement, [for_sqlite(value) for value in parameters])
            rows = cursor.fetchall() if cursor.description else []
        return _converted(rows, kinds, _FROM_SQLITE)
    if connection.in_atomic_block:
        with transaction.atomic():  # a savepoint, so that a refused statement leaves the rest as it was
            return _converted(_run_on_postgres(statement, parameters), kinds, _FROM_POSTGRES)
    raw = connection.connection
    if raw is not None and _has_news(raw) and not connection.is_usable():
        connection.close()
    return _converted(_run_on_postgres(statement, parameters), kinds, _FROM_POSTGRES)


def _run_on_postgres(statement: str, parameters: Sequence[object]) -> list[Row]:
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


def leave_clean() -> None:
    """Give up a connection that an exception has left in the middle of a statement: the next one would be refused."""
    raw = connection.connection
    if raw is None or connection.in_atomic_block or not is_postgres():
        return
    if raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        connection.close()


def rows_as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """A parameter for PostgreSQL's json_to_recordset."""
    return orjson.dumps(list(rows)).decode()


def for_sqlite(value: Any) -> Any:
    """A parameter as SQLite's driver wants it: ids as 32 hexadecimal digits, moments as text."""
    match value:
        case UUID():
            return value.hex
        case datetime():
            return connection.ops.adapt_datetimefield_value(value)
        case _:
            return value


Converter = Callable[[Any], Any]
_FROM_POSTGRES: Mapping[Kind, Converter] = {Kind.JSON: orjson.loads}
_FROM_SQLITE: Mapping[Kind, Converter] = {
    Kind.ID: UUID,
    Kind.MOMENT: lambda value: value.replace(tzinfo=UTC),
    Kind.JSON: orjson.loads,
}


def _converted(rows: list[Row], kinds: Sequence[Kind], converters: Mapping[Kind, Converter]) -> list[Row]:
    wanted = [(place, converters[kind]) for place, kind in enumerate(kinds) if kind in converters]
    if not wanted:
        return rows
    found = []
    for row in rows:
        values = list(row)
        for place, convert in wanted:
            if values[place] is not None:
                values[place] = convert(values[place])
        found.append(tuple(values))
    return found


def kind_of(field: Any) -> Kind:
    """What a model's field holds, its target's if it refers to another."""
    while field.is_relation:
        field = field.target_field
    match field:
        case models.JSONField():
            return Kind.JSON
        case models.UUIDField():
            return Kind.ID
        case models.DateTimeField():
            return Kind.MOMENT
        case _:
            return Kind.PLAIN


@dataclass(frozen=True, slots=True)
class Beside:
    """What else a row is read with. `join` is SQL in which the row's table is `a`; `columns` are SQL as well."""

    join: str = ""
    columns: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()


_NOTHING = Beside()


@lru_cache(maxsize=64)
def _pair_statement(model: type[models.Model], relation: str, beside: Beside) -> tuple[str, tuple[Kind, ...]]:
    joined: Any = model._meta.get_field(relation)
    other: Any = joined.related_model
    quote = connection.ops.quote_name
    fields = [(each, "a") for each in model._meta.concrete_fields] + [
        (each, "b") for each in other._meta.concrete_fields
    ]
    columns = ", ".join([*(f"{alias}.{quote(field.column)}" for field, alias in fields), *beside.columns])
    return (
        f"SELECT {columns} FROM {quote(model._meta.db_table)} a "  # noqa: S608
        f"JOIN {quote(other._meta.db_table)} b ON b.{quote(other._meta.pk.column)} = a.{quote(joined.column)} {beside.join} "
        f"WHERE a.{quote(str(model._meta.pk.column))} = %s",
        (*(kind_of(field) for field, _ in fields), *beside.kinds),
    )


def get_with(model: type[M], relation: str, key: object, beside: Beside = _NOTHING) -> tuple[M, Row]:
    """`model.objects.select_related(relation).get(pk=key)`, and the columns beside it. Raises the model's DoesNotExist."""
    statement, kinds = _pair_statement(model, relation, beside)
    rows = run(statement, [key], kinds)
    if not rows:
        raise model.DoesNotExist(key)  # type: ignore[attr-defined]
    names = [field.attname for field in model._meta.concrete_fields]
    found = model.from_db(connection.alias, names, rows[0][: len(names)])
    other: Any = model._meta.get_field(relation).related_model
    other_names = [field.attname for field in other._meta.concrete_fields]
    until = len(names) + len(other_names)
    setattr(found, relation, other.from_db(connection.alias, other_names, rows[0][len(names) : until]))
    return found, rows[0][until:]
