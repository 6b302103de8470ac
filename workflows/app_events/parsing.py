"""Reading a JSON object that a person typed, and saying where it is wrong."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from lib import json_bounds

MAX_CHARACTERS: Final = 200_000
"""An example is a sample of a payload (at most 1 MB), and it is kept in every builder's variable menu."""
MAX_DEPTH: Final = 32


@dataclass(frozen=True)
class Bounds:
    """How long a text may be, how deep its object, and what a refusal calls it. The editor in the page keeps to the same."""

    characters: int
    depth: int
    what: str


EXAMPLE: Final = Bounds(MAX_CHARACTERS, MAX_DEPTH, "example")

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""One that is never closed goes to the end: else each quote in it would begin another try that goes there."""
_UNSTORABLE = re.compile(
    r"(?<!\\)(?:\\\\)*(\\u0000"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
"""Escapes of NUL and of lone halves of surrogate pairs: JSON knows them, PostgreSQL keeps none of them."""
_PLAIN_ENGLISH: Final = {
    "Expecting value": "A value is missing here: text in double quotes, a number, true, false, null, { or [.",
    "Expecting property name enclosed in double quotes": "A name in double quotes is missing here.",
    "Expecting ':' delimiter": "A colon is missing here, between the name and its value.",
    "Expecting ',' delimiter": "A comma is missing here, between two values, or a closing bracket.",
    "Unterminated string starting at": "This text is never closed. Write a double quote at its end.",
    "Invalid control character at": "A line break or tab can not stand within text. Write \\n or \\t.",
    "Extra data": "The object has ended before this. Remove what follows, or put it inside.",
    "Invalid \\escape": 'A backslash must be followed by one of " \\ / b f n r t u.',
    "Invalid \\uXXXX escape": "\\u must be followed by four hexadecimal digits.",
}


class NotAnObject(ValueError):
    """The text is not a JSON object. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"Line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column


def parse_object(text: str, bounds: Bounds = EXAMPLE) -> dict[str, Any]:
    """The JSON object that `text` is. Raises: NotAnObject, which says where it is wrong and what to do."""
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    if not text.strip():
        raise NotAnObject("The payload is empty. Write at least {}.", 1, 1)
    if len(text) > bounds.characters:
        message = f"The {bounds.what} has more than {bounds.characters:,} characters. Shorten it."
        _refuse(text, bounds.characters, message)
    _check_depth(text, bounds.depth)
    try:
        value = json.loads(text, parse_constant=_Unreadable.raised, parse_float=_kept_float, parse_int=_kept_int)
    except json.JSONDecodeError as error:
        _refuse(text, *_explained(error))
    except _Unreadable as error:
        _refuse(text, _outside_strings(text).find(error.literal), error.message)
    if not isinstance(value, dict):
        start = len(text) - len(text.lstrip())
        _refuse(text, start, "The payload must be an object: it starts with { and ends with }.")
    _check_characters(text)
    return value


class _Unreadable(ValueError):
    """A number that JSON, or the database, does not know."""

    def __init__(self, literal: str, message: str) -> None:
        super().__init__(message)
        self.literal = literal
        self.message = message

    @classmethod
    def raised(cls, literal: str) -> NoReturn:
        raise cls(literal, f"JSON knows no {literal}. Write a number, or null.")


def _kept_float(literal: str) -> float:
    number = float(literal)
    if number in (float("inf"), float("-inf")):
        raise _Unreadable(literal, "This number is too large. Write it as text, in double quotes.")
    if not json_bounds.keeps_float(literal):
        raise _Unreadable(literal, _TOO_MANY_DIGITS)
    return number


def _kept_int(literal: str) -> int:
    if not json_bounds.keeps_integer(literal):
        raise _Unreadable(literal, _TOO_MANY_DIGITS)
    return int(literal)


_TOO_MANY_DIGITS = "This number has more digits than are kept. Write it as text, in double quotes."


def _explained(error: json.JSONDecodeError) -> tuple[int, str]:
    """Where the mistake is, and what to do; the decoder's own words for what a person did, where we know better."""
    at, character = error.pos, error.doc[error.pos : error.pos + 1]
    before = error.doc[:at].rstrip()
    if character and character in "}]" and before.endswith(","):
        return len(before) - 1, "Remove this comma: nothing follows it."
    if character == "'":
        return at, "JSON uses double quotes, not single ones."
    return at, _PLAIN_ENGLISH.get(error.msg.rstrip(":"), error.msg)


def _outside_strings(text: str) -> str:
    """The text with its strings blanked out, each character at its place."""
    return _STRING.sub(lambda found: " " * len(found[0]), text)


def _check_depth(text: str, most: int) -> None:
    depth = 0
    for at, character in enumerate(_outside_strings(text)):
        if character in "{[":
            depth += 1
            if depth > most:
                _refuse(text, at, f"The payload is nested more than {most} levels deep.")
        elif character in "}]":
            depth -= 1


def _check_characters(text: str) -> None:
    """Characters that JSON knows and no database keeps: NUL, and halves of surrogate pairs."""
    if found := unstorable_escape(text):
        _refuse(text, found.start(1), "This character can not be stored. Remove it.")


def unstorable_escape(json_text: str) -> re.Match[str] | None:
    """The first escape in a JSON text, as group 1, that no database keeps."""
    return _UNSTORABLE.search(json_text)


def _refuse(text: str, position: int, message: str) -> NoReturn:
    position = max(position, 0)
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    raise NotAnObject(message, line, column)
