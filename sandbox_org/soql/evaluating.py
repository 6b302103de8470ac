"""Conditions made into functions of a record's body, and the way from a record to its parents."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox_org.describing import SObject
from sandbox_org.record import Record
from sandbox_org.rest.shaping import field_value
from sandbox_org.soql.binding import Binder, BoundPath, Span
from sandbox_org.soql.errors import located
from sandbox_org.soql.syntax import Aggregate, Both, Comparison, Condition, Literal, Not, Path, Query
from sandbox_org.store import RecordStore

Predicate = Callable[[Record], bool]
Getter = Callable[[Record], Any]
RunNested = Callable[[Query], list[Any]]
BoundSide = tuple[BoundPath, Getter]
BindSide = Callable[[Path | Aggregate], BoundSide]


class Parents:
    """Looks parents up, each once per query."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._known: dict[str, Record | None] = {}

    def find(self, record_id: str | None) -> Record | None:
        if record_id is None:
            return None
        if record_id not in self._known:
            stored = self._store.find(record_id)
            self._known[record_id] = stored.body if stored else None
        return self._known[record_id]

    def getter(self, path: BoundPath) -> Getter:
        """The function that reads a path off a record; None where a parent on the way is missing."""
        name, sobject, parents = path.field.name, path.sobject, path.parents
        if path.is_direct:
            if path.field.type == "address":
                return lambda body: field_value(sobject, body, name)
            return lambda body: body.get(name)

        def read(body: Record) -> Any:
            record: Record | None = body
            for reference in parents:
                record = self.find(record.get(reference.name)) if record else None
            return field_value(sobject, record, name) if record else None

        return read


@dataclass(frozen=True, slots=True)
class Scope:
    """What one query's names mean: the object it reads, the describes, and the way to parents."""

    query: Query
    sobject: SObject
    binder: Binder
    parents: Parents

    def side(self, path: Path) -> BoundSide:
        """A field with what reads it off a record."""
        bound = self.binder.path(self.sobject, path)
        return bound, self.parents.getter(bound)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Turns conditions into predicates. `bind_side` tells what the left side of a comparison reads."""

    binder: Binder
    bind_side: BindSide
    run_nested: RunNested
    source: str

    def predicate(self, condition: Condition) -> Predicate:
        if isinstance(condition, Not):
            inner = self.predicate(condition.operand)
            return lambda body: not inner(body)
        if isinstance(condition, Both):
            parts = [self.predicate(operand) for operand in condition.operands]
            if condition.word == "AND":
                return lambda body: all(part(body) for part in parts)
            return lambda body: any(part(body) for part in parts)
        return self._comparison(condition)

    def _comparison(self, comparison: Comparison) -> Predicate:
        path, read = self.bind_side(comparison.left)
        field = path.field
        operator, right = comparison.operator, comparison.right
        if field.type in ("address", "location"):
            message = f"field '{field.name}' can not be filtered in a query call"
            raise located("INVALID_FIELD", self.source, comparison.position, message)
        get = _folding(read, field.type)
        if operator in ("INCLUDES", "EXCLUDES"):
            return self._multipicklist(comparison, path, get)
        if isinstance(right, Query):
            members = {value.lower() if path.field.type == "string" else value for value in self.run_nested(right)}
            return _membership(get, members, negated=operator == "NOT IN")
        if isinstance(right, tuple):
            values = [self.binder.value(comparison, field, literal) for literal in right]
            if any(isinstance(value, Span) for value in values):
                tests = [_span_test(get, "=", value) for value in values if isinstance(value, Span)]
                is_in = operator == "IN"
                return lambda body: any(test(body) for test in tests) is is_in
            return _membership(get, set(values), negated=operator == "NOT IN")
        value = self.binder.value(comparison, field, right)
        if operator == "LIKE":
            return self._like(comparison, right, get)
        if isinstance(value, Span):
            return _span_test(get, operator, value)
        return _scalar_test(get, operator, value)

    def _like(self, comparison: Comparison, literal: Literal, get: Getter) -> Predicate:
        if literal.kind != "string":
            raise located("INVALID_QUERY_FILTER_OPERATOR", self.source, comparison.position, "invalid operator")
        pattern = like_pattern(literal.value)
        return lambda body: isinstance(text := get(body), str) and pattern.fullmatch(text) is not None

    def _multipicklist(self, comparison: Comparison, path: BoundPath, get: Getter) -> Predicate:
        if path.field.type != "multipicklist" or not isinstance(comparison.right, tuple):
            message = "includes and excludes operators are only valid on multi-select picklists"
            raise located("INVALID_QUERY_FILTER_OPERATOR", self.source, comparison.position, message)
        wanted = [set(str(literal.value).lower().split(";")) for literal in comparison.right]
        includes = comparison.operator == "INCLUDES"

        def test(body: Record) -> bool:
            chosen = set((get(body) or "").split(";"))
            return any(each <= chosen for each in wanted) is includes

        return test


def like_pattern(text: str) -> re.Pattern[str]:
    r"""A LIKE pattern as a regular expression: `%` is any text, `_` any character, `\` takes their meaning away."""
    between = [""]  # what stands between two `%`
    for match in re.finditer(r"\\(.)|([%_])|(.)", text, re.DOTALL):
        if match[2] == "%":
            between.append("")
        else:
            between[-1] += "." if match[2] else re.escape(match[1] or match[3])
    first, *middle = between
    if not middle:
        return re.compile(first, re.IGNORECASE | re.DOTALL)
    # The first place where a piece fits is as good as a later one: going back to those costs length to the power of pieces.
    *middle, last = middle
    pieces = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(f"{first}{pieces}.*{last}", re.IGNORECASE | re.DOTALL)


def _folding(read: Getter, kind: str) -> Getter:
    """Read text in lower case, for comparing; ids and stamps as they are, booleans never as null."""
    if kind == "boolean":
        return lambda body: bool(read(body))
    if kind in ("id", "reference", "date", "datetime", "int", "double", "currency", "percent"):
        return read

    def folded(body: Record) -> Any:
        value = read(body)
        return value.lower() if isinstance(value, str) else value

    return folded


def _membership(get: Getter, members: set[Any], *, negated: bool) -> Predicate:
    if negated:
        return lambda body: get(body) not in members
    return lambda body: get(body) in members


def _scalar_test(get: Getter, operator: str, wanted: Any) -> Predicate:
    if operator == "=":
        return lambda body: get(body) == wanted
    if operator == "!=":
        return lambda body: get(body) != wanted
    if wanted is None:
        return lambda body: False
    tests: dict[str, Callable[[Any], bool]] = {
        "<": lambda value: value < wanted,
        "<=": lambda value: value <= wanted,
        ">": lambda value: value > wanted,
        ">=": lambda value: value >= wanted,
    }
    test = tests[operator]
    return lambda body: (value := get(body)) is not None and test(value)


def _span_test(get: Getter, operator: str, span: Span) -> Predicate:
    start, end = span.start, span.end
    if operator == "!=":
        return lambda body: (value := get(body)) is None or not start <= value < end
    tests: dict[str, Callable[[str], bool]] = {
        "=": lambda value: start <= value < end,
        "<": lambda value: value < start,
        "<=": lambda value: value < end,
        ">": lambda value: value >= end,
        ">=": lambda value: value >= start,
    }
    test = tests[operator]
    return lambda body: (value := get(body)) is not None and test(value)
