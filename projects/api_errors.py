"""The refusals of the API's views: one handler for every error."""

from typing import Any

from django.http import JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from projects.refusals import UNEXPECTED, error_body, refusal_of


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception of a DRF view; anything unexpected stays an exception, and becomes a JSON 500 in `server_error`."""
    if refusal := refusal_of(exc):
        return Response(refusal.body, status=refusal.status, headers=refusal.headers)
    match exc:
        case exceptions.ValidationError():
            return Response(error_body("invalid", "The input is not valid.", 400, {"fields": exc.detail}), status=400)
        case exceptions.APIException():
            code = exc.default_code if isinstance(exc.default_code, str) else "error"
            return Response(error_body(code, str(exc.detail), exc.status_code), status=exc.status_code)
        case _:
            return None


def server_error(request: Any) -> JsonResponse:
    return JsonResponse(UNEXPECTED.body, status=UNEXPECTED.status)
