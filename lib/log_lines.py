"""Log lines: an event name and its ids, as `key=value` pairs or as JSON, that a person and a program can read."""

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from lib.masks import NOTHING, Mask

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "data"}


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


class LineFormatter(logging.Formatter):
    """`2026-11-23T10:00:00.000Z INFO run.finished run=… lane=…`; what a caller gave as `extra` follows the message."""

    def format(self, record: logging.LogRecord) -> str:
        mask = _mask()
        extra = "".join(f" {key}={_one_line(mask.value(value))}" for key, value in _extra(record).items())
        line = f"{_moment(record)} {record.levelname} {record.name} {mask.text(record.getMessage())}{extra}"
        if record.exc_info:
            line += "\n" + mask.text(self.formatException(record.exc_info))
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: "at", "level", "logger", "message", then what a caller gave as `extra`; "exception" last."""

    def format(self, record: logging.LogRecord) -> str:
        mask = _mask()
        fields: dict[str, Any] = {
            "at": _moment(record),
            "level": record.levelname,
            "logger": record.name,
            "message": mask.text(record.getMessage()),
        }
        # A field of ours is not given away: an extra of the same name stands beside it, with a mark.
        fields |= {
            f"{key}_" if key in (*fields, "exception") else key: mask.value(value)
            for key, value in _extra(record).items()
        }
        if record.exc_info:
            fields["exception"] = mask.text(self.formatException(record.exc_info))
        return json.dumps(fields, default=str, ensure_ascii=False)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD and not key.startswith("_")}


def _one_line(value: Any) -> str:
    """A provider's words must not begin a line of their own."""
    return str(value).replace("\r", "\\r").replace("\n", "\\n")


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
