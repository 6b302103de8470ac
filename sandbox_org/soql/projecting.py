"""The SELECT list made into a function from a record's body to the record in the reply."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox_org.describing import ChildRelation, SObject
from sandbox_org.record import Record
from sandbox_org.rest.shaping import attributes
from sandbox_org.soql.binding import Binder, BoundPath
from sandbox_org.soql.errors import SoqlError, located
from sandbox_org.soql.evaluating import Getter, Parents, Scope
from sandbox_org.soql.syntax import FieldGroup, Path, Query

MOST_WITH_ALL_FIELDS = 200
Projection = Callable[[Record], Record]
RunChildren = Callable[[Query, str, str], list[Record]]


def projection(scope: Scope, version: str, children: RunChildren) -> Projection:
    """The projection of a query without aggregates. Raises: SoqlError on what cannot be selected."""
    query, sobject, parents = scope.query, scope.sobject, scope.parents
    paths = selected_paths(query, sobject, scope.binder)
    nested = [_nested(item, sobject) for item in query.select if isinstance(item, Query)]
    tree = _tree(paths, parents)

    def project(body: Record) -> Record:
        record = {"attributes": attributes(sobject, version, body["Id"]), **_filled(tree, body, parents, version)}
        for relation, inner in nested:
            found = children(inner, relation.field, body["Id"])
            record[relation.name] = {"totalSize": len(found), "done": True, "records": found} if found else None
        return record

    return project


def selected_paths(query: Query, sobject: SObject, binder: Binder) -> list[BoundPath]:
    """The fields that SELECT names, FIELDS(…) written out."""
    paths: list[BoundPath] = []
    for item in query.select:
        if isinstance(item, Path):
            path = binder.path(sobject, item)
            if path in paths:
                raise located("INVALID_FIELD", query.source, item.position, f"duplicate field selected: {item}")
            paths.append(path)
        elif isinstance(item, FieldGroup):
            paths += [path for path in _all_fields(item, query, sobject) if path not in paths]
    return paths


def _all_fields(item: FieldGroup, query: Query, sobject: SObject) -> list[BoundPath]:
    if item.kind not in ("ALL", "STANDARD", "CUSTOM"):
        raise located("MALFORMED_QUERY", query.source, item.position, f"unexpected token: '{item.kind}'")
    if item.kind != "STANDARD" and (query.limit is None or query.limit > MOST_WITH_ALL_FIELDS):
        message = f"The SOQL FIELDS function must have a LIMIT of at most {MOST_WITH_ALL_FIELDS}"
        raise SoqlError("MALFORMED_QUERY", message)
    wanted = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}[item.kind]
    return [BoundPath((), sobject, field) for field in sobject.fields.values() if field.custom in wanted]


def _nested(item: Query, sobject: SObject) -> tuple[ChildRelation, Query]:
    """A subquery's relation, and the query with the children's object in the relation's place."""
    relation = sobject.children(item.object_name)
    if relation is None:
        message = (
            f"Didn't understand relationship '{item.object_name}' in FROM part of query call. If you are attempting to "
            "use a custom relationship, be sure to append the '__r' after the custom relationship name. Please "
            "reference your WSDL or the describe call for the appropriate names."
        )
        raise located("INVALID_TYPE", item.source, item.object_position, message)
    return relation, replace(item, object_name=relation.child)


class _Node:
    """A record in the reply: its own fields, and the parents within it by relationship."""

    def __init__(self) -> None:
        self.items: dict[str, Getter | tuple[str, SObject | None, _Node]] = {}


def _tree(paths: list[BoundPath], parents: Parents) -> _Node:
    root = _Node()
    for path in paths:
        node = root
        for depth, reference in enumerate(path.parents):
            key = str(reference.relationship)
            is_last = depth == len(path.parents) - 1
            entry = node.items.get(key)
            if not isinstance(entry, tuple):
                entry = (reference.name, path.sobject if is_last else None, _Node())
                node.items[key] = entry
            node = entry[2]
        node.items[path.field.name] = parents.getter(BoundPath((), path.sobject, path.field))
    return root


def _filled(node: _Node, body: Record, parents: Parents, version: str) -> Record:
    record: Record = {}
    for name, item in node.items.items():
        if not isinstance(item, tuple):
            record[name] = item(body)
            continue
        parent = parents.find(body.get(item[0]))
        record[name] = None if parent is None else _parent_record(item[1], item[2], parent, parents, version)
    return record


def _parent_record(sobject: SObject | None, node: _Node, parent: Record, parents: Parents, version: str) -> Record:
    described: dict[str, Any] = {"attributes": attributes(sobject, version, parent["Id"])} if sobject else {}
    return {**described, **_filled(node, parent, parents, version)}
