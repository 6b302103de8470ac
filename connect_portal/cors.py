"""CORS for the paths that the SDK calls from the customers' pages, and JSON for what goes wrong there.

Any origin may call: a user token in the `Authorization` header is all that counts on these paths, no cookie does, so that
a page can do no more than its visitor's token lets it. `*` says that, and unlike a reflected origin it can not be turned
into credentialed access by a later header. Which pages may frame the portal and receive its messages is another matter:
that is the project's list of allowed origins, and checked where it happens.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from projects.refusals import error_body

_SDK_PATHS = re.compile(r"/(v2/)?projects/[^/]+/(sdk/|triggers$)|/triggers/connect/")
_POPUP_PATHS = re.compile(r"/projects/[^/]+/sdk/actions/(oauth-nonce|build-oauth)$")
_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD"
_HEADERS = (
    "accept, authorization, content-type, idempotency-key, x-paragon-sdk-version, x-paragon-credential, "
    "x-paragon-configuration-id, x-paragon-user-metadata"
)
SHARED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After, Idempotency-Replayed",
}
"""What every answer on these paths has."""
_PREFLIGHT_SECONDS = "7200"
_WORDS = {
    400: ("bad_request", "The request is not valid."),
    404: ("not_found", "There is no such address. Is the project id a UUID, and the path as in the API reference?"),
    405: ("method_not_allowed", "This address does not take that method."),
    500: ("server_error", "Something broke on our side; it has been logged. Try again."),
}


class SdkCorsMiddleware:
    """Stands outside of everything that may fail, so that errors have their headers too: without them, the SDK sees a
    network failure instead of our words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _SDK_PATHS.match(request.path):
            return self.get_response(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return _preflight(request)
        response = _in_json(request, self.get_response(request))
        for name, value in SHARED.items():
            response.headers[name] = value
        return response


def _preflight(request: HttpRequest) -> HttpResponse:
    """Allow whatever headers the page means to send: `workflow()` and `request()` pass on their caller's own."""
    response = HttpResponse(status=204)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Methods"] = _METHODS
    response.headers["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", _HEADERS)
    response.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
    response.headers["Vary"] = "Access-Control-Request-Headers"
    return response


def _in_json(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """An error that Django wrote as a page (unknown path, bad host, crash) as JSON; the popup's pages stay pages."""
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    if response.status_code < 400 or not is_html or _POPUP_PATHS.match(request.path):
        return response
    code, message = _WORDS.get(response.status_code, ("error", response.reason_phrase))
    return JsonResponse(error_body(code, message, response.status_code), status=response.status_code)
