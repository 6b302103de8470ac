"""How a template is read: its text, its placeholders, their paths and filters; and how it is written down again.

    template    = { text | "{{" expression "}}" | "<<" expression ">>" }
    expression  = operand { "|" filter [ ":" argument { "," argument } ] }
    argument    = operand | keyword ":" operand
    operand     = path | string | number | "true" | "false" | "null"
    path        = root { "." name | "." digits | "[" integer "]" | "[" string "]" }

`<<` is text where no `>>` follows in the same line before the next opener, so that `1 << 4` needs no care. Of three
braces in a row the first is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from workflows.definition.errors import TemplateError
from workflows.definition.filters import FILTERS, OTHER_NAMES, Filter
from workflows.definition.own_filters import FilterFailed
from workflows.definition.paths import ROOTS, Path, Segment, path_of, quoted, suggest
from workflows.definition.values import JSON, NotJSON

MAX_SOURCE = 64_000
"""Characters of one string."""
MAX_PLACEHOLDERS = 500
"""Placeholders in one string."""
MAX_FILTERS = 16
"""Filters in one placeholder."""
MAX_SEGMENTS = 32
"""Steps of one path."""

_CACHED_SOURCE = 2_000
"""Longer strings are rare and not kept parsed."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the template itself, and its spelling."""

    value: JSON
    text: str

    def __str__(self) -> str:
        return self.text


Operand = Path | Literal


@dataclass(frozen=True, slots=True)
class FilterUse:
    """One filter of a placeholder with its arguments."""

    filter: Filter
    arguments: tuple[Operand, ...] = ()
    keywords: tuple[tuple[str, Operand], ...] = ()

    def __str__(self) -> str:
        arguments = [str(argument) for argument in self.arguments]
        arguments += [f"{name}: {operand}" for name, operand in self.keywords]
        return f"{self.filter.name}: {', '.join(arguments)}" if arguments else self.filter.name


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What stands between `{{` and `}}`. `position` is that of the opening braces."""

    head: Operand
    filters: tuple[FilterUse, ...]
    position: int

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths it reads, in order."""
        operands: list[Operand] = [self.head]
        for use in self.filters:
            operands += [*use.arguments, *(operand for _, operand in use.keywords)]
        return tuple(operand for operand in operands if isinstance(operand, Path))

    def __str__(self) -> str:
        return f"{{{{ {' | '.join(map(str, (self.head, *self.filters)))} }}}}"


Parts = tuple[str | Placeholder, ...]


def parse(source: str) -> Parts:
    """The template's texts and placeholders in order. Raises: TemplateError."""
    if len(source) > _CACHED_SOURCE:
        return _Reader(source).template()
    return _parse_cached(source)


@lru_cache(maxsize=4096)
def _parse_cached(source: str) -> Parts:
    return _Reader(source).template()


def parse_path(source: str) -> Path:
    """The path that `source` is, and nothing else. Raises: TemplateError."""
    reader = _Reader(source)
    path = reader.path()
    if reader.at < len(source):
        raise reader.error(f"{quoted(source[reader.at :][:30])} does not belong to a path.")
    return path


OPENER: Final = re.compile(r"\{\{(?!\{)|<<(?!<)")
_CLOSERS: Final = {"{{": "}}", "<<": ">>"}
_SPACE: Final = re.compile(r"\s*")
_NAME: Final = re.compile(r"[^\W\d][\w-]*")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?(?![\w.])")
_INDEX: Final = re.compile(r"-?[0-9]{1,9}(?!\w)")
_KEYWORD: Final = re.compile(r"([^\W\d]\w*)\s*:")
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"|\'((?:[^\'\\]|\\.)*+)\'', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'"}
_WORDS: Final[dict[str, JSON]] = {"true": True, "false": False, "null": None, "nil": None}


class _Reader:
    """Reads one source from left to right; `at` is where it stands."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0

    def error(self, message: str, at: int | None = None) -> TemplateError:
        return TemplateError(message, self.at if at is None else at, self.source)

    def template(self) -> Parts:
        if len(self.source) > MAX_SOURCE:
            raise self.error(f"The text is longer than {MAX_SOURCE:,} characters. Shorten it.", MAX_SOURCE)
        parts: list[str | Placeholder] = []
        placeholders = kept = 0
        while found := OPENER.search(self.source, self.at):
            if found[0] == "<<" and not self._closes_in_line(found.end()):
                self.at = found.end()
                continue
            if kept < found.start():
                parts.append(self.source[kept : found.start()])
            self.at = found.start()
            try:
                parts.append(self.placeholder(found[0]))
            except TemplateError as error:
                if found[0] == "<<":
                    raise self.error(
                        f'{error.message} To write << itself, write {{{{ "<<" }}}}.', error.position
                    ) from error
                raise
            kept = self.at
            placeholders += 1
            if placeholders > MAX_PLACEHOLDERS:
                raise self.error(f"More than {MAX_PLACEHOLDERS} placeholders in one text. Split it.", found.start())
        if kept < len(self.source):
            parts.append(self.source[kept:])
        return tuple(parts)

    def _closes_in_line(self, start: int) -> bool:
        line_end = self.source.find("\n", start)
        line_end = len(self.source) if line_end < 0 else line_end
        next_opener = OPENER.search(self.source, start, line_end)
        return self.source.find(">>", start, next_opener.start() if next_opener else line_end) >= 0

    def placeholder(self, opener: str) -> Placeholder:
        start, closer = self.at, _CLOSERS[opener]
        self.at += len(opener)
        if self.source.find(closer, self.at) < 0:
            raise self.error(f"This {opener} is never closed. Write {closer} after the path.", start)
        self.space()
        if self.source.startswith(closer, self.at):
            raise self.error(
                f"There is nothing between {opener} and {closer}. Write a path, such as trigger.email.", start
            )
        head = self.operand("A placeholder")
        uses: list[FilterUse] = []
        self.space()
        while self.source.startswith("|", self.at):
            if len(uses) == MAX_FILTERS:
                raise self.error(f"More than {MAX_FILTERS} filters in one placeholder. Leave some out.")
            self.at += 1
            self.space()
            uses.append(self.filter_use())
            self.space()
        if not self.source.startswith(closer, self.at):
            raise self.error(self._unexpected(closer, head, uses))
        self.at += len(closer)
        return Placeholder(head, tuple(uses), start)

    def _unexpected(self, closer: str, head: Operand, uses: list[FilterUse]) -> str:
        if self.at >= len(self.source):
            return f"The placeholder is never closed. Write {closer} at its end."
        rest = quoted(self.source[self.at :].split(closer)[0].strip()[:30])
        if uses:
            hint = "Put a comma between two arguments, | before a filter, and text in quotes."
        elif isinstance(head, Path) and rest[1:2].isalnum():
            key = quoted(f"{head.segments[-1]} {rest[1:-1]}")
            hint = f"Names with spaces go in brackets: {path_of(head.segments[:-1] or ('trigger',))}[{key}]."
        else:
            hint = "Filters follow |, such as | upcase."
        return f"{rest} cannot stand after {uses[-1] if uses else head}. {hint}"

    def filter_use(self) -> FilterUse:
        start = self.at
        if not (found := _NAME.match(self.source, self.at)):
            raise self.error("After | comes the name of a filter, such as upcase.")
        name = found[0]
        if name not in FILTERS:
            near = OTHER_NAMES.get(name.lower()) or suggest(name, FILTERS)
            hint = f"Did you mean {near}?" if near else f"There are: {', '.join(sorted(FILTERS))}."
            raise self.error(f"There is no filter {quoted(name)}. {hint}")
        self.at = found.end()
        filter = FILTERS[name]
        arguments: list[Operand] = []
        keywords: dict[str, Operand] = {}
        self.space()
        while self.source.startswith("," if arguments or keywords else ":", self.at):
            self.at += 1
            self.space()
            keyword = _KEYWORD.match(self.source, self.at)
            if keyword:
                if keyword[1] not in filter.keywords:
                    raise self.error(f"The filter {name} has no argument named {quoted(keyword[1])}.")
                self.at = keyword.end()
                self.space()
            operand = self.operand(f"An argument of {name}")
            if keyword:
                keywords[keyword[1]] = operand
            else:
                arguments.append(operand)
            self.space()
        if not filter.required <= len(arguments) <= len(filter.arguments):
            raise self.error(
                f"The filter {name} {filter.usage}, and {len(arguments)} stand here. "
                f"Arguments follow a colon, with commas between them: {name}: {'…, …' if filter.required > 1 else '…'}",
                start,
            )
        for argument, taken in zip(arguments, filter.arguments, strict=False):
            if isinstance(argument, Literal):
                try:
                    taken.of(argument.value)
                except (FilterFailed, NotJSON) as failure:
                    raise self.error(f"The filter {name} cannot take {argument}: {failure}.", start) from failure
        return FilterUse(filter, tuple(arguments), tuple(keywords.items()))

    def operand(self, what: str) -> Operand:
        if self.source.startswith(('"', "'"), self.at):
            text = self.string()
            return Literal(text, quoted(text))
        if found := _NUMBER.match(self.source, self.at):
            self.at = found.end()
            return Literal(float(found[0]) if found[1] else int(found[0]), found[0])
        if self.source.startswith("(", self.at):
            raise self.error(f"{what} cannot be a range such as (1..3). Write a path, a number, or text in quotes.")
        found = _NAME.match(self.source, self.at)
        if not found:
            raise self.error(f"{what} is a path, such as trigger.email, a number, or text in quotes.")
        if found[0] in _WORDS:
            self.at = found.end()
            return Literal(_WORDS[found[0]], "null" if found[0] == "nil" else found[0])
        return self.path()

    def path(self) -> Path:
        start = self.at
        found = _NAME.match(self.source, self.at)
        if not found:
            raise self.error(f"A path starts with one of: {', '.join(ROOTS)}.")
        root = found[0]
        if root not in ROOTS:
            raise self.error(self._unknown_root(root))
        self.at = found.end()
        segments: list[Segment] = [root]
        while self.source.startswith((".", "["), self.at):
            segments.append(self.segment())
            if len(segments) > MAX_SEGMENTS:
                raise self.error(f"A path has at most {MAX_SEGMENTS} parts.", start)
        if root == "steps" and (len(segments) < 2 or not isinstance(segments[1], str)):
            raise self.error("Say which step: steps, a dot and the step's key, such as steps.create_lead.Id.", start)
        return path_of(segments)

    def _unknown_root(self, root: str) -> str:
        near = suggest(root, ROOTS)
        hint = f"Did you mean {near}?" if near else f"A field of the event is written trigger.{root}."
        return f"Nothing is called {quoted(root)}. A path starts with one of: {', '.join(ROOTS)}. {hint}"

    def segment(self) -> Segment:
        start, bracket = self.at, self.source[self.at] == "["
        self.at += 1
        if not bracket:
            if index := _INDEX.match(self.source, self.at):
                self.at = index.end()
                if not index[0].startswith("-"):
                    return int(index[0])
            elif name := _NAME.match(self.source, self.at):
                self.at = name.end()
                return name[0]
            raise self.error(
                'After a dot comes a name or a number. Write other names in brackets: trigger["1st name"].', start
            )
        self.space()
        segment: Segment
        if self.source.startswith(('"', "'"), self.at):
            segment = self.string()
        elif index := _INDEX.match(self.source, self.at):
            self.at = index.end()
            segment = int(index[0])
        else:
            raise self.error('In brackets stands a number or a name in quotes: items[0], trigger["first name"].')
        self.space()
        if not self.source.startswith("]", self.at):
            raise self.error("This [ is never closed. Write ] after the number or the quoted name.", start)
        self.at += 1
        return segment

    def string(self) -> str:
        found = _STRING.match(self.source, self.at)
        if not found:
            raise self.error("This quote is never closed. Write the same quote at the end of the text.")
        self.at = found.end()
        text = found[1] if found[1] is not None else found[2]
        return _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[0]), text)

    def space(self) -> None:
        found = _SPACE.match(self.source, self.at)
        assert found
        self.at = found.end()


def written(parts: Parts) -> str:
    """The template in its one spelling."""
    return "".join(map(str, parts))
