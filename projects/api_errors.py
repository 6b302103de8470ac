"""One handler for every API error: JSON that says what to do, never an empty body.

The Connect SDK parses every error body and logs its user out on a bare 401 or 403, so the body carries its fields
(`message`, `code`, `status`, `meta`) beside our own `error` object.
"""

import logging
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from lib.errors import IsthmusError
from projects import database_refusals

log = logging.getLogger("isthmus.api")


def error_body(code: str, message: str, status: int, meta: dict[str, Any] | None = None) -> dict[str, Any]:
    """Shape: {"error": {"code", "message", ...}, "message", "code", "status", "meta"}."""
    return {
        "error": {"code": code, "message": message, **(meta or {})},
        "message": message,
        "code": code,
        "status": status,
        "meta": meta or {},
    }


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an exception is answered with."""

    code: str
    message: str
    status: int
    meta: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        return error_body(self.code, self.message, self.status, self.meta)


def refusal_of(exc: Exception) -> Refusal | None:
    """The answer to an exception; None for one that nobody expected."""
    match exc:
        case IsthmusError():
            meta = {
                key: value if isinstance(value, (list, dict, int, bool)) else str(value)
                for key, value in exc.ids.items()
            }
            headers = {"Retry-After": str(exc.retry_after_seconds)} if exc.retry_after_seconds else {}
            return Refusal(exc.code, exc.message, exc.status, meta, headers)
        case Http404():
            return Refusal("not_found", str(exc) or "There is no such thing here.", 404)
        case PermissionDenied():
            return Refusal("7210", str(exc) or "You may not do that.", 403)
        case DatabaseError() | InterfaceError() if refused := database_refusals.note(exc):
            log.error("database.refuses", extra={"code": refused.code}, exc_info=exc)
            return refusal_of(refused)
        case _:
            return None


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
    return JsonResponse(
        error_body("server_error", "Something broke on our side; it has been logged. Try again.", 500), status=500
    )
