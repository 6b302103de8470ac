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


def update_rows(model: type[models.Model], names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """UPDATE by primary key: each row is the key followed by a value for every field of `names`."""
    if not rows:
        return
    key = model._meta.pk
    assert key is not None
    table, columns, adapters = _shape(model, (key.name, *names), connection.vendor)
    adapt = [adapter for adapter, _ in adapters]
    marks = _marks(adapters)
    if connection.vendor == "postgresql":
        # One statement for all rows, joined to a list of values. The casts tell PostgreSQL the types of the first row.
        casts = _types(model, (key.name, *names))
        first = f"({', '.join(f'%s::{cast}' for cast in casts)})"
        others = f"({', '.join(marks)})"
        values = ", ".join([first, *[others] * (len(rows) - 1)])
        aliases = [f"v{index}" for index in range(len(columns))]
        sets = ", ".join(f"{column} = v.{alias}" for column, alias in zip(columns[1:], aliases[1:], strict=True))
        statement = (
            f"UPDATE {table} SET {sets} FROM (VALUES {values}) AS v ({', '.join(aliases)}) "  # noqa: S608
            f"WHERE {table}.{columns[0]} = v.{aliases[0]}"
        )
        with connection.cursor() as cursor:
            cursor.execute(
                statement, [function(value) for row in rows for function, value in zip(adapt, row, strict=True)]
            )
        return
    sets = ", ".join(f"{column} = %s" for column in columns[1:])
    statement = f"UPDATE {table} SET {sets} WHERE {columns[0]} = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(
            statement,
            [
                (*(function(value) for function, value in zip(adapt[1:], row[1:], strict=True)), adapt[0](row[0]))
                for row in rows
            ],
        )


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
