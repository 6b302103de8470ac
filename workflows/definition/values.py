"""JSON values: how they are copied within bounds, and how they print within text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from lib.json_bounds import MAX_INTEGER, MIN_INTEGER

JSON: TypeAlias = "str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"

MAX_DEPTH = 64
"""How deep lists and objects may be nested in what a template touches."""

MAX_DIGITS = 100
MAX_NUMBER = 10**MAX_DIGITS
"""Every number of a template is smaller than this."""

SCALAR_SIZE = 8
"""What a number, a boolean or null counts for in a size, in characters."""


class NotJSON(ValueError):
    """A value that JSON does not know, or that is out of bounds. The text says which and what to do."""


class TooLarge(ValueError):
    """A meter has run out."""


class Meter:
    """Counts characters down from a limit, so that a value that is too large is noticed while it is made."""

    __slots__ = ("left", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = self.left = limit

    def take(self, size: int) -> None:
        """Count `size` characters. Raises: TooLarge when that is more than what is left."""
        self.left -= size
        if self.left < 0:
            raise TooLarge(f"{self.limit:,} characters")


def bounded(number: int | float) -> int | float:
    """Return `number` as it is. Raises: NotJSON when it is not finite or has more than 100 digits."""
    if -MAX_NUMBER < number < MAX_NUMBER:
        return number
    if isinstance(number, float) and not math.isfinite(number):
        raise NotJSON("the result is not a finite number")
    raise NotJSON(f"the number has more than {MAX_DIGITS} digits")


def storable_number(number: int | float) -> int | float | str:
    """Return `number`, or the text of its digits where the history could not keep it as a number. Raises: NotJSON."""
    number = bounded(number)
    if isinstance(number, int) and not MIN_INTEGER <= number <= MAX_INTEGER:
        return str(number)
    return number


def storable_text(text: str) -> str:
    """Return `text` as it is. Raises: NotJSON when it holds what no database keeps: NUL, or half of a surrogate pair."""
    if "\0" in text:
        raise NotJSON("it holds the character NUL (U+0000), which cannot be stored")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise NotJSON(f"it holds U+{ord(text[error.start]):04X}, which is half a character") from error
    return text


def copied(
    value: object, meter: Meter, depth: int = 0, number: Callable[[int | float], int | float | str] = bounded
) -> JSON:
    """Return a copy of `value` made of plain JSON types alone, its size counted on `meter`.

    Dates and UUIDs become text and Decimals numbers, so that whoever fills the context need not do so. `number` says what
    becomes of a number: between filters it keeps its type, in a result it takes the form that can be stored.
    Raises: NotJSON for anything else, for NaN and infinity, for text that cannot be stored; TooLarge.
    """
    kind = type(value)
    if kind is str:
        meter.take(len(value))  # type: ignore[arg-type]
        return storable_text(value)  # type: ignore[arg-type]
    if value is None or kind is bool:
        meter.take(SCALAR_SIZE)
        return value  # type: ignore[return-value]
    if kind is int or kind is float:
        meter.take(SCALAR_SIZE)
        return number(value)  # type: ignore[arg-type]
    if depth >= MAX_DEPTH:
        raise NotJSON(f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, Mapping):
        meter.take(2)
        copy: dict[str, JSON] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotJSON(f"the keys of an object are text, and {key!r:.40} is not")
            meter.take(len(key))
            copy[storable_text(key)] = copied(item, meter, depth + 1, number)
        return copy
    if isinstance(value, list | tuple):
        meter.take(2)
        return [copied(item, meter, depth + 1, number) for item in value]
    return copied(_plain(value), meter, depth + 1, number)


def _plain(value: object) -> JSON:
    """The JSON scalar that stands for `value`."""
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    for plain in (str, int, float):
        if isinstance(value, plain):
            return plain(value)
    raise NotJSON(f"a {type(value).__name__} is no JSON value")


_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*\Z", re.ASCII)
"""A number in plain decimal notation or as JSON writes it; no thousands separators, no other scripts' digits, no `0x`."""


def read_number(text: str) -> int | float | None:
    """Return the number that a text is, None when it is none. Raises: NotJSON when it has more than 100 digits."""
    if not _NUMBER.match(text):
        return None
    text = text.strip()
    if sum(map(str.isdigit, text)) > MAX_DIGITS:
        raise NotJSON(f"the number has more than {MAX_DIGITS} digits")
    number = int(text) if text.lstrip("+-").isdigit() else float(text)
    if not -MAX_NUMBER < number < MAX_NUMBER:
        raise NotJSON(f"the number has more than {MAX_DIGITS} digits")
    return number


def to_text(value: JSON) -> str:
    """How a value prints within text.

    Text as it is; null as nothing; `true` and `false`; numbers as JSON writes them, a whole one without `.0`;
    lists and objects as compact JSON.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if isinstance(value, int | float) else to_json_text(value)


def to_json_text(value: JSON) -> str:
    """`value` as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def type_name(value: object) -> str:
    """What a builder calls the type of `value`: text, number, boolean, null, list or object."""
    if isinstance(value, str):
        return "text"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | Decimal):
        return "number"
    return "object" if isinstance(value, Mapping) else "list"


def strings(value: JSON, place: str = "") -> Iterator[tuple[str, str]]:
    """Every string within `value` with its place: `fields.LastName`, `items[0].sku`."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from strings(item, f"{place}.{key}" if place else key)
    elif isinstance(value, Sequence):
        for index, item in enumerate(value):
            yield from strings(item, f"{place}[{index}]")
