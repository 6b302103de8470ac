"""Aggregate queries: COUNT, SUM, MIN, MAX and AVG over all records or over groups of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sandbox_org.record import Record
from sandbox_org.soql.binding import NUMBER_TYPES, BoundPath
from sandbox_org.soql.errors import located
from sandbox_org.soql.evaluating import BoundSide, Conditions, Getter, RunNested, Scope
from sandbox_org.soql.syntax import Aggregate, Ordering, Path, Query


@dataclass(frozen=True, slots=True)
class Group:
    """The records that have the grouped fields in common."""

    members: list[Record]


GroupGetter = Callable[[Any], Any]


def rows(scope: Scope, bodies: list[Record], run_nested: RunNested) -> list[Record]:
    """The `AggregateResult` records of a query. Raises: SoqlError where a plain field is not grouped by."""
    query = scope.query
    columns = [(name, _column(scope, item)) for name, item in _named_items(query)]
    groups = _groups(scope, bodies)
    if query.having is not None:
        conditions = Conditions(scope.binder, lambda side: _side(scope, side), run_nested, query.source)
        keeps: GroupGetter = conditions.predicate(query.having)
        groups = [group for group in groups if keeps(group)]
    for ordering in reversed(query.order_by):
        _order(groups, ordering, _side(scope, ordering.by)[1])
    found = [
        {"attributes": {"type": "AggregateResult"}, **{name: read(group) for name, read in columns}} for group in groups
    ]
    found = found[query.offset :]
    return found if query.limit is None else found[: query.limit]


def sortable(value: Any) -> Any:
    """A value as sorting and grouping see it: text without regard to case."""
    return value.lower() if isinstance(value, str) else str(value) if isinstance(value, dict) else value


def _groups(scope: Scope, bodies: list[Record]) -> list[Group]:
    getters = [scope.side(path)[1] for path in scope.query.group_by]
    if not getters:
        return [Group(bodies)]
    found: dict[tuple[Any, ...], Group] = {}
    for body in bodies:
        found.setdefault(tuple(sortable(get(body)) for get in getters), Group([])).members.append(body)
    return list(found.values())


def _named_items(query: Query) -> list[tuple[str, Path | Aggregate]]:
    """The SELECT list by the keys of the reply: aliases, last names, and `expr0`, `expr1`, … for what has neither."""
    items: list[tuple[str, Path | Aggregate]] = []
    unnamed = 0
    for item in query.select:
        if not isinstance(item, Path | Aggregate):
            raise located("MALFORMED_QUERY", query.source, query.position, "an aggregate query can only select fields")
        if item.alias:
            items.append((item.alias, item))
        elif isinstance(item, Path):
            items.append((item.names[-1], item))
        else:
            items.append((f"expr{unnamed}", item))
            unnamed += 1
    return items


def _column(scope: Scope, item: Path | Aggregate) -> GroupGetter:
    side, read = _side(scope, item)
    if isinstance(item, Path):
        grouped = [scope.binder.path(scope.sobject, path) for path in scope.query.group_by]
        if side not in grouped:
            message = f"Field must be grouped or aggregated: {item}"
            raise located("MALFORMED_QUERY", scope.query.source, item.position, message)
    return read


def _side(scope: Scope, side: Path | Aggregate) -> BoundSide:
    """A field or an aggregate, with what reads it off a group."""
    if isinstance(side, Path):
        path, read = scope.side(side)
        return path, _of_group(lambda group: read(group.members[0]) if group.members else None)
    path, read = scope.side(side.path or Path(("Id",), side.position))
    if side.path is None:
        return _as_number(path), _of_group(lambda group: len(group.members))
    function = side.function
    if (function in ("SUM", "AVG") and path.field.type not in NUMBER_TYPES) or path.field.type == "address":
        message = f"field {path.field.name} does not support aggregate operator {function}"
        raise located("MALFORMED_QUERY", scope.query.source, side.position, message)

    def aggregated(group: Group) -> Any:
        return _aggregated(function, [value for body in group.members if (value := read(body)) is not None])

    return path if function in ("MIN", "MAX") else _as_number(path), _of_group(aggregated)


def _of_group(read: Callable[[Group], Any]) -> Getter:
    """A reader of groups, for conditions that are otherwise made for records."""
    getter: GroupGetter = read
    return getter


def _as_number(path: BoundPath) -> BoundPath:
    """The same path, compared as the number that an aggregate of it is."""
    return replace(path, field=replace(path.field, type="double"))


def _aggregated(function: str, values: list[Any]) -> Any:
    if function == "COUNT":
        return len(values)
    if function == "COUNT_DISTINCT":
        return len({sortable(value) for value in values})
    if not values:
        return None
    if function == "SUM":
        return float(sum(values))
    if function == "AVG":
        return float(sum(values)) / len(values)
    return min(values, key=sortable) if function == "MIN" else max(values, key=sortable)


def _order(groups: list[Group], ordering: Ordering, get: GroupGetter) -> None:
    filled = [each for each in groups if get(each) is not None]
    empty = [each for each in groups if get(each) is None]
    filled.sort(key=lambda each: sortable(get(each)), reverse=ordering.descending)
    groups[:] = [*filled, *empty] if ordering.nulls_last else [*empty, *filled]
