"""Bulk writes of the hot path: many rows by one statement, values as the database wants them, no model in between.

Django's bulk_create and bulk_update ask every field of every row to prepare itself, which for a group of 200 costs more
than the call to Salesforce that it records. Here each column is asked once, and then gives a plain function.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, models

Adapter = Callable[[Any], Any]
Row = Sequence[Any]


def insert_rows(
    model: type[models.Model], names: tuple[str, ...], rows: Sequence[Row], *, or_ignore: bool = False
) -> None:
    """INSERT `rows`, each a value for every field of `names`, by one statement; `or_ignore` passes over what is there."""
    if not rows:
        return
    table, columns, adapters = _shape(model, names, connection.vendor)
    one = f"({', '.join(_marks(adapters))})"
    tail = " ON CONFLICT DO NOTHING" if or_ignore else ""
    # Table and columns come from the model, values are parameters.
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * len(rows))}{tail}"  # noqa: S608
    adapt = [adapter for adapter, _ in adapters]
    with connection.cursor() as cursor:
        cursor.execute(statement, [function(value) for row in rows for function, value in zip(adapt, row, strict=True)])


def update_rows(
    model: type[models.Model], names: tuple[str, ...], rows: Sequence[Row], *, unless: tuple[str, str] | None = None
) -> int:
    """UPDATE by primary key: each row is the key followed by a value for every field of `names`.

    Rows whose text field `unless[0]` holds `unless[1]` are left alone. Gives how many rows were updated.
    """
    if not rows:
        return 0
    key = model._meta.pk
    assert key is not None
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _update_by_one_statement(cursor, model, (key.name, *names), rows, unless)
        else:
            _update_row_by_row(cursor, model, (key.name, *names), rows, unless)
        return int(cursor.rowcount)


def _update_by_one_statement(
    cursor: Any, model: type[models.Model], names: tuple[str, ...], rows: Sequence[Row], unless: tuple[str, str] | None
) -> None:
    """All rows at once, joined to a list of values. The casts tell PostgreSQL the types by the first row."""
    table, columns, adapters = _shape(model, names, connection.vendor)
    first = f"({', '.join(f'%s::{cast}' for cast in _types(model, names))})"
    others = f"({', '.join(_marks(adapters))})"
    aliases = [f"v{index}" for index in range(len(columns))]
    sets = ", ".join(f"{column} = v.{alias}" for column, alias in zip(columns[1:], aliases[1:], strict=True))
    statement = (
        f"UPDATE {table} SET {sets} "  # noqa: S608
        f"FROM (VALUES {', '.join([first, *[others] * (len(rows) - 1)])}) AS v ({', '.join(aliases)}) "
        f"WHERE {table}.{columns[0]} = v.{aliases[0]}{_guard(unless, f'{table}.')}"
    )
    adapt = [adapter for adapter, _ in adapters]
    values = [function(value) for row in rows for function, value in zip(adapt, row, strict=True)]
    cursor.execute(statement, [*values, *(unless or ())[1:]])


def _update_row_by_row(
    cursor: Any, model: type[models.Model], names: tuple[str, ...], rows: Sequence[Row], unless: tuple[str, str] | None
) -> None:
    table, columns, adapters = _shape(model, names, connection.vendor)
    sets = ", ".join(f"{column} = %s" for column in columns[1:])
    statement = f"UPDATE {table} SET {sets} WHERE {columns[0]} = %s{_guard(unless, '')}"  # noqa: S608
    adapt = [adapter for adapter, _ in adapters]
    parameters = []
    for row in rows:
        key, *values = (function(value) for function, value in zip(adapt, row, strict=True))
        parameters.append((*values, key, *(unless or ())[1:]))
    cursor.executemany(statement, parameters)


def _guard(unless: tuple[str, str] | None, prefix: str) -> str:
    return f" AND {prefix}{connection.ops.quote_name(unless[0])} <> %s" if unless else ""


def _marks(adapters: Iterable[tuple[Adapter, str]]) -> list[str]:
    return [mark for _, mark in adapters]


@lru_cache(maxsize=64)
def _shape(
    model: type[models.Model], names: tuple[str, ...], vendor: str
) -> tuple[str, tuple[str, ...], tuple[tuple[Adapter, str], ...]]:
    """The quoted table, its quoted columns, and for each how a value is adapted and how its mark is written."""
    quote = connection.ops.quote_name
    fields = [model._meta.get_field(name) for name in names]
    columns = tuple(quote(str(field.column)) for field in fields)  # type: ignore[union-attr]
    return quote(model._meta.db_table), columns, tuple(_adapter(field, vendor) for field in fields)


@lru_cache(maxsize=64)
def _types(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, ...]:
    fields = [model._meta.get_field(name) for name in names]
    return tuple(str(field.db_type(connection)) for field in fields)


def _adapter(field: Any, vendor: str) -> tuple[Adapter, str]:
    target = field
    while target.is_relation:
        target = target.target_field
    if isinstance(target, models.JSONField):
        return _json, "%s::jsonb" if vendor == "postgresql" else "%s"
    if vendor == "postgresql":
        return _same, "%s"
    if isinstance(target, models.UUIDField):
        return _uuid_hex, "%s"
    if isinstance(target, models.DateTimeField):
        return _moment, "%s"
    return _same, "%s"


def _same(value: Any) -> Any:
    return value


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _uuid_hex(value: UUID | None) -> str | None:
    return None if value is None else value.hex


def _moment(value: datetime | None) -> Any:
    return None if value is None else connection.ops.adapt_datetimefield_value(value)
