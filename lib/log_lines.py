"""Log lines: an event name and its ids, as `key=value` pairs or as JSON, that a person and a program can read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from lib.masks import NOTHING, Mask

if TYPE_CHECKING:
    from lib.log_addresses import LogAddress

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "data", "request"}


_in_hand: ContextVar[set[str] | None] = ContextVar("secrets_in_hand", default=None)


@contextmanager
def hiding() -> Iterator[None]:
    """Keep the secrets that `hide` names meanwhile out of this thread's log lines, also out of what exceptions say."""
    token = _in_hand.set(set())
    try:
        yield
    finally:
        _in_hand.reset(token)


def hide(secrets: Iterable[str]) -> None:
    """Name secrets that are in hand until the enclosing `hiding` ends; without one, nothing happens."""
    known = _in_hand.get()
    if known is not None:
        known.update(secrets)


def _mask() -> Mask:
    known = _in_hand.get()
    return Mask(known) if known else NOTHING


class FaultFilter(logging.Filter):
    """Lets pass what Django says of an answer, unless that answer is 501: what is not built yet is no fault to look into."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != HTTPStatus.NOT_IMPLEMENTED


class _Told:
    """What a line may tell of a record: its message, its extra and its exception, without the secrets that are known."""

    def __init__(self, record: logging.LogRecord) -> None:
        self._mask = _mask()
        self._address = _address_of(record)
        self.message = self.cleaned(record.getMessage())
        self.extra = {key: self._mask.value(value) for key, value in _extra(record).items()}
        if self._address:
            self.extra = {"method": self._address.method, "path": self._address.path, **self.extra}

    def cleaned(self, text: str) -> str:
        return self._mask.text(self._address.cleaned(text) if self._address else text)


def _address_of(record: logging.LogRecord) -> LogAddress | None:
    """The address of the request that Django gives with its lines; its own text would hold the query."""
    request = vars(record).get("request")
    if request is None:
        return None
    from django.http import HttpRequest  # not before there are settings, of which this module is a part

    from lib.log_addresses import LogAddress

    return LogAddress.of(request) if isinstance(request, HttpRequest) else None


class LineFormatter(logging.Formatter):
    """`2026-11-23T10:00:00.000Z INFO run.finished run=… lane=…`; what a caller gave as `extra` follows the message."""

    def format(self, record: logging.LogRecord) -> str:
        told = _Told(record)
        extra = "".join(f" {key}={_one_line(value)}" for key, value in told.extra.items())
        line = f"{_moment(record)} {record.levelname} {record.name} {told.message}{extra}"
        if record.exc_info:
            line += "\n" + told.cleaned(self.formatException(record.exc_info))
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: "at", "level", "logger", "message", then what a caller gave as `extra`; "exception" last."""

    def format(self, record: logging.LogRecord) -> str:
        told = _Told(record)
        fields: dict[str, Any] = {
            "at": _moment(record),
            "level": record.levelname,
            "logger": record.name,
            "message": told.message,
        }
        # A field of ours is not given away: an extra of the same name stands beside it, with a mark.
        fields |= {f"{key}_" if key in (*fields, "exception") else key: value for key, value in told.extra.items()}
        if record.exc_info:
            fields["exception"] = told.cleaned(self.formatException(record.exc_info))
        return json.dumps(fields, default=str, ensure_ascii=False)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD and not key.startswith("_")}


def _one_line(value: Any) -> str:
    """A provider's words must not begin a line of their own."""
    return str(value).replace("\r", "\\r").replace("\n", "\\n")


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
