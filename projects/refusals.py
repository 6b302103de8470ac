"""What an API's caller is told when something is refused: JSON that says what to do, never an empty body.

The Connect SDK parses every error body and logs its user out on a bare 401 or 403, so the body carries its fields
(`message`, `code`, `status`, `meta`) beside our own `error` object.
"""

import logging
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError
from django.http import Http404

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


UNEXPECTED = Refusal("server_error", "Something broke on our side; it has been logged. Try again.", 500)


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
