"""Which function answers which path, and what the path is called in counts and fault filters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox_org.rest import collections, composite, discovery, querying, records
from sandbox_org.rest.calls import ApiCall, ApiReply
from sandbox_org.rest.errors import method_not_allowed, not_found

Handler = Callable[..., ApiReply]
Handlers = Mapping[str, Handler]

# Paths behind the version; `*` is one segment, and an argument of the handlers. The first that fits is taken.
PATHS: list[tuple[str, str, Handlers]] = [
    ("sobjects/*", "record", {"GET": discovery.basic, "POST": records.create}),
    (
        "composite/sobjects",
        "collections",
        {"POST": collections.create, "PATCH": collections.update, "DELETE": collections.delete},
    ),
    ("query", "query", {"GET": querying.query}),
    ("query/*", "query", {"GET": querying.next_page}),
    ("queryAll", "queryAll", {"GET": querying.query_all}),
    ("queryAll/*", "queryAll", {"GET": querying.next_page}),
    ("sobjects/*/describe", "describe", {"GET": discovery.describe}),
    ("sobjects/*/Id", "record", {"POST": records.create}),
    ("sobjects/*/*", "record", {"GET": records.read, "PATCH": records.update, "DELETE": records.delete}),
    ("sobjects/*/describe/*", "describe", {"GET": discovery.not_offered}),
    (
        "sobjects/*/*/*",
        "upsert",
        {"GET": records.read_by_key, "PATCH": records.upsert, "DELETE": records.delete_by_key},
    ),
    ("composite/sobjects/*", "collections", {"GET": collections.retrieve, "POST": collections.retrieve}),
    ("composite/sobjects/*/*", "collections", {"PATCH": collections.upsert}),
    ("composite", "composite", {"POST": composite.composite}),
    ("composite/batch", "batch", {"POST": composite.batch}),
    ("composite/tree/*", "tree", {"POST": composite.tree}),
    ("", "resources", {"GET": discovery.resources}),
    ("sobjects", "sobjects", {"GET": discovery.global_describe}),
    ("limits", "limits", {"GET": discovery.limits}),
    ("limits/recordCount", "recordCount", {"GET": discovery.record_counts}),
    ("recent", "recent", {"GET": discovery.nothing}),
    ("tabs", "tabs", {"GET": discovery.nothing}),
    ("theme", "theme", {"GET": discovery.theme}),
]


@dataclass(frozen=True, slots=True)
class Route:
    """A resource: its name, a handler per method, and the parts of the path that the handlers get."""

    resource: str
    handlers: Handlers
    arguments: tuple[str, ...] = ()

    @property
    def allowed(self) -> list[str]:
        names = list(self.handlers)
        return ["HEAD", *names] if "GET" in names else names


_BY_LENGTH: dict[int, list[tuple[list[str], str, Handlers]]] = {}
for _path, _resource, _handlers in PATHS:
    _parts = _path.split("/") if _path else []
    _BY_LENGTH.setdefault(len(_parts), []).append((_parts, _resource, _handlers))


def find(segments: list[str]) -> Route | None:
    """The route of a path behind the version; None where nothing is."""
    for parts, resource, handlers in _BY_LENGTH.get(len(segments), ()):
        if all(part in ("*", segment) for part, segment in zip(parts, segments, strict=True)):
            arguments = tuple(segment for part, segment in zip(parts, segments, strict=True) if part == "*")
            return Route(resource, handlers, arguments)
    return None


def answer(call: ApiCall, route: Route | None = None) -> ApiReply:
    """The reply to a call. Raises: rest.errors.ApiError, which is a reply of its own."""
    route = route or find(call.segments)
    if route is None:
        raise not_found()
    method = "GET" if call.method == "HEAD" else call.method
    if method == "POST" and call.params.get("_HttpMethod"):
        method = call.params["_HttpMethod"].upper()
    handler = route.handlers.get(method)
    if handler is None:
        raise method_not_allowed(call.method, route.allowed)
    return handler(call, *route.arguments)
