"""Aggregate queries: COUNT, SUM, MIN, MAX and AVG over all records or over groups of them."""

from dataclasses import replace
from typing import Any

from sandbox_org.describing import SObject
from sandbox_org.soql.binding import Binder, BoundPath
from sandbox_org.soql.errors import located
from sandbox_org.soql.evaluating import BoundSide, Conditions, Getter, Parents
from sandbox_org.soql.syntax import Aggregate, Ordering, Path, Query
from sandbox_org.store import Record


def rows(
    query: Query, sobject: SObject, binder: Binder, parents: Parents, conditions: Conditions, bodies: list[Record]
) -> list[Record]:
    """The `AggregateResult` records of a query. Raises: SoqlError where a plain field is not grouped by."""
    grouped = [parents.getter(binder.path(sobject, path)) for path in query.group_by]
    names = {path.names for path in query.group_by}
    columns = [
        (_key(item, place, query), _column(query, item, sobject, binder, parents, names))
        for place, item in _items(query)
    ]
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for body in bodies:
        groups.setdefault(tuple(_hashable(get(body)) for get in grouped), []).append(body)
    if not query.group_by:
        groups.setdefault((), [])
    kept = list(groups.values())
    if query.having is not None:
        kept = _having(query, sobject, binder, parents, conditions, kept)
    for ordering in reversed(query.order_by):
        _order(kept, ordering, _side(ordering.by, sobject, binder, parents)[1])
    result = [
        {"attributes": {"type": "AggregateResult"}, **{key: column(members) for key, column in columns}}
        for members in kept
    ]
    result = result[query.offset :]
    return result if query.limit is None else result[: query.limit]


def sortable(value: Any) -> Any:
    """A value as sorting sees it: text without regard to case."""
    return value.lower() if isinstance(value, str) else value


def _items(query: Query) -> list[tuple[int, Path | Aggregate]]:
    """The SELECT list, unnamed aggregates numbered for `expr0`, `expr1`, …"""
    items: list[tuple[int, Path | Aggregate]] = []
    unnamed = 0
    for item in query.select:
        if not isinstance(item, Path | Aggregate):
            raise located("MALFORMED_QUERY", query.source, query.position, "an aggregate query can only select fields")
        items.append((unnamed, item))
        if isinstance(item, Aggregate) and item.alias is None:
            unnamed += 1
    return items


def _key(item: Path | Aggregate, place: int, query: Query) -> str:
    if item.alias:
        return item.alias
    return f"expr{place}" if isinstance(item, Aggregate) else item.names[-1]


def _column(
    query: Query,
    item: Path | Aggregate,
    sobject: SObject,
    binder: Binder,
    parents: Parents,
    names: set[tuple[str, ...]],
) -> Getter:
    if isinstance(item, Path) and item.names not in names:
        binder.path(sobject, item)
        message = f"Field must be grouped or aggregated: {item}"
        raise located("MALFORMED_QUERY", query.source, item.position, message)
    return _side(item, sobject, binder, parents)[1]


def _side(side: Path | Aggregate, sobject: SObject, binder: Binder, parents: Parents) -> BoundSide:
    """What reads a field or an aggregate off the members of a group."""
    if isinstance(side, Path):
        path = binder.path(sobject, side)
        read = parents.getter(path)
        return path, lambda members: read(members[0]) if members else None
    path = binder.path(sobject, side.path or Path(("Id",), side.position))
    read = parents.getter(path)
    function = side.function
    if side.path is None:
        return _as_number(path), lambda members: len(members)
    return (
        path if function in ("MIN", "MAX") else _as_number(path),
        lambda members: _aggregated(function, [value for member in members if (value := read(member)) is not None]),
    )


def _as_number(path: BoundPath) -> BoundPath:
    """The same path, compared as the number that an aggregate of it is."""
    return BoundPath(path.parents, path.sobject, replace(path.field, type="double"))


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


def _having(
    query: Query, sobject: SObject, binder: Binder, parents: Parents, conditions: Conditions, kept: list[list[Record]]
) -> list[list[Record]]:
    assert query.having is not None, "called for a query with HAVING"
    over_groups = Conditions(
        binder, lambda side: _side(side, sobject, binder, parents), conditions.run_nested, query.source
    )
    test = over_groups.predicate(query.having)
    return [members for members in kept if test(members)]  # type: ignore[arg-type]


def _order(kept: list[list[Record]], ordering: Ordering, get: Getter) -> None:
    filled = [each for each in kept if get(each) is not None]  # type: ignore[arg-type]
    empty = [each for each in kept if get(each) is None]  # type: ignore[arg-type]
    filled.sort(key=lambda each: sortable(get(each)), reverse=ordering.descending)  # type: ignore[arg-type]
    kept[:] = [*filled, *empty] if ordering.nulls_last else [*empty, *filled]


def _hashable(value: Any) -> Any:
    return sortable(value) if not isinstance(value, dict) else str(value)
