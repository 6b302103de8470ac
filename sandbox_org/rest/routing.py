"""Which function answers which path, and what the path is called in counts and fault filters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox_org.rest import collections, composite, discovery, querying, records
from sandbox_org.rest.calls import ApiCall, ApiReply
from sandbox_org.rest.errors import method_not_allowed, not_found

Handler = Callable[..., ApiReply]


@dataclass(frozen=True, slots=True)
class Route:
    """A resource: its name, a handler per method, and the parts of the path that the handlers get."""

    resource: str
    handlers: Mapping[str, Handler]
    arguments: tuple[str, ...] = ()

    @property
    def allowed(self) -> list[str]:
        names = list(self.handlers)
        return ["HEAD", *names] if "GET" in names else names


def find(segments: list[str]) -> Route | None:
    """The route of a path behind the version; None where nothing is."""
    match segments:
        case ["sobjects", name]:
            return Route("record", {"GET": discovery.basic, "POST": records.create}, (name,))
        case ["composite", "sobjects"]:
            handlers = {"POST": collections.create, "PATCH": collections.update, "DELETE": collections.delete}
            return Route("collections", handlers)
        case ["query"]:
            return Route("query", {"GET": querying.query})
        case ["sobjects", name, "describe"]:
            return Route("describe", {"GET": discovery.describe}, (name,))
        case ["sobjects", name, record_id]:
            handlers = {"GET": records.read, "PATCH": records.update, "DELETE": records.delete}
            if record_id.lower() == "id":
                handlers = {"POST": records.create_by_id_path}
            return Route("record", handlers, (name, record_id))
        case ["sobjects", name, key, value]:
            handlers = {"GET": records.read_by_key, "PATCH": records.upsert, "DELETE": records.delete_by_key}
            return Route("upsert", handlers, (name, key, value))
        case ["composite", "sobjects", name]:
            return Route("collections", {"GET": collections.retrieve, "POST": collections.retrieve}, (name,))
        case ["composite", "sobjects", name, key]:
            return Route("collections", {"PATCH": collections.upsert}, (name, key))
        case ["query" | "queryAll", locator]:
            return Route(segments[0], {"GET": querying.next_page}, (locator,))
        case ["queryAll"]:
            return Route("queryAll", {"GET": querying.query_all})
        case ["composite"]:
            return Route("composite", {"POST": composite.composite})
        case ["composite", "batch"]:
            return Route("batch", {"POST": composite.batch})
        case ["composite", "tree", name]:
            return Route("tree", {"POST": composite.tree}, (name,))
        case []:
            return Route("resources", {"GET": discovery.resources})
        case ["sobjects"]:
            return Route("sobjects", {"GET": discovery.global_describe})
        case ["limits"]:
            return Route("limits", {"GET": discovery.limits})
        case ["limits", "recordCount"]:
            return Route("recordCount", {"GET": discovery.record_counts})
        case ["recent"] | ["tabs"]:
            return Route(segments[0], {"GET": discovery.recent})
        case ["theme"]:
            return Route("theme", {"GET": discovery.theme})
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
