"""The filters of the template language: which there are, what each takes, and how one is called safely.

Names and meaning are Liquid's, and so are the functions, python-liquid's, wherever they do what a builder expects; the
few in `own_filters` say why they differ. One rule is ours throughout: null goes through a filter untouched, except
through those marked `sees_null`, so that an amount that is missing does not turn into 0 on its way to Salesforce.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Final

from liquid import Environment
from liquid.exceptions import LiquidError

from workflows.definition import own_filters as own
from workflows.definition.own_filters import FilterFailed
from workflows.definition.values import JSON, MAX_DIGITS, MAX_NUMBER, TooLarge, to_json_text, to_text, type_name


class Kind(Enum):
    """What a filter, or an argument of one, is given; anything else is turned into it or refused."""

    ANY = "any value"
    TEXT = "text"
    NUMBER = "number"
    INTEGER = "whole number"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter. `arguments` are the kinds of its arguments, of which the first `required` must be given.

    `grows` tells the size of a result beforehand, for those whose result may be many times the size of what goes in.
    """

    name: str
    takes: Kind
    call: Callable[..., Any]
    arguments: tuple[Kind, ...] = ()
    required: int = 0
    keywords: tuple[str, ...] = ()
    sees_null: bool = False
    grows: Callable[..., int] | None = None

    def apply(self, value: JSON, arguments: tuple[JSON, ...], keywords: Mapping[str, JSON], limit: int) -> object:
        """The filter's result. Raises: FilterFailed in a builder's words; TooLarge when it would pass `limit`."""
        if value is None and not self.sees_null:
            return None
        if self.takes is Kind.NUMBER and None in arguments:
            return None
        value = converted(value, self.takes)
        if self.grows and self.grows(value, *arguments) > limit:
            raise TooLarge(f"{limit:,} characters")
        try:
            return self.call(value, *arguments, **keywords)
        except FilterFailed:
            raise
        except LiquidError as error:
            raise FilterFailed(str(error.args[0]) if error.args else type(error).__name__) from error
        except Exception as error:  # a door: whatever these functions raise, the builder reads a sentence
            raise FilterFailed(f"it does not work on {type_name(value)} {to_text(value)[:60]!r}") from error

    def argument(self, value: JSON, kind: Kind) -> JSON:
        """An argument as the filter takes it. A number filter is given null as it is, and then gives null."""
        return None if value is None and self.takes is Kind.NUMBER else converted(value, kind)

    @property
    def usage(self) -> str:
        """How many arguments it takes, in words."""
        least, most = self.required, len(self.arguments)
        if most == 0:
            return "takes no argument"
        if least == most:
            return f"takes {most} argument{'s' if most > 1 else ''}"
        return f"takes {least} to {most} arguments"


_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*\Z", re.ASCII)
"""A number in plain decimal notation or as JSON writes it; no thousands separators, no other scripts' digits, no `0x`."""


def converted(value: JSON, kind: Kind) -> JSON:
    """Return `value` as a filter of this kind takes it. Raises: FilterFailed when it cannot be."""
    if kind is Kind.ANY:
        return value
    if kind is Kind.TEXT:
        return to_text(value)
    if kind is Kind.LIST:
        return value if isinstance(value, list) else [] if value is None else [value]
    return _number(value, kind)


def _number(value: JSON, kind: Kind) -> int | float:
    if isinstance(value, str) and _NUMBER.match(value):
        value = _read_number(value.strip())
    if value is None:
        raise FilterFailed("it needs a number, and there is none")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FilterFailed(f"it needs a number, and {type_name(value)} {to_text(value)[:60]!r} is none")
    if kind is Kind.INTEGER and value != int(value):
        raise FilterFailed(f"it needs a whole number, and {value} is none")
    return int(value) if kind is Kind.INTEGER else value


def _read_number(text: str) -> int | float:
    if sum(map(str.isdigit, text)) > MAX_DIGITS:
        raise FilterFailed(f"the number has more than {MAX_DIGITS} digits")
    number = int(text) if text.lstrip("+-").isdigit() else float(text)
    if not -MAX_NUMBER < number < MAX_NUMBER:
        raise FilterFailed(f"the number has more than {MAX_DIGITS} digits")
    return number


def _catalogue() -> dict[str, Filter]:
    environment = Environment()

    def liquid(name: str) -> Callable[..., Any]:
        function = environment.filters[name]
        if getattr(function, "with_environment", False):
            return partial(function, environment=environment)
        return function

    any_, text, number, integer, list_ = Kind.ANY, Kind.TEXT, Kind.NUMBER, Kind.INTEGER, Kind.LIST
    filters = [
        Filter("default", any_, liquid("default"), (any_,), 1, keywords=("allow_false",), sees_null=True),
        Filter("json", any_, to_json_text, sees_null=True),
        Filter("size", any_, liquid("size"), sees_null=True),
        Filter("date", any_, partial(own.formatted_date, liquid("date")), (text,), 1),
        # text
        Filter("append", any_, own.appended, (any_,), 1, sees_null=True),
        Filter("prepend", any_, own.prepended, (any_,), 1, sees_null=True),
        *(Filter(name, text, liquid(name)) for name in (
            "upcase", "downcase", "capitalize", "strip", "lstrip", "rstrip", "squish", "strip_newlines",
            "newline_to_br", "escape", "escape_once", "url_encode", "url_decode", "base64_encode", "base64_decode",
            "base64_url_safe_encode", "base64_url_safe_decode",
        )),
        Filter("strip_html", text, own.without_tags),
        Filter("truncate", text, own.truncate, (integer, text)),
        Filter("truncatewords", text, own.truncate_words, (integer, text)),
        Filter("replace", text, liquid("replace"), (text, text), 1, grows=own.size_replaced),
        Filter("replace_first", text, liquid("replace_first"), (text, text), 1),
        Filter("replace_last", text, own.replace_last, (text, text), 1),
        Filter("remove", text, liquid("remove"), (text,), 1),
        Filter("remove_first", text, liquid("remove_first"), (text,), 1),
        Filter("remove_last", text, own.replace_last, (text,), 1),
        Filter("split", text, liquid("split"), (text,), 1, grows=own.size_split),
        Filter("slice", any_, own.slice_of, (integer, integer), 1),
        # numbers
        *(Filter(name, number, liquid(name)) for name in ("abs", "ceil", "floor")),
        *(Filter(name, number, liquid(name), (number,), 1) for name in (
            "plus", "minus", "times", "divided_by", "modulo", "at_least", "at_most",
        )),
        Filter("round", number, own.rounded, (integer,)),
        # lists
        Filter("join", list_, own.joined, (text,), grows=own.size_joined),
        Filter("first", any_, liquid("first")),
        Filter("last", any_, liquid("last")),
        Filter("concat", list_, liquid("concat"), (list_,), 1, sees_null=True),
        Filter("reverse", list_, liquid("reverse")),
        Filter("compact", list_, liquid("compact")),
        Filter("map", list_, own.mapped, (text,), 1),
        Filter("where", list_, own.where, (text, any_), 1),
        Filter("reject", list_, own.reject, (text, any_), 1),
        Filter("find", list_, own.find, (text, any_), 1),
        Filter("has", list_, own.has, (text, any_), 1),
        Filter("sort", list_, own.sorted_by, (text,)),
        Filter("sort_natural", list_, own.sorted_naturally, (text,)),
        Filter("uniq", list_, own.unique, (text,)),
        Filter("sum", list_, own.summed, (text,)),
    ]  # fmt: skip
    return {filter.name: filter for filter in filters}


FILTERS: Final = _catalogue()

OTHER_NAMES: Final = {
    "upper": "upcase", "uppercase": "upcase", "lower": "downcase", "lowercase": "downcase", "trim": "strip",
    "length": "size", "count": "size", "concatenate": "append", "to_json": "json", "tojson": "json", "add": "plus",
    "subtract": "minus", "multiply": "times", "divide": "divided_by", "mod": "modulo", "substring": "slice",
    "min": "at_most", "max": "at_least", "unique": "uniq", "fallback": "default", "format": "date",
}  # fmt: skip
"""What people coming from elsewhere call our filters, for the hint in the error message."""
