"""The error bodies of the REST API: always a list, `errorCode` for a request and `statusCode` inside collections."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class ApiError(Exception):
    """A request that is answered with an error status; `body` goes out as it is."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class RecordError:
    """One thing wrong with one record. `fields` is None where the real org sends no such key."""

    code: str
    message: str
    fields: tuple[str, ...] | None = ()
    detail: dict[str, Any] | None = None

    def as_request_error(self) -> dict[str, Any]:
        body: dict[str, Any] = {**(self.detail or {}), "message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = list(self.fields)
        return body

    def as_item_error(self) -> dict[str, Any]:
        """The same inside collections and trees, where the code has another name."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}


class RecordRefused(Exception):
    """A record that was not saved, with everything that is wrong with it."""

    def __init__(self, errors: Sequence[RecordError], status: int = 400) -> None:
        super().__init__("; ".join(f"{error.code}: {error.message}" for error in errors))
        self.errors = list(errors)
        self.status = status

    def as_api_error(self) -> ApiError:
        return ApiError(self.status, [error.as_request_error() for error in self.errors])


def refuse(code: str, message: str, fields: tuple[str, ...] | None = (), status: int = 400) -> RecordRefused:
    """A refusal for one reason."""
    return RecordRefused([RecordError(code, message, fields)], status)


def request_error(status: int, code: str, message: str) -> ApiError:
    """An error of the request itself, which names no fields."""
    return ApiError(status, [{"message": message, "errorCode": code}])


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """404 as routing sends it: here `errorCode` stands first."""
    return ApiError(404, [{"errorCode": "NOT_FOUND", "message": message}])


def method_not_allowed(method: str, allowed: Sequence[str]) -> ApiError:
    names = ", ".join(allowed)
    message = f"HTTP Method '{method}' not allowed. Allowed are {names}"
    return ApiError(405, [{"errorCode": "METHOD_NOT_ALLOWED", "message": message}], {"Allow": names})


def parser_error(message: str) -> ApiError:
    return request_error(400, "JSON_PARSER_ERROR", message)


def invalid_session() -> ApiError:
    body = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    return ApiError(401, body, {"WWW-Authenticate": "Token"})
