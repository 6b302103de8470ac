"""A parsed query answered: which records, in which order, and how each looks in the reply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox_org.describing import Catalogue, SObject
from sandbox_org.record import Record
from sandbox_org.soql import grouping, planning, projecting
from sandbox_org.soql.binding import Binder
from sandbox_org.soql.errors import SoqlError, located
from sandbox_org.soql.evaluating import BoundSide, Conditions, Getter, Parents, Predicate, Scope
from sandbox_org.soql.syntax import Aggregate, Ordering, Path, Query
from sandbox_org.store import RecordStore


@dataclass(frozen=True, slots=True)
class ResultSet:
    """The answer to a query, ready to be read page by page: `page(start, size)` gives shaped records."""

    sobject: SObject
    total: int
    page: Callable[[int, int], list[Record]]


class Runner:
    """Answers queries of one API version; `with_deleted` looks into the recycle bin too."""

    def __init__(self, catalogue: Catalogue, store: RecordStore, version: str, *, with_deleted: bool) -> None:
        self._catalogue = catalogue
        self._store = store
        self._version = version
        self._with_deleted = with_deleted

    def run(self, query: Query, only: tuple[str, str] | None = None) -> ResultSet:
        """The result of a query. `only` holds a subquery to the children of one record: (field, parent's id).

        Raises: SoqlError where the query names what the org does not have.
        """
        binder = Binder(self._catalogue, query.source)
        sobject = binder.object(query.object_name, query.object_position)
        scope = Scope(query, sobject, binder, Parents(self._store))
        if query.is_bare_count:
            return ResultSet(sobject, self._count(scope, only), lambda *_: [])
        if query.is_aggregate:
            rows = grouping.rows(scope, self._bodies(self._matching(scope, only)), self._nested_values)
            return ResultSet(sobject, len(rows), lambda start, size: rows[start : start + size])
        project = projecting.projection(scope, self._version, self._children)
        numbers = self._matching(scope, only)[query.offset :]
        if query.limit is not None:
            numbers = numbers[: query.limit]

        def page(start: int, size: int) -> list[Record]:
            return [project(body) for body in self._bodies(numbers[start : start + size])]

        return ResultSet(sobject, len(numbers), page)

    def _matching(self, scope: Scope, only: tuple[str, str] | None) -> list[int]:
        """The numbers of the records that WHERE lets through, in the order asked for."""
        query = scope.query
        predicate = self._predicate(scope)
        order_by = () if query.is_aggregate else query.order_by
        getters = [self._sort_getter(scope, ordering) for ordering in order_by]
        plan, source, parameters = self._source(scope, only)
        order = planning.order_sql(order_by)
        if plan.is_complete and order is not None:
            rows = self._store.database.read(f"SELECT seq {source} ORDER BY {order}", parameters)
            return [row[0] for row in rows]
        found: list[tuple[int, list[Any]]] = []
        for seq, text in self._store.database.read(f"SELECT seq, body {source} ORDER BY {order or 'seq'}", parameters):
            body = orjson.loads(text)
            if predicate is None or predicate(body):
                found.append((seq, [get(body) for get in getters] if order is None else []))
        if order is None:
            _sort(found, order_by)
        return [seq for seq, _ in found]

    def _count(self, scope: Scope, only: tuple[str, str] | None) -> int:
        """How many records WHERE lets through."""
        plan, source, parameters = self._source(scope, only)
        if not plan.is_complete:
            return len(self._matching(scope, only))
        return int(self._store.database.read(f"SELECT count(*) {source}", parameters).fetchone()[0])

    def _source(self, scope: Scope, only: tuple[str, str] | None) -> tuple[planning.Plan, str, list[Any]]:
        """FROM and WHERE of the statement, its parameters, and the plan that says whether this is all."""
        plan = planning.plan(scope.query.where, scope.sobject, scope.binder)
        if only is not None:
            plan.add(f"json_extract(body, '$.{only[0]}') = ?", only[1])
        if not self._with_deleted:
            plan.add("deleted = 0")
        where = " AND ".join(["object = ?", *plan.conditions])
        return plan, f"FROM record {plan.index} WHERE {where}", [scope.sobject.name, *plan.parameters]

    def _predicate(self, scope: Scope) -> Predicate | None:
        if scope.query.where is None:
            return None

        def bind(side: Path | Aggregate) -> BoundSide:
            if isinstance(side, Aggregate):
                raise _misplaced(scope, side)
            return scope.side(side)

        return Conditions(scope.binder, bind, self._nested_values, scope.query.source).predicate(scope.query.where)

    def _sort_getter(self, scope: Scope, ordering: Ordering) -> Getter:
        if isinstance(ordering.by, Aggregate):
            raise _misplaced(scope, ordering.by)
        path, read = scope.side(ordering.by)
        if path.field.type == "address":
            message = f"field '{path.field.name}' can not be sorted in a query call"
            raise located("INVALID_FIELD", scope.query.source, ordering.by.position, message)
        return read

    def _bodies(self, numbers: Sequence[int]) -> list[Record]:
        """The records of these numbers, in their order."""
        bodies: dict[int, Record] = {}
        for start in range(0, len(numbers), 500):
            some = numbers[start : start + 500]
            sql = f"SELECT seq, body FROM record WHERE seq IN ({', '.join('?' * len(some))})"
            bodies.update((row[0], orjson.loads(row[1])) for row in self._store.database.read(sql, list(some)))
        return [bodies[number] for number in numbers if number in bodies]

    def _nested_values(self, query: Query) -> list[Any]:
        """The values of a semi-join's only field."""
        result = self.run(query)
        item = query.select[0]
        if len(query.select) != 1 or not isinstance(item, Path):
            raise located("MALFORMED_QUERY", query.source, query.position, "semi join sub-selects must query one field")
        field = Binder(self._catalogue, query.source).path(result.sobject, item).field
        return [record.get(field.name) for record in result.page(0, result.total) if record.get(field.name) is not None]

    def _children(self, query: Query, field: str, parent_id: str) -> list[Record]:
        """The records of a subquery below one parent."""
        result = self.run(query, only=(field, parent_id))
        return result.page(0, result.total)


def _misplaced(scope: Scope, side: Aggregate) -> SoqlError:
    message = f"Grouped query required for aggregate {side.function}"
    return located("MALFORMED_QUERY", scope.query.source, side.position, message)


def _sort(found: list[tuple[int, list[Any]]], orderings: Sequence[Ordering]) -> None:
    """Sort by every ordering, the last first, since sorting keeps what was in order; nulls where they were asked."""
    for place, ordering in reversed(list(enumerate(orderings))):
        filled = [each for each in found if each[1][place] is not None]
        empty = [each for each in found if each[1][place] is None]
        filled.sort(key=lambda each: grouping.sortable(each[1][place]), reverse=ordering.descending)
        found[:] = [*filled, *empty] if ordering.nulls_last else [*empty, *filled]
