"""The filters of the template language: which there are, what each takes, and how one is called safely.

Names and meaning are Liquid's, and so are the functions, python-liquid's, wherever they do what a builder expects; the
few in `own_filters` say why they differ. One rule is ours throughout: null goes through a filter untouched, except
through those marked `sees_null`, so that an amount that is missing does not turn into 0 on its way to Salesforce. What a
null argument does is said for each argument: as Liquid has it, or the value stays and the history shows a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Final

from liquid import Environment
from liquid.exceptions import LiquidError

from workflows.definition import own_filters as own
from workflows.definition.own_filters import FilterFailed
from workflows.definition.values import JSON, NotJSON, TooLarge, to_json_text, to_text, type_name


class Kind(Enum):
    """What a filter, or an argument of one, is given; anything else is turned into it or refused."""

    ANY = "any value"
    TEXT = "text"
    NUMBER = "number"
    INTEGER = "whole number"
    LIST = "list"


class OnNull(Enum):
    """What a filter does where an argument is null."""

    TAKEN = "it is given null, text arguments nothing"
    OMITTED = "as if the argument were not written"
    UNCHANGED = "it leaves the value as it is, with a warning"
    NULL = "it gives null, with a warning"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a filter. `blank_is_null`: "" names nothing, so it counts as null."""

    kind: Kind
    on_null: OnNull
    blank_is_null: bool = False

    def of(self, value: JSON) -> JSON:
        """Return the value as the filter takes it. Raises: FilterFailed, NotJSON when it cannot be."""
        if value is None or (self.blank_is_null and value == ""):
            return "" if self.kind is Kind.TEXT and self.on_null is OnNull.TAKEN else None
        return converted(value, self.kind)


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter. The first `required` of its `arguments` must be given.

    `grows` tells the size of a result beforehand, for those whose result may be many times the size of what goes in.
    """

    name: str
    takes: Kind
    call: Callable[..., Any]
    arguments: tuple[Argument, ...] = ()
    required: int = 0
    keywords: tuple[str, ...] = ()
    sees_null: bool = False
    grows: Callable[..., int] | None = None

    def apply(self, value: JSON, arguments: tuple[JSON, ...], keywords: Mapping[str, JSON], limit: int) -> object:
        """Return the filter's result, for arguments that `without` does not settle.

        Raises: FilterFailed, NotJSON in a builder's words; TooLarge when it would pass `limit`.
        """
        if value is None and not self.sees_null:
            return None
        value = converted(value, self.takes)
        if None in arguments:
            arguments = self._written(arguments)
        if self.grows and self.grows(value, *arguments) > limit:
            raise TooLarge(f"{limit:,} characters")
        try:
            return self.call(value, *arguments, **keywords)
        except (FilterFailed, NotJSON):
            raise
        except LiquidError as error:
            raise FilterFailed(str(error.args[0]) if error.args else type(error).__name__) from error
        except Exception as error:  # a door: whatever these functions raise, the builder reads a sentence
            raise FilterFailed(f"it does not work on {type_name(value)} {to_text(value)[:60]!r}") from error

    def without(self, arguments: tuple[JSON, ...]) -> OnNull | None:
        """Return what it does instead of its work where an argument is null; None where it does its work."""
        for value, argument in zip(arguments, self.arguments, strict=False):
            if value is None and argument.on_null in (OnNull.UNCHANGED, OnNull.NULL):
                return argument.on_null
        return None

    def _written(self, arguments: tuple[JSON, ...]) -> tuple[JSON, ...]:
        """Return the arguments up to the first null one that counts as not written."""
        for place, (value, argument) in enumerate(zip(arguments, self.arguments, strict=False)):
            if value is None and argument.on_null is OnNull.OMITTED:
                return arguments[:place]
        return arguments

    @property
    def usage(self) -> str:
        """How many arguments it takes, in words."""
        least, most = self.required, len(self.arguments)
        if most == 0:
            return "takes no argument"
        if least == most:
            return f"takes {most} argument{'s' if most > 1 else ''}"
        return f"takes {least} to {most} arguments"


_MOST_COUNTED = 10**9
"""No text or list is longer; a larger whole number means as much as this one."""


def converted(value: JSON, kind: Kind) -> JSON:
    """Return `value` as a filter of this kind takes it. Raises: FilterFailed, NotJSON when it cannot be."""
    if kind is Kind.ANY:
        return value
    if kind is Kind.TEXT:
        return to_text(value)
    if kind is Kind.LIST:
        return own.as_list(value)
    number = own.number_of(value)
    if kind is Kind.NUMBER:
        return number
    if number != int(number):
        raise FilterFailed(f"it needs a whole number, and {number} is none")
    return max(-_MOST_COUNTED, min(int(number), _MOST_COUNTED))


def _catalogue() -> dict[str, Filter]:
    environment = Environment()

    def liquid(name: str) -> Callable[..., Any]:
        function = environment.filters[name]
        if getattr(function, "with_environment", False):
            return partial(function, environment=environment)
        return function

    any_, text, number, list_ = Kind.ANY, Kind.TEXT, Kind.NUMBER, Kind.LIST
    value, words, items = Argument(any_, OnNull.TAKEN), Argument(text, OnNull.TAKEN), Argument(any_, OnNull.TAKEN)
    operand = Argument(number, OnNull.NULL)
    count, length = Argument(Kind.INTEGER, OnNull.OMITTED), Argument(Kind.INTEGER, OnNull.UNCHANGED)
    pattern = Argument(text, OnNull.UNCHANGED)
    format = Argument(text, OnNull.UNCHANGED, blank_is_null=True)
    separator = Argument(text, OnNull.OMITTED)
    key = Argument(text, OnNull.OMITTED, blank_is_null=True)
    sought, chosen = (
        Argument(text, OnNull.NULL, blank_is_null=True),
        Argument(text, OnNull.UNCHANGED, blank_is_null=True),
    )
    filters = [
        Filter("default", any_, liquid("default"), (value,), 1, keywords=("allow_false",), sees_null=True),
        Filter("json", any_, to_json_text, sees_null=True),
        Filter("size", any_, liquid("size"), sees_null=True),
        Filter("date", any_, partial(own.formatted_date, liquid("date")), (format,), 1),
        # text
        Filter("append", any_, own.appended, (value,), 1, sees_null=True),
        Filter("prepend", any_, own.prepended, (value,), 1, sees_null=True),
        *(Filter(name, text, liquid(name)) for name in (
            "upcase", "downcase", "capitalize", "strip", "lstrip", "rstrip", "squish", "strip_newlines",
            "newline_to_br", "escape", "escape_once", "url_encode", "url_decode", "base64_encode", "base64_decode",
            "base64_url_safe_encode", "base64_url_safe_decode",
        )),
        Filter("strip_html", text, own.without_tags),
        Filter("truncate", text, own.truncate, (length, words)),
        Filter("truncatewords", text, own.truncate_words, (length, words)),
        Filter("replace", text, liquid("replace"), (pattern, words), 1, grows=own.size_replaced),
        Filter("replace_first", text, liquid("replace_first"), (pattern, words), 1),
        Filter("replace_last", text, own.replace_last, (pattern, words), 1),
        Filter("remove", text, liquid("remove"), (pattern,), 1),
        Filter("remove_first", text, liquid("remove_first"), (pattern,), 1),
        Filter("remove_last", text, own.replace_last, (pattern,), 1),
        Filter("split", text, liquid("split"), (pattern,), 1, grows=own.size_split),
        Filter("slice", any_, own.slice_of, (length, count), 1),
        # numbers
        *(Filter(name, number, liquid(name)) for name in ("abs", "ceil", "floor")),
        *(Filter(name, number, liquid(name), (operand,), 1) for name in (
            "plus", "minus", "times", "divided_by", "modulo", "at_least", "at_most",
        )),
        Filter("round", number, own.rounded, (count,)),
        # lists
        Filter("join", list_, own.joined, (separator,), grows=own.size_joined),
        Filter("first", any_, own.first),
        Filter("last", any_, own.last),
        Filter("concat", any_, own.concatenated, (items,), 1, sees_null=True),
        Filter("reverse", list_, liquid("reverse")),
        Filter("compact", list_, own.compacted, (key,)),
        Filter("map", list_, own.mapped, (chosen,), 1),
        Filter("where", list_, own.where, (chosen, value), 1),
        Filter("reject", list_, own.reject, (chosen, value), 1),
        Filter("find", list_, own.find, (sought, value), 1),
        Filter("find_index", list_, own.find_index, (sought, value), 1),
        Filter("has", list_, own.has, (sought, value), 1),
        Filter("sort", list_, own.sorted_by, (key,)),
        Filter("sort_natural", list_, own.sorted_naturally, (key,)),
        Filter("uniq", list_, own.unique, (key,)),
        Filter("sum", list_, own.summed, (key,)),
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
