"""Filter functions of our own: where Liquid has none, or where its port would surprise a builder.

A field of Salesforce has a length, so `truncate: 80` leaves a text of exactly 80 characters alone; amounts round half
up, as people do, and not half to even; a date that cannot be read is an error, not passed on as it is; times are UTC,
whatever the server's zone; and every function takes time in proportion to what it is given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from dateutil import parser as dateutil_parser

from workflows.definition.values import JSON, to_text, type_name

MAX_DATE_LENGTH = 100
MAX_FORMAT_LENGTH = 200

_MARKUP = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"), ("<", ">"))
_SOME_MIDNIGHT = datetime(2000, 1, 1)
_EPOCH_DIRECTIVE = re.compile(r"%([%s])")


class FilterFailed(ValueError):
    """A filter cannot do its work on what it was given; the text says why."""


def formatted_date(liquid_date: Callable[..., str], value: JSON, format: str) -> str:
    """A date or time, given as ISO 8601, in words or as Unix seconds, in strftime's format."""
    if len(format) > MAX_FORMAT_LENGTH:
        raise FilterFailed(f"its format is longer than {MAX_FORMAT_LENGTH} characters")
    moment = _moment(value)
    seconds = str(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))
    return liquid_date(moment, _EPOCH_DIRECTIVE.sub(lambda found: seconds if found[1] == "s" else found[0], format))


def _moment(value: JSON) -> datetime:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise FilterFailed(f"it needs a date, and {type_name(value)} {to_text(value)[:60]!r} is none")
    try:
        if not isinstance(value, str):
            return datetime.fromtimestamp(value, UTC)
        text = value.strip()
        if len(text) > MAX_DATE_LENGTH or not any(map(str.isdigit, text)):
            raise ValueError
        if text.isascii() and text.isdigit() and len(text) > 8:
            return datetime.fromtimestamp(int(text), UTC)
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            moment: datetime = dateutil_parser.parse(text, default=_SOME_MIDNIGHT)
            return moment
    except (ValueError, OverflowError, OSError) as error:
        advice = " (for the time at which the event arrived, use run.received_at)" if value in ("now", "today") else ""
        raise FilterFailed(f"{to_text(value)[:60]!r} is no date that can be read{advice}") from error


def appended(value: JSON, addition: JSON) -> str | None:
    """`value` and `addition` as one text, null as nothing; of nothing but nulls and blanks between them, null."""
    return None if _say_nothing(value, addition) else to_text(value) + to_text(addition)


def prepended(value: JSON, addition: JSON) -> str | None:
    return None if _say_nothing(value, addition) else to_text(addition) + to_text(value)


def _say_nothing(value: JSON, addition: JSON) -> bool:
    """Whether a missing value gets nothing but a separator, or another missing value; "" is said, and stays."""
    return value is None and (addition is None or (isinstance(addition, str) and addition.isspace()))


def truncate(text: str, length: int = 50, end: str = "...") -> str:
    """At most `length` characters, the end included."""
    length = max(length, 0)
    return text if len(text) <= length else (text[: max(length - len(end), 0)] + end)[:length]


def truncate_words(text: str, count: int = 15, end: str = "...") -> str:
    """At most `count` words (at least one), and `end` where words were left out."""
    count = max(count, 1)
    words = text.split(None, count)
    return text if len(words) <= count else " ".join(words[:count]) + end


def replace_last(text: str, wanted: str, substitute: str = "") -> str:
    before, found, after = text.rpartition(wanted)
    return before + substitute + after if found else text


def slice_of(value: JSON, start: int, length: int = 1) -> JSON:
    """`length` characters or items from `start` on; a negative start counts from the end."""
    whole = value if isinstance(value, list) else to_text(value)
    if start < 0:
        start += len(whole)
        if start < 0:
            return whole[:0]
    return whole[start : start + max(length, 0)]


def without_tags(text: str) -> str:
    """`text` less its HTML tags, comments, scripts and styles, in one pass."""
    lower = text.lower() if len(text.lower()) == len(text) else text
    kept: list[str] = []
    at = 0
    while (opened := text.find("<", at)) >= 0:
        start, stop = next(pair for pair in _MARKUP if lower.startswith(pair[0], opened))
        closed = lower.find(stop, opened + len(start))
        if closed < 0:
            break
        kept.append(text[at:opened])
        at = closed + len(stop)
    return "".join(kept) + text[at:]


def rounded(number: int | float, digits: int = 0) -> int | float:
    """Half up, away from zero; with `digits` 0 a whole number."""
    if not 0 <= digits <= 10:
        raise FilterFailed("it rounds to 0 to 10 digits")
    if isinstance(number, int):
        return number
    result = Decimal(str(number)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) if abs(number) < 1e15 else number
    return float(result) if digits else int(result)


def joined(items: list[JSON], separator: str = " ") -> str:
    return separator.join(map(to_text, items))


def mapped(items: list[JSON], key: str) -> list[JSON]:
    return [_field(item, key) for item in items]


def where(items: list[JSON], key: str, *wanted: JSON) -> list[JSON]:
    """Items whose `key` is `wanted`, or is neither null nor false. A wanted null is looked for, not left out."""
    return [item for item in items if _matches(item, key, *wanted)]


def reject(items: list[JSON], key: str, *wanted: JSON) -> list[JSON]:
    return [item for item in items if not _matches(item, key, *wanted)]


def find(items: list[JSON], key: str, *wanted: JSON) -> JSON:
    return next((item for item in items if _matches(item, key, *wanted)), None)


def has(items: list[JSON], key: str, *wanted: JSON) -> bool:
    return any(_matches(item, key, *wanted) for item in items)


def _matches(item: JSON, key: str, *wanted: JSON) -> bool:
    value = _field(item, key)
    return value == wanted[0] if wanted else value is not None and value is not False


def sorted_by(items: list[JSON], key: str | None = None) -> list[JSON]:
    """Ascending; what has no value for `key` comes last."""
    return _sorted(items, key, lambda value: value)


def sorted_naturally(items: list[JSON], key: str | None = None) -> list[JSON]:
    """As `sorted_by`, by their text and without regard to case."""
    return _sorted(items, key, lambda value: to_text(value).lower())


def _sorted(items: list[JSON], key: str | None, rank: Callable[[JSON], Any]) -> list[JSON]:
    values = [item if key is None else _field(item, key) for item in items]
    order = sorted(
        range(len(items)), key=lambda at: (values[at] is None, None if values[at] is None else rank(values[at]))
    )
    return [items[at] for at in order]


def unique(items: list[JSON], key: str | None = None) -> list[JSON]:
    """The first of each; two are the same when they are the same JSON."""
    firsts: dict[str, JSON] = {}
    for item in items:
        same = json.dumps(item if key is None else _field(item, key), sort_keys=True)
        firsts.setdefault(same, item)
    return list(firsts.values())


def summed(items: list[JSON], key: str | None = None) -> int | float:
    """The sum of the numbers; null counts nothing."""
    total = Decimal(0)
    for item in items:
        value = item if key is None else _field(item, key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FilterFailed(f"it adds numbers, and {type_name(value)} {to_text(value)[:60]!r} is none")
        total += Decimal(str(value))
    return int(total) if total == total.to_integral_value() and abs(total) < 10**18 else float(total)


def _field(item: JSON, key: str) -> JSON:
    return item.get(key) if isinstance(item, dict) else None


def size_replaced(text: str, wanted: str, substitute: str = "") -> int:
    return len(text) + text.count(wanted) * max(len(substitute) - len(wanted), 0)


def size_split(text: str, separator: str) -> int:
    return len(text) + (text.count(separator) if separator else len(text))


def size_joined(items: list[JSON], separator: str = " ") -> int:
    return len(items) * len(separator)
