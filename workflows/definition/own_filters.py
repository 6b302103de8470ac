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
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from dateutil import parser as dateutil_parser

from workflows.definition.values import JSON, read_number, to_text, type_name

MAX_DATE_LENGTH = 100
MAX_FORMAT_LENGTH = 200

_MARKUP = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"), ("<", ">"))
_SOME_MIDNIGHT = datetime(2000, 1, 1)
_DIRECTIVE = re.compile(r"%([%sYF])")
_EXACT = Context(prec=400)
"""More digits than any number of a template has, with those after the point that a filter may ask for."""


class FilterFailed(ValueError):
    """A filter cannot do its work on what it was given; the text says why."""


def formatted_date(liquid_date: Callable[..., str], value: JSON, format: str) -> str:
    """A date or time, given as ISO 8601, in words or as Unix seconds, in strftime's format."""
    if len(format) > MAX_FORMAT_LENGTH:
        raise FilterFailed(f"its format is longer than {MAX_FORMAT_LENGTH} characters")
    moment = _moment(value)

    def written(found: re.Match[str]) -> str:
        # Unix seconds as of UTC, and years with all four digits, whatever the platform's strftime does.
        if found[1] == "s":
            return str(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))
        return {"Y": f"{moment.year:04}", "F": f"{moment.year:04}-%m-%d"}.get(found[1], found[0])

    return liquid_date(moment, _DIRECTIVE.sub(written, format))


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
    """The last `wanted` replaced; where that is "", `substitute` at the end, as Liquid has it."""
    at = text.rfind(wanted)
    return text if at < 0 else text[:at] + substitute + text[at + len(wanted) :]


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
    """Half up, away from zero; with `digits` 0 a whole number, below 0 one of whole tens or hundreds."""
    if digits > 30 or (isinstance(number, int) and digits >= 0):
        return number
    unit = Decimal(1).scaleb(max(0, min(-digits, 110)) if digits < 0 else -digits)
    result = Decimal(str(number)).quantize(unit, ROUND_HALF_UP, context=_EXACT)
    return float(result) if digits > 0 else int(result)


def joined(items: list[JSON], separator: str = " ") -> str:
    return separator.join(map(to_text, items))


def as_list(value: JSON) -> list[JSON]:
    """The items of a list, those of lists within it among them; a single value is a list of one, null an empty one."""
    if not isinstance(value, list):
        return [] if value is None else [value]
    if not any(isinstance(item, list) for item in value):
        return value
    items: list[JSON] = []
    for item in value:
        items += as_list(item) if isinstance(item, list) else [item]
    return items


def number_of(value: JSON) -> int | float:
    """The number that a value is, or that a text is. Raises: FilterFailed, NotJSON when it is none."""
    number = read_number(value) if isinstance(value, str) else value
    if value is None:
        raise FilterFailed("it needs a number, and there is none")
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise FilterFailed(f"it needs a number, and {type_name(value)} {to_text(value)[:60]!r} is none")
    return number


def first(value: JSON) -> JSON:
    if isinstance(value, list):
        return value[0] if value else None
    return value


def last(value: JSON) -> JSON:
    if isinstance(value, list):
        return value[-1] if value else None
    return value


def concatenated(value: JSON, more: JSON) -> list[JSON] | None:
    """Both as one list; of two nulls null, so that two missing lists do not empty a field."""
    return None if value is None and more is None else [*as_list(value), *as_list(more)]


def compacted(items: list[JSON], key: str | None = None) -> list[JSON]:
    return [item for item in items if (item if key is None else _field(item, key)) is not None]


def mapped(items: list[JSON], key: str) -> list[JSON]:
    return [_field(item, key) for item in items]


def where(items: list[JSON], key: str, *wanted: JSON) -> list[JSON]:
    """Items whose `key` is `wanted`, or is neither null nor false. A wanted null is looked for, not left out."""
    return [item for item in items if _matches(item, key, *wanted)]


def reject(items: list[JSON], key: str, *wanted: JSON) -> list[JSON]:
    return [item for item in items if not _matches(item, key, *wanted)]


def find(items: list[JSON], key: str, *wanted: JSON) -> JSON:
    return next((item for item in items if _matches(item, key, *wanted)), None)


def find_index(items: list[JSON], key: str, *wanted: JSON) -> int | None:
    """The place of what `find` gives, from 0."""
    return next((at for at, item in enumerate(items) if _matches(item, key, *wanted)), None)


def has(items: list[JSON], key: str, *wanted: JSON) -> bool:
    return any(_matches(item, key, *wanted) for item in items)


def _matches(item: JSON, key: str, *wanted: JSON) -> bool:
    """Whether an object's `key` is what is wanted; a text matches when it holds `key`, as in Liquid, other values when
    they are written so."""
    if isinstance(item, dict):
        value = item.get(key)
        return _is_same(value, wanted[0]) if wanted else value is not None and value is not False
    is_found = key in item if isinstance(item, str) else item is not None and key == to_text(item)
    return is_found and (not wanted or to_text(wanted[0]) == key)


def _is_same(one: JSON, other: JSON) -> bool:
    """Whether two values are the same JSON: true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def sorted_by(items: list[JSON], key: str | None = None) -> list[JSON]:
    """Ascending; what has no value for `key` comes last."""
    return _sorted(items, key, lambda value: value)


def sorted_naturally(items: list[JSON], key: str | None = None) -> list[JSON]:
    """As `sorted_by`, by their text and without regard to case."""
    return _sorted(items, key, lambda value: to_text(value).lower())


def _sorted(items: list[JSON], key: str | None, rank: Callable[[JSON], Any]) -> list[JSON]:
    values = [item if key is None else _field(item, key) for item in items]
    try:
        order = sorted(
            range(len(items)), key=lambda at: (values[at] is None, None if values[at] is None else rank(values[at]))
        )
    except TypeError as error:
        kinds = " and ".join(sorted({type_name(value) for value in values if value is not None}))
        raise FilterFailed(f"it cannot tell an order among values of the type {kinds}") from error
    return [items[at] for at in order]


def unique(items: list[JSON], key: str | None = None) -> list[JSON]:
    """The first of each; two are the same when they are the same JSON."""
    firsts: dict[str, JSON] = {}
    for item in items:
        same = json.dumps(item if key is None else _field(item, key), sort_keys=True)
        firsts.setdefault(same, item)
    return list(firsts.values())


def summed(items: list[JSON], key: str | None = None) -> int | float:
    """The sum of the numbers, whole numbers with all their digits; null counts nothing."""
    values = (item if key is None else _field(item, key) for item in items)
    numbers = [number_of(value) for value in values if value is not None]
    if all(isinstance(number, int) for number in numbers):
        return sum(numbers)
    total = Decimal(0)
    for number in numbers:
        total = _EXACT.add(total, Decimal(str(number)))
    is_short_whole = total == total.to_integral_value(context=_EXACT) and abs(total) < 10**15
    return int(total) if is_short_whole else float(total)


def _field(item: JSON, key: str) -> JSON:
    return item.get(key) if isinstance(item, dict) else None


def size_replaced(text: str, wanted: str, substitute: str = "") -> int:
    return len(text) + text.count(wanted) * max(len(substitute) - len(wanted), 0)


def size_split(text: str, separator: str) -> int:
    return len(text) + (text.count(separator) if separator else len(text))


def size_joined(items: list[JSON], separator: str = " ") -> int:
    return len(items) * len(separator)
