"""Bulk writes of the hot path: many rows by one statement, values as the database wants them, no model in between.

Django's bulk_create and bulk_update ask every field of every row to prepare itself, which for a group of 200 costs more
than the call to Salesforce that it records. Here each column is asked once, and then gives a plain function.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, models

Adapter = Callable[[Any], Any]
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class _Shape:
    """How fields of a model stand in a statement."""

    table: str
    columns: tuple[str, ...]
    adapters: tuple[Adapter, ...]
    """What makes a value into the database's."""
    arrays: str
    """PostgreSQL: a typed array parameter for each column."""


def insert_rows(
    model: type[models.Model], names: tuple[str, ...], rows: Sequence[Row], *, or_ignore: bool = False
) -> None:
    """INSERT `rows`, each a value for every field of `names`; `or_ignore` passes over what is there."""
    if not rows:
        return
    shape = _shape(model, names, connection.vendor)
    tail = " ON CONFLICT DO NOTHING" if or_ignore else ""
    into = f"INSERT INTO {shape.table} ({', '.join(shape.columns)})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"{into} SELECT * FROM unnest({shape.arrays}){tail}", _columns(shape, rows))  # noqa: S608
        else:
            marks = ", ".join(["%s"] * len(names))
            cursor.executemany(f"{into} VALUES ({marks}){tail}", _adapted(shape, rows))


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
    shape = _shape(model, (key.name, *names), connection.vendor)
    first, *others = shape.columns
    guarded = list((unless or ())[1:])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sets = ", ".join(f"{column} = v.{column}" for column in others)
            statement = (
                f"UPDATE {shape.table} SET {sets} FROM unnest({shape.arrays}) AS v ({', '.join(shape.columns)}) "  # noqa: S608
                f"WHERE {shape.table}.{first} = v.{first}{_guard(unless, f'{shape.table}.')}"
            )
            cursor.execute(statement, [*_columns(shape, rows), *guarded])
        else:
            sets = ", ".join(f"{column} = %s" for column in others)
            statement = f"UPDATE {shape.table} SET {sets} WHERE {first} = %s{_guard(unless, '')}"  # noqa: S608
            cursor.executemany(statement, [(*row[1:], row[0], *guarded) for row in _adapted(shape, rows)])
        return int(cursor.rowcount)


def _columns(shape: _Shape, rows: Sequence[Row]) -> list[list[Any]]:
    """The rows turned into a list for each column: PostgreSQL's statement is then the same for any number of rows, and
    neither side has to read it anew."""
    return [
        [adapt(value) for value in column]
        for adapt, column in zip(shape.adapters, zip(*rows, strict=True), strict=True)
    ]


def _adapted(shape: _Shape, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    return [tuple(adapt(value) for adapt, value in zip(shape.adapters, row, strict=True)) for row in rows]


def _guard(unless: tuple[str, str] | None, prefix: str) -> str:
    return f" AND {prefix}{connection.ops.quote_name(unless[0])} <> %s" if unless else ""


@lru_cache(maxsize=64)
def _shape(model: type[models.Model], names: tuple[str, ...], vendor: str) -> _Shape:
    quote = connection.ops.quote_name
    fields = [model._meta.get_field(name) for name in names]
    # JSON goes as text and becomes JSON there.
    casts = [
        "%s::text[]::jsonb[]" if adapter is _json else f"%s::{field.db_type(connection)}[]"
        for field, adapter in ((field, _adapter(field, vendor)) for field in fields)
    ]
    return _Shape(
        table=quote(model._meta.db_table),
        columns=tuple(quote(str(field.column)) for field in fields),  # type: ignore[union-attr]
        adapters=tuple(_adapter(field, vendor) for field in fields),
        arrays=", ".join(casts),
    )


def _adapter(field: Any, vendor: str) -> Adapter:
    target = field
    while target.is_relation:
        target = target.target_field
    if isinstance(target, models.JSONField):
        return _json
    if vendor != "postgresql" and isinstance(target, models.UUIDField):
        return _uuid_hex
    if vendor != "postgresql" and isinstance(target, models.DateTimeField):
        return _moment
    return _same


def _same(value: Any) -> Any:
    return value


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _uuid_hex(value: UUID | None) -> str | None:
    return None if value is None else value.hex


def _moment(value: datetime | None) -> Any:
    return None if value is None else connection.ops.adapt_datetimefield_value(value)
