"""The environment's variables, each checked as it is read: a process with a bad one ends at its start with one sentence."""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Collection, Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

import environ

_KEY_BYTES = 32
_DATABASES = ("postgres://", "postgresql://", "sqlite://")
_DATABASE_URL = (
    "It is postgres://user:password@host:port/name, with %-escapes for what is not plain in them, or sqlite:///path."
)
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def refuse(sentence: str) -> NoReturn:
    """End the process with a sentence on standard error.

    Not an ImproperlyConfigured: Celery's and Django's command lines would print where in the code it was raised, in a hundred
    lines, and the sentence as the last of them.
    """
    raise SystemExit(f"Isthmus can not start. {sentence}")


class Environment:
    """Reads variables by their names. Numbers, truths and choices that are set but empty count as not set."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values

    def text(self, name: str, *, default: str) -> str:
        return self._values.get(name, default)

    def texts(self, name: str, *, default: list[str]) -> list[str]:
        """Texts separated by commas."""
        if name not in self._values:
            return default
        return [text.strip() for text in self._values[name].split(",") if text.strip()]

    def choice(self, name: str, choices: Collection[str], *, default: str) -> str:
        value = self._values.get(name) or default
        if value not in choices:
            listed = [f"“{choice}”" for choice in choices]
            refuse(f"{name} is {value!r:.80}; it is {', '.join(listed[:-1])} or {listed[-1]}.")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._values.get(name, "").strip().lower()
        if value and value not in _TRUE + _FALSE:
            refuse(f"{name} is {value!r:.80}; it is true or false.")
        return value in _TRUE if value else default

    def whole(self, name: str, *, default: int, least: int, most: int) -> int:
        """A whole number from `least` to `most`."""
        value = self._values.get(name, "").strip()
        if not value:
            return default
        if not value.removeprefix("-").isdecimal() or not value.isascii() or not least <= int(value[:20]) <= most:
            refuse(f"{name} is {value!r:.80}; it is a whole number from {least} to {most}.")
        return int(value)

    def seconds(self, name: str, *, default: float, least: float = 0.0, most: float = 86_400.0) -> float:
        """A number of seconds from `least` to `most`."""
        value = self._values.get(name, "").strip()
        if not value:
            return default
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            refuse(f"{name} is {value!r:.80}; it is a number of seconds from {least:g} to {most:g}.")
        return number

    def url(self, name: str, *, default: str) -> str:
        """An address that begins with http:// or https://, without a slash at its end."""
        value = self._values.get(name, "").strip().rstrip("/") or default
        if value and not _is_http(value):
            refuse(f"{name} is {value!r:.200}; it is an address like https://isthmus.example.com.")
        return value

    def broker(self, name: str, schemes: Collection[str], *, default: str) -> str:
        """The address of a broker or cache, which may hold a password and is never printed."""
        value = self._values.get(name, "").strip() or default
        if value and not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            refuse(f"{name} begins with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
        return value

    def database(self, name: str, *, default: str) -> dict[str, Any]:
        """Django's description of the database at a URL, which may hold a password and is never printed."""
        value = self._values.get(name, "").strip() or default
        if not value.startswith(_DATABASES):
            refuse(f"{name} names no database that is known here. {_DATABASE_URL}")
        try:
            found: dict[str, Any] = environ.Env.db_url_config(value)
        except Exception:
            refuse(f"{name} can not be read. {_DATABASE_URL}")
        if not found.get("NAME"):
            refuse(f"{name} has no name of a database. {_DATABASE_URL}")
        return found

    def mail(self, name: str, *, default: str) -> dict[str, Any]:
        """Django's settings for a mail server's URL, which may hold a password and is never printed."""
        try:
            found: dict[str, Any] = environ.Env.email_url_config(self._values.get(name, "").strip() or default)
        except Exception:
            refuse(
                f"{name} can not be read: it is smtp+tls://user:password@host:587, with %-escapes in what is not plain."
            )
        return found

    def keys(self, name: str, *, default: list[str]) -> list[str]:
        """Encryption keys, the newest first; never printed."""
        entries = self.texts(name, default=default)
        for number, entry in enumerate(entries, start=1):
            if wrong := _wrong_with_key(entry):
                refuse(f"Key {number} of {name} can not be used: {wrong}.")
        if len({entry.partition(":")[0] for entry in entries}) < len(entries):
            refuse(f"Two keys of {name} have the same id. Give each an id of its own.")
        return entries


def _wrong_with_key(entry: str) -> str:
    """What is wrong with "<id>:<base64 of 32 bytes>"; "" when it is one. The cipher is not loaded for this."""
    key_id, _, encoded = entry.partition(":")
    if not encoded or not key_id or "." in key_id:
        return "it is <id>:<base64 of 32 bytes>, and its id has no full stop"
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        return "what follows its id is not base64"
    return "" if len(raw) == _KEY_BYTES else f"it has {len(raw)} bytes, and {_KEY_BYTES} are needed"


def _is_http(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
