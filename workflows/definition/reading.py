"""Reading JSON of a known shape, strictly: each wrong type, size or key is a DefinitionError that names its place."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

from workflows.definition.errors import DefinitionError, NotText
from workflows.definition.paths import suggest
from workflows.definition.values import JSON, NotJSON, storable_text

MAX_STRING = 64_000
"""Characters of any string in a definition."""
MAX_FIELDS = 200
"""Keys of an object, or items of a list, within a step's inputs."""
MAX_NESTING = 16
"""Levels of lists and objects within a step's inputs."""
MAX_EXACT_NUMBER = 2**53
"""From here on a browser keeps a rounded number, and would write that back (RFC 8259, section 6)."""

_REQUIRED: Any = object()
T = TypeVar("T")


class Fields:
    """The fields of one JSON object, taken one by one; `end` complains about those that nobody took."""

    def __init__(self, data: object, pointer: str) -> None:
        if not isinstance(data, Mapping):
            raise DefinitionError(pointer, f"This must be an object, not {described(data)}.")
        self.data = data
        self.pointer = pointer
        self.known: list[str] = []

    def at(self, name: str) -> str:
        """The JSON pointer to a field."""
        return f"{self.pointer}/{name.replace('~', '~0').replace('/', '~1')}"

    def take(self, name: str, default: Any = None) -> Any:
        """The field as it is; the default where it is absent or null."""
        self.known.append(name)
        value = self.data.get(name)
        if value is None:
            if default is _REQUIRED:
                raise DefinitionError(self.at(name), f'"{name}" is missing.')
            return default
        return value

    def wrong(self, name: str, expected: str, kind: type[DefinitionError] = DefinitionError) -> DefinitionError:
        return kind(self.at(name), f'"{name}" must be {expected}, not {described(self.data.get(name))}.')

    def text(self, name: str, default: T, *, limit: int) -> str | T:
        value = self.take(name, default)
        if value is default:
            return default
        if not isinstance(value, str):
            raise self.wrong(name, "text", NotText)
        if len(value) > limit:
            raise DefinitionError(self.at(name), f'"{name}" has {len(value):,} characters; {limit:,} are allowed.')
        return _storable(value, self.at(name))

    def required_text(self, name: str, *, limit: int) -> str:
        """A text with more than blanks in it, without those around it, as a form would take it."""
        text = self.text(name, "", limit=limit).strip()
        if not text:
            raise DefinitionError(self.at(name), f'"{name}" is missing.')
        return text

    def pattern(self, name: str, pattern: re.Pattern[str], words: str) -> str:
        value = self.take(name, _REQUIRED)
        if not isinstance(value, str):
            raise self.wrong(name, words, NotText)
        if not pattern.match(value):
            raise self.wrong(name, words)
        return value

    def choice(self, name: str, choices: Collection[str]) -> str:
        value = self.take(name, _REQUIRED)
        if not isinstance(value, str) or value not in choices:
            near = suggest(value, choices) if isinstance(value, str) else None
            hint = f" Did you mean {near}?" if near else ""
            raise DefinitionError(
                self.at(name), f'"{name}" is {described(value)}; known are: {", ".join(choices)}.{hint}'
            )
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def integer(self, name: str, default: T, *, least: int, most: int) -> int | T:
        value = self.take(name, default)
        if value is default:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.wrong(name, f"a whole number from {least} to {most:,}")
        return value

    def number(self, name: str, default: T, *, least: float, most: float) -> float | T:
        value = self.take(name, default)
        if value is default:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.wrong(name, f"a number from {least:g} to {most:,g}")
        return value

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self.take(name, {})
        if not isinstance(value, Mapping):
            raise self.wrong(name, "an object")
        return value

    def end(self) -> None:
        """Raises: DefinitionError when there is a field that was not taken."""
        for name in self.data:
            if name not in self.known:
                near = suggest(str(name), self.known)
                hint = f'Did you mean "{near}"?' if near else f"Known are: {', '.join(self.known)}."
                raise DefinitionError(self.at(str(name)), f'Nothing here is called "{name}". {hint}')


def items_of(data: object, pointer: str, limit: int) -> Iterator[tuple[Any, str]]:
    """The items of a list, each with its JSON pointer."""
    if not isinstance(data, list | tuple):
        raise DefinitionError(pointer, f"This must be a list, not {described(data)}.")
    if len(data) > limit:
        raise DefinitionError(pointer, f"This list has {len(data)} items; {limit} are allowed.")
    return ((item, f"{pointer}/{index}") for index, item in enumerate(data))


def json_copy(data: object, pointer: str, depth: int = 0) -> JSON:
    """A copy of a JSON value, its size, depth and types checked."""
    if data is None or isinstance(data, bool):
        return data
    if isinstance(data, int | float):
        if isinstance(data, float) and not math.isfinite(data):
            raise DefinitionError(pointer, "JSON knows no NaN and no infinity.")
        if not -MAX_EXACT_NUMBER < data < MAX_EXACT_NUMBER:
            raise DefinitionError(pointer, "This number has too many digits to be kept exactly. Put it in quotes.")
        return data
    if isinstance(data, str):
        if len(data) > MAX_STRING:
            raise DefinitionError(pointer, f"This text has {len(data):,} characters; {MAX_STRING:,} are allowed.")
        return _storable(data, pointer)
    if depth == MAX_NESTING:
        raise DefinitionError(pointer, f"This is nested more than {MAX_NESTING} levels deep.")
    if isinstance(data, Mapping):
        fields = Fields(data, pointer)
        if len(data) > MAX_FIELDS:
            raise DefinitionError(pointer, f"This object has {len(data)} fields; {MAX_FIELDS} are allowed.")
        for key in data:
            if not isinstance(key, str) or len(key) > MAX_FIELDS:
                raise DefinitionError(pointer, f"Keys are text of at most {MAX_FIELDS} characters.")
            _storable(key, pointer)
        return {key: json_copy(item, fields.at(key), depth + 1) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [json_copy(item, place, depth + 1) for item, place in items_of(data, pointer, MAX_FIELDS)]
    raise DefinitionError(pointer, f"A {type(data).__name__} is no JSON value.")


def _storable(text: str, pointer: str) -> str:
    """Return `text`. Raises: DefinitionError when no database would keep it."""
    try:
        return storable_text(text)
    except NotJSON as error:
        raise DefinitionError(pointer, f"This text cannot be used: {error}.") from error


def described(value: object) -> str:
    """A value in an error message: short text itself, else its type."""
    if isinstance(value, str) and len(value) <= 60:
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or (isinstance(value, int | float) and abs(value) < 10**20):
        return "null" if value is None else str(value)
    if isinstance(value, str):
        return f"a text of {len(value):,} characters"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"
