"""Bulk writes of the hot path: many rows by one statement, values as the database wants them, no model in between.

Django's bulk_create and bulk_update ask every field of every row to prepare itself, which for a group of 200 costs more
than the call to Salesforce that it records. Here PostgreSQL gets the rows as one JSON text; SQLite's driver gets each row,
and each of its columns is asked once and then gives a plain function.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from django.db import connection, models

from lib import hot_statements
from lib.hot_statements import Kind

Adapter = Callable[[Any], Any]
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """How fields of a model stand in a statement."""

    table: str
    columns: tuple[str, ...]
    """Quoted."""
    keys: tuple[str, ...]
    """The columns' names in a row of JSON."""
    recordset: str
    """PostgreSQL: `json_to_recordset(…) AS v(…)`, with a place for the rows."""
    adapters: tuple[Adapter, ...]
    """SQLite: what makes a value into the database's."""

    def as_json(self, rows: Sequence[Row]) -> str:
        """The parameter for `recordset`."""
        return hot_statements.rows_as_json(dict(zip(self.keys, row, strict=True)) for row in rows)

    def adapted(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        return [tuple(adapt(value) for adapt, value in zip(self.adapters, row, strict=True)) for row in rows]


def insert_from(shape: Shape, condition: str = "", **instead: str) -> str:
    """PostgreSQL's INSERT of a recordset; `condition` begins with WHERE. `instead`: for a column, what is written in place of
    the value given."""
    columns = ", ".join(shape.columns)
    values = ", ".join(instead.get(key, column) for key, column in zip(shape.keys, shape.columns, strict=True))
    return f"INSERT INTO {shape.table} ({columns}) SELECT {values} FROM {shape.recordset} {condition}"  # noqa: S608


def update_from(shape: Shape, condition: str = "") -> str:
    """PostgreSQL's UPDATE from a recordset, by the first column; `condition` begins with AND."""
    first, *others = shape.columns
    sets = ", ".join(f"{column} = v.{column}" for column in others)
    return f"UPDATE {shape.table} SET {sets} FROM {shape.recordset} WHERE {shape.table}.{first} = v.{first} {condition}"  # noqa: S608


def insert_each(model: type[models.Model], names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """SQLite's INSERT of `rows`, each a value for every field of `names`."""
    shape = shape_of(model, names)
    marks = ", ".join(["%s"] * len(names))
    statement = f"INSERT INTO {shape.table} ({', '.join(shape.columns)}) VALUES ({marks})"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, shape.adapted(rows))


def update_each(model: type[models.Model], names: tuple[str, ...], rows: Sequence[Row], condition: str = "") -> int:
    """SQLite's UPDATE of `rows` by the first of `names`; `condition` begins with AND. Gives how many it met."""
    shape = shape_of(model, names)
    first, *others = shape.columns
    sets = ", ".join(f"{column} = %s" for column in others)
    statement = f"UPDATE {shape.table} SET {sets} WHERE {first} = %s {condition}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(*row[1:], row[0]) for row in shape.adapted(rows)])
        return max(0, int(cursor.rowcount))


def shape_of(model: type[models.Model], names: tuple[str, ...]) -> Shape:
    return _shape(model, names, connection.vendor)


@lru_cache(maxsize=64)
def _shape(model: type[models.Model], names: tuple[str, ...], vendor: str) -> Shape:
    quote = connection.ops.quote_name
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    keys = tuple(str(field.column) for field in fields)
    columns = tuple(quote(key) for key in keys)
    typed = ", ".join(f"{column} {field.db_type(connection)}" for column, field in zip(columns, fields, strict=True))
    return Shape(
        table=quote(model._meta.db_table),
        columns=columns,
        keys=keys,
        recordset=f"json_to_recordset(%s::json) AS v({typed})",
        adapters=tuple(_adapter(field) for field in fields) if vendor == "sqlite" else (),
    )


def _adapter(field: Any) -> Adapter:
    return _json if hot_statements.kind_of(field) is Kind.JSON else hot_statements.for_sqlite


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
