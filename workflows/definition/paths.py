"""Paths such as `trigger.items[0].sku`: their text, what they find, and the nearest one to a misspelt one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lib import near_names
from workflows.definition.values import type_name

ROOTS: Final = {
    "trigger": "what the event carried",
    "steps": "what an earlier step gave, by its key",
    "settings": "what the end user set in the portal",
    "user": "the connected user: id and meta",
    "run": "this run: id, workflow, version, event_id, received_at",
}

RUN_FIELDS: Final = ("id", "workflow", "version", "event_id", "received_at")

MISSING: Final = object()
"""What `look_up` gives where there is nothing; null is something."""

Segment = str | int

COMPUTED: Final[tuple[Segment, ...]] = ("size", "first", "last")
"""Names that are read below a value which has no such field."""
_ENDS: Final[Mapping[Segment, int]] = {"first": 0, "last": -1}
_NAME = re.compile(r"[^\W\d][\w-]*\Z")


@dataclass(frozen=True, slots=True)
class Path:
    """A path as read: `segments` from the root on, names as str and indexes as int; `text` in its one spelling."""

    text: str
    segments: tuple[Segment, ...]

    @property
    def root(self) -> str:
        return str(self.segments[0])

    def __str__(self) -> str:
        return self.text


def path_of(segments: Iterable[Segment]) -> Path:
    """The path of these segments, with its canonical text."""
    segments = tuple(segments)
    return Path(path_text(segments), segments)


def path_text(segments: Iterable[Segment]) -> str:
    """The one spelling of a path: `.name` where the name allows it, `["first name"]` and `[0]` elsewhere."""
    text = ""
    for segment in segments:
        if isinstance(segment, int):
            text += f"[{segment}]"
        elif _NAME.match(segment):
            text += f".{segment}" if text else segment
        else:
            text += f"[{quoted(segment)}]"
    return text


def quoted(text: str) -> str:
    """`text` as a string literal of the template language."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def look_up(value: object, segments: Iterable[Segment]) -> object:
    """What stands at `segments` below `value`, or MISSING. Reads mappings and lists alone, never an attribute.

    A negative index counts from the end; an index into an object is the key of the same digits. As in Liquid, `size` is
    the number of items, fields or characters, unless a field is called so, and `first` and `last` are items of a list.
    """
    for segment in segments:
        if isinstance(value, Mapping):
            below = value.get(segment if isinstance(segment, str) else str(segment), MISSING)
            value = len(value) if below is MISSING and segment == "size" else below
            if value is MISSING:
                return MISSING
        elif segment == "size" and isinstance(value, list | tuple | str):
            value = len(value)
        elif segment in _ENDS and isinstance(value, list | tuple):
            if not value:
                return MISSING
            value = value[_ENDS[segment]]
        elif isinstance(value, list | tuple) and isinstance(segment, int):
            if not -len(value) <= segment < len(value):
                return MISSING
            value = value[segment]
        else:
            return MISSING
    return value


def describe_missing(context: Mapping[str, object], path: Path) -> str:
    """Why `path` finds nothing in `context`, in a builder's words."""
    value: object = context
    for at, segment in enumerate(path.segments):
        below = look_up(value, (segment,))
        if below is MISSING:
            parent = path_text(path.segments[:at])
            if isinstance(value, list | tuple) and (isinstance(segment, int) or segment in _ENDS):
                which = f"item {segment}" if isinstance(segment, int) else f"{segment} one"
                return f"{parent} has {len(value)} items, so there is no {which}."
            if isinstance(value, Mapping):
                return f"{parent or 'This run'} has no {quoted(str(segment))}."
            return f"{parent} is {type_name(value)}, so nothing stands below it."
        value = below
    return f"{path} is there."


def suggest(path: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `path` was most likely meant to be, or None when none is near, or no more is looked for."""
    if not near_names.may_look():
        return None
    candidates = {candidate: candidate for candidate in known}
    if near := near_names.nearest_of(path, candidates, cutoff=0.7):
        return near
    last_names = {candidate.rpartition(".")[2]: candidate for candidate in reversed(candidates)}
    return near_names.nearest_of(path.rpartition(".")[2], last_names, cutoff=0.75)
