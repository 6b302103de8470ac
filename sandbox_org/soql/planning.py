"""What of a WHERE clause SQLite can do: the conditions that its columns and indexes answer, and whether that is all."""

from dataclasses import dataclass, field
from typing import Any

from sandbox_org import ids
from sandbox_org.deriving import PERSONS
from sandbox_org.describing import EXTERNAL_ID, SObject
from sandbox_org.soql.binding import TEXT_TYPES, Binder, BoundPath, Span
from sandbox_org.soql.syntax import Both, Comparison, Condition, Literal, Ordering, Path

COLUMNS = {
    "CreatedById": "created_by",
    "CreatedDate": "created",
    "SystemModstamp": "modstamp",
    EXTERNAL_ID: "external_id",
    "Email": "email",
    "Name": "name",
    "IsDeleted": "deleted",
}
ORDER_COLUMNS = {"Id": "seq", "CreatedDate": "created", "SystemModstamp": "modstamp"}
SPAN_SQL = {
    "=": "{column} >= ? AND {column} < ?",
    "<": "{column} < ?",
    "<=": "{column} < ?",
    ">": "{column} >= ?",
    ">=": "{column} >= ?",
}


@dataclass(slots=True)
class Plan:
    """A statement's conditions. Where `is_complete`, no record that they let through needs another look."""

    conditions: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)
    equalities: set[str] = field(default_factory=set)
    is_complete: bool = True

    @property
    def index(self) -> str:
        """The clause that names the best index: SQLite guesses badly here, having no statistics."""
        if "seq" in self.equalities:
            return "NOT INDEXED"
        for column in ("external_id", "email", "name", "last_name"):
            if column in self.equalities:
                return f"INDEXED BY record_{column}"
        if "created_by" in self.equalities:
            return "INDEXED BY record_creator"
        for column in ("created", "modstamp"):
            if any(condition.startswith(f"{column} ") for condition in self.conditions):
                return f"INDEXED BY record_{column}"
        return ""

    def add(self, sql: str, *parameters: Any) -> None:
        self.conditions.append(sql)
        self.parameters += parameters


def plan(where: Condition | None, sobject: SObject, binder: Binder) -> Plan:
    """The part of `where` that goes into the statement."""
    made = Plan()
    for condition in _conjuncts(where):
        if not (isinstance(condition, Comparison) and _push(made, condition, sobject, binder)):
            made.is_complete = False
    return made


def order_sql(order_by: tuple[Ordering, ...]) -> str | None:
    """An ORDER BY that SQLite can do by columns that are never null; None where the order needs the bodies."""
    parts = []
    for ordering in order_by:
        path = ordering.by
        if not isinstance(path, Path) or len(path.names) != 1:
            return None
        column = next((each for name, each in ORDER_COLUMNS.items() if name.lower() == path.names[0].lower()), None)
        if column is None:
            return None
        parts.append(f"{column} {'DESC' if ordering.descending else 'ASC'}")
    return ", ".join([*parts, "seq"])


def _conjuncts(where: Condition | None) -> list[Condition]:
    if where is None:
        return []
    if isinstance(where, Both) and where.word == "AND":
        return [each for operand in where.operands for each in _conjuncts(operand)]
    return [where]


def _push(made: Plan, comparison: Comparison, sobject: SObject, binder: Binder) -> bool:
    """Add a comparison to the plan; True where nothing of it is left to test."""
    if not isinstance(comparison.left, Path):
        return False
    path = binder.path(sobject, comparison.left)
    if not path.is_direct or comparison.operator not in (*SPAN_SQL, "IN"):
        return False
    literals = comparison.right if isinstance(comparison.right, tuple) else (comparison.right,)
    values = [binder.value(comparison, path.field, each) for each in literals if isinstance(each, Literal)]
    if not values or len(values) != len(literals) or any(value is None for value in values):
        return False
    if isinstance(values[0], Span):
        column = COLUMNS.get(path.field.name)
        if column is None or comparison.operator == "IN":
            return False
        bounds = _bounds(comparison.operator, values[0])
        made.add(SPAN_SQL[comparison.operator].format(column=column), *bounds)
        return True
    return comparison.operator in ("=", "IN") and _push_values(made, path, values)


def _push_values(made: Plan, path: BoundPath, values: list[Any]) -> bool:
    name = path.field.name
    if name == "Id":
        numbers = [ids.number_of(value) for value in values if value[:3] == path.sobject.key_prefix]
        _push_in(made, "seq", [number for number in numbers if number is not None])
        return True
    column = COLUMNS.get(name)
    if column is not None and not (name == "Name" and path.sobject.name in PERSONS):
        _push_in(made, column, [int(value) if isinstance(value, bool) else value for value in values])
        return True
    if path.field.type in TEXT_TYPES and all(value.isascii() for value in values):
        marks = ", ".join("?" * len(values))
        made.add(f"json_extract(body, '$.{name}') COLLATE NOCASE IN ({marks})", *values)
        if name == "LastName":
            made.equalities.add("last_name")
    return False


def _push_in(made: Plan, column: str, values: list[Any]) -> None:
    if values:
        made.equalities.add(column)
    made.add(f"{column} IN ({', '.join('?' * len(values))})" if values else "0", *values)


def _bounds(operator: str, span: Span) -> tuple[str, ...]:
    match operator:
        case "=":
            return span.start, span.end
        case "<" | ">=":
            return (span.start,)
    return (span.end,)
