"""Filling in templates that have been read: one small function per string, list and object, made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workflows.definition.filters import Filter, OnNull
from workflows.definition.paths import MISSING, Path, describe_missing, look_up
from workflows.definition.syntax import FilterUse, Literal, Operand, Placeholder
from workflows.definition.values import (
    JSON,
    SCALAR_SIZE,
    Meter,
    copied,
    storable_number,
    storable_text,
    to_text,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one rendering may come to, in characters: the value it gives, and all that its filters read and write."""

    output: int = 1_000_000
    work: int = 8_000_000


@dataclass(frozen=True, slots=True)
class Warning:
    """Something the history of a step should show: `path` found nothing, so `input` (`fields.Email`) got none of it."""

    path: str
    message: str
    input: str = ""


class Rendering:
    """One rendering under way: what it reads, what is left of its limits, and where it stands, for error messages."""

    __slots__ = ("context", "filter", "input", "output", "path", "warnings", "work")

    def __init__(self, context: Mapping[str, object], limits: Limits) -> None:
        self.context = context
        self.output = Meter(limits.output)
        self.work = Meter(limits.work)
        self.warnings: list[Warning] = []
        self.input = self.path = ""
        self.filter: str | None = None

    def read(self, path: Path, *, quietly: bool = False) -> object:
        """What stands at `path`, raw; null with a warning, unless `quietly`, where nothing does."""
        value = look_up(self.context, path.segments)
        if value is not MISSING:
            return value
        if not quietly:
            message = f"{path.text} was empty: {describe_missing(self.context, path)}"
            self.warnings.append(Warning(path.text, message, self.input))
        return None

    def went_without(self, filter: Filter, instead: OnNull, value: JSON) -> JSON:
        """What a filter gives that does not do its work for want of an argument; a warning says so."""
        result = value if instead is OnNull.UNCHANGED else None
        what = "left the value as it was" if instead is OnNull.UNCHANGED else "gave nothing"
        message = f"An argument of the filter {filter.name} on {self.path} was empty, so it {what}."
        self.warnings.append(Warning(self.path, message, self.input))
        return result


Node = Callable[[Rendering], JSON]
_Expression = Callable[[Rendering], object]


def constant(value: JSON) -> Node:
    size = len(value) if isinstance(value, str) else SCALAR_SIZE

    def node(rendering: Rendering) -> JSON:
        rendering.output.take(size)
        return value

    return node


def object_of(nodes: Mapping[str, Node]) -> Node:
    size, pairs = sum(map(len, nodes)), tuple(nodes.items())

    def node(rendering: Rendering) -> JSON:
        rendering.output.take(size)
        return {key: item(rendering) for key, item in pairs}

    return node


def list_of(nodes: list[Node]) -> Node:
    return lambda rendering: [item(rendering) for item in nodes]


def alone(placeholder: Placeholder, place: str) -> Node:
    """A string that is one placeholder: the value keeps its type."""
    expression = _expression(placeholder)

    def node(rendering: Rendering) -> JSON:
        rendering.input = place
        return copied(expression(rendering), rendering.output, number=storable_number)

    return node


def within_text(parts: tuple[str | Placeholder, ...], place: str) -> Node:
    """A string with text around its placeholders: their values become text.

    Where nothing but blanks stands around the placeholders and each of them gives null, so does the whole: `{{ a }} {{ b }}`
    of two missing values says no more than `{{ a }}` of one.
    """
    readers = [part if isinstance(part, str) else _expression(part) for part in parts]
    has_words = any(isinstance(part, str) and not part.isspace() for part in parts)

    def node(rendering: Rendering) -> JSON:
        rendering.input = place
        texts = []
        is_null = not has_words
        for reader in readers:
            if isinstance(reader, str):
                text: object = reader
            else:
                text = reader(rendering)
                is_null = is_null and text is None
            if type(text) is not str:
                text = to_text(copied(text, rendering.work))
            rendering.output.take(len(text))
            texts.append(text)
        return None if is_null else storable_text("".join(texts))

    return node


def _expression(placeholder: Placeholder) -> _Expression:
    """The value of a placeholder: raw from the context where it has no filters, and so to be copied."""
    head = placeholder.head
    if not placeholder.filters and isinstance(head, Path):
        return _reader(head)
    quietly = any(use.filter.name == "default" for use in placeholder.filters)
    steps = [(use.filter, _arguments(use)) for use in placeholder.filters]

    def value_of(rendering: Rendering) -> object:
        rendering.path, rendering.filter = str(head), None
        raw = rendering.read(head, quietly=quietly) if isinstance(head, Path) else head.value
        value = copied(raw, rendering.work)
        for filter, arguments in steps:
            rendering.filter = filter.name
            positional, keywords = arguments(rendering)
            if None in positional and value is not None and (instead := filter.without(positional)):
                value = rendering.went_without(filter, instead, value)
                continue
            value = copied(filter.apply(value, positional, keywords, rendering.work.left), rendering.work)
        rendering.filter = None
        return value

    return value_of


def _reader(path: Path) -> _Expression:
    """`Rendering.read` for one path, with the usual way down, names through dicts, kept short."""
    text, segments = path.text, path.segments

    def read(rendering: Rendering) -> object:
        rendering.path, rendering.filter = text, None
        value: object = rendering.context
        for segment in segments:
            if type(value) is dict and segment in value:
                value = value[segment]
            else:
                return rendering.read(path)
        return value

    return read


_Arguments = tuple[tuple[JSON, ...], dict[str, JSON]]


def _arguments(use: FilterUse) -> Callable[[Rendering], _Arguments]:
    """The arguments of a filter as it takes them; where all are written in the template, made once."""
    taken = use.filter.arguments

    def evaluated(rendering: Rendering) -> _Arguments:
        values = (_value(operand, rendering) for operand in use.arguments)
        positional = tuple(argument.of(value) for value, argument in zip(values, taken, strict=False))
        return positional, {name: _value(operand, rendering) for name, operand in use.keywords}

    operands = [*use.arguments, *(operand for _, operand in use.keywords)]
    if any(isinstance(operand, Path) for operand in operands):
        return evaluated
    fixed = evaluated(Rendering({}, Limits()))
    return lambda rendering: fixed


def _value(operand: Operand, rendering: Rendering) -> JSON:
    return operand.value if isinstance(operand, Literal) else copied(rendering.read(operand), rendering.work)
