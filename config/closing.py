"""While the web process stops, each answer ends its connection: a client that kept it would find it cut a little later."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from lib import stopping


class ClosingMiddleware:
    """Stands outside of everything, so that health and refusals say it too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if stopping.has_begun():
            response.headers["Connection"] = "close"
            if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
                # Django would log an error for each: a stop is none, and the next deployment would bring hundreds.
                response._has_been_logged = True  # type: ignore[attr-defined]
        return response
