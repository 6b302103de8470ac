"""Addresses with characters that no database keeps: they name nothing, and find nothing, wherever they are read."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

_NUL, _ENCODED_NUL = "\x00", "%00"
_INSTEAD, _ENCODED_INSTEAD = "\N{REPLACEMENT CHARACTER}", "%EF%BF%BD"


class AddressMiddleware:
    """Has the path and the query read with a replacement character for each NUL, which PostgreSQL refuses in any text.

    So an id with one is not found and a search with one finds nothing, as with any other text that stands nowhere. Stands
    before whatever reads the query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _NUL in request.path_info:
            request.path = request.path.replace(_NUL, _INSTEAD)
            request.path_info = request.path_info.replace(_NUL, _INSTEAD)
        query = request.META.get("QUERY_STRING", "")
        if _ENCODED_NUL in query or _NUL in query:
            request.META["QUERY_STRING"] = query.replace(_ENCODED_NUL, _ENCODED_INSTEAD).replace(_NUL, _ENCODED_INSTEAD)
        return self.get_response(request)
