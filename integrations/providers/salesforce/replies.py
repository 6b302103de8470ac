"""Answers of Salesforce, read defensively: its edge answers in HTML, with nothing, or with an object for a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson
import requests
from django.utils import timezone

from integrations.providers.base import JSON, bounded_wait

_USAGE: Final = re.compile(r"(?<![\w-])api-usage=([0-9]{1,9})/([0-9]{1,9})(?![0-9])")
_SECONDS: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_TAGS: Final = re.compile(r"<(script|style)\b(?:[^<]|<(?!/\1>))*+(?:</\1>|\Z)|<[^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ApiError:
    """One error of an answer, or of one record in it."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    """Ids of the records that a duplicate rule found."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `body` is None where it held no JSON."""

    status: int
    body: JSON
    text: str = field(repr=False, default="")
    """The beginning of what was said instead of JSON."""
    retry_after: float | None = None

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def errors(self) -> list[ApiError]:
        """What went wrong; at least one error unless the answer is a success."""
        if self.is_ok:
            return []
        return read_errors(self.body) or [ApiError(f"HTTP_{self.status}", self.text or f"HTTP status {self.status}")]


def read(answer: requests.Response) -> Reply:
    """The answer as a Reply."""
    try:
        body = orjson.loads(answer.content) if answer.content else None
    except orjson.JSONDecodeError:
        body = None
    text = "" if body is not None else " ".join(_TAGS.sub(" ", answer.text).split())[:300]
    return Reply(answer.status_code, body, text, _seconds(answer))


def read_errors(body: JSON) -> list[ApiError]:
    """The errors in a body: a list of them, one alone, or those of an item of a collection."""
    items = body if isinstance(body, list) else [body]
    return [_error(item) for item in items if isinstance(item, Mapping) and _code(item)]


def _error(item: Mapping[str, Any]) -> ApiError:
    fields = item.get("fields")
    return ApiError(
        code=_code(item),
        message=str(item.get("message") or item.get("error_description") or ""),
        fields=tuple(str(name) for name in fields) if isinstance(fields, list) else (),
        matches=tuple(_matches(item.get("duplicateResut") or item.get("duplicateResult"))),
    )


def _code(item: Mapping[str, Any]) -> str:
    """It is called `errorCode`, but `statusCode` in collections, and `error` at the OAuth endpoints."""
    return str(item.get("errorCode") or item.get("statusCode") or item.get("error") or "")


def _matches(result: JSON) -> list[str]:
    found: list[str] = []
    if not isinstance(result, Mapping):
        return found
    for match in result.get("matchResults") or []:
        for matched in match.get("matchRecords") or []:
            if record_id := (matched.get("record") or {}).get("Id"):
                found.append(str(record_id))
    return found


def usage(answer: requests.Response) -> tuple[int, int] | None:
    """(used, limit) of the org's daily API calls, from `Sforce-Limit-Info: api-usage=25/5000; per-app-...`."""
    said = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
    return (int(said[1]), int(said[2])) if said else None


def server_time(answer: requests.Response) -> datetime | None:
    """The server's clock, to the second."""
    return _moment(answer.headers.get("Date"))


def _moment(header: str | None) -> datetime | None:
    """A date of HTTP; None where it is none. A zone that is not known ("-0000") counts as UTC. Source: RFC 9110, 5.6.7."""
    try:
        read = parsedate_to_datetime(header or "")
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _seconds(answer: requests.Response) -> float | None:
    """What `Retry-After` asks for: seconds, or a date by the server's clock. Source: RFC 9110, 10.2.3."""
    header = answer.headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(header):
        return bounded_wait(float(header))
    until = _moment(header)
    return bounded_wait((until - (server_time(answer) or timezone.now())).total_seconds()) if until else None
