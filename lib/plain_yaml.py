"""YAML for files that people write and machines act on: each value means one thing, or is refused with its line.

YAML 1.1 and 1.2 read the same word differently: `NO` is text or false, 01234 is 1234 or 668, 12:30 is text or 750. So a word
without quotes is null, true, false or a number only where JSON would spell that value with the very same characters, it is
text only where both editions read text, and anything else has to be put in quotes. Anchors, aliases, tags, directives and
repeated keys are refused. Shape: what is read is made of JSON's types. Source: yaml.org/spec/1.2.2, section 10.3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import yaml

MAX_CHARACTERS: Final = 5_000_000
MAX_DEPTH: Final = 48
"""Levels of lists and mappings: an example payload's 32, and those of a file around it."""
MAX_DIGITS: Final = 100
MAX_PROBLEMS: Final = 20
"""Values to be put in quotes that one refusal names."""

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS: Final = {"": None, "null": None, "true": True, "false": False}
_CORE: Final = re.compile(
    r"~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
"""All that YAML 1.2's core schema does not read as text."""
_YAML_1_1: Final = yaml.resolver.Resolver()
_UNREADABLE: Final = re.compile(
    r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""Control characters, halves of surrogate pairs, and line breaks that only one edition takes for such."""
_UNSTORABLE: Final = re.compile(r"[\0\ud800-\udfff]")
_CAN_NOT_BE_STORED: Final = (
    "This text holds a character that can not be stored: NUL, or half of a surrogate pair. Remove it."
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, at a line counted from 1 and a JSON pointer (RFC 6901)."""

    line: int
    pointer: str
    message: str


class NotPlainYaml(ValueError):
    """The text is not YAML of which every reader makes the same; `problems` says where, and what to do."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Document:
    """What was read, with the line of each value by its JSON pointer."""

    value: Any
    lines: Mapping[str, int]

    def line_of(self, pointer: str) -> int:
        """The line of the value at `pointer`, or of the nearest one around it that is there."""
        while pointer not in self.lines and pointer:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 1)


def read(text: str) -> Document:
    """Read one document. Raises: NotPlainYaml."""
    text = text.removeprefix("\ufeff")
    _check_characters(text)
    reader = _Reader()
    source = yaml.SafeLoader(text)
    try:
        while source.check_event():
            reader.take(source.get_event())  # type: ignore[no-untyped-call]
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        words = " ".join(part for part in (exc.context, exc.problem) if part)
        reader.refuse(mark.line + 1 if mark else 1, f"This is not YAML: {words}.")
    except (yaml.YAMLError, ValueError, OverflowError) as exc:
        if isinstance(exc, NotPlainYaml):
            raise
        reader.refuse(source.line + 1, "This is not YAML: an escape names no character, or a directive no version.")
    return reader.document()


def _check_characters(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        message = f"The file has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed."
        raise NotPlainYaml([Problem(1, "", message)])
    if found := _UNREADABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        character = f"The character U+{ord(found[0]):04X}"
        message = f"{character} can not stand here as it is. Remove it, or write it as an escape in double quotes."
        raise NotPlainYaml([Problem(line, "", message)])


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is being filled; `key` is the one whose value comes next."""

    value: list[Any] | dict[str, Any]
    pointer: str
    key: str | None = None
    key_line: int = 0
    lines_of_keys: dict[str, int] = field(default_factory=dict)


class _Reader:
    """Builds the value from the parser's events, without recursion."""

    def __init__(self) -> None:
        self._frames: list[_Frame] = []
        self._lines: dict[str, int] = {}
        self._problems: list[Problem] = []
        self._value: Any = None
        self._documents = 0

    def document(self) -> Document:
        if self._problems:
            raise NotPlainYaml(self._problems)
        return Document(self._value, self._lines)

    def refuse(self, line: int, message: str) -> NoReturn:
        raise NotPlainYaml([*self._problems, Problem(line, self._frames[-1].pointer if self._frames else "", message)])

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self.refuse(line, "A second document begins here. Remove the line --- and what follows it.")
            if event.tags or event.version not in (None, (1, 2)):
                self.refuse(line, "Remove the lines that begin with %: the file is read as YAML 1.2, without tags.")
        elif isinstance(event, yaml.AliasEvent):
            self.refuse(line, f"“*{event.anchor}” repeats a value from elsewhere. Write the value out.")
        elif isinstance(event, yaml.CollectionEndEvent):
            self._frames.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._take_node(event, line)

    def _take_node(self, event: yaml.NodeEvent, line: int) -> None:
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.anchor:
            self.refuse(line, f"Remove the anchor “&{event.anchor}”.")
        if event.tag:
            self.refuse(line, f"Remove the tag “{event.tag}”; text that looks like something else is put in quotes.")
        frame = self._frames[-1] if self._frames else None
        if frame and isinstance(frame.value, dict) and frame.key is None:
            self._take_key(frame, event, line)
            return
        if isinstance(event, yaml.ScalarEvent):
            pointer = self._place(line)
            self._put(self._scalar(event, line, pointer))
            return
        if len(self._frames) >= MAX_DEPTH:
            self.refuse(line, f"This is nested more than {MAX_DEPTH} levels deep.")
        pointer = self._place(line)
        value: list[Any] | dict[str, Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._put(value)
        self._frames.append(_Frame(value, pointer))

    def _take_key(self, frame: _Frame, event: yaml.NodeEvent, line: int) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            self.refuse(line, "A key must be text. Text that begins with {{ or [ has to be put in quotes.")
        key = event.value
        pointer = f"{frame.pointer}/{_escaped(key)}"
        if _UNSTORABLE.search(key):
            self._add(line, pointer, _CAN_NOT_BE_STORED)
        if not event.style and _meant(key) != (key, ""):
            self._add(line, pointer, f"The key “{key[:40]}” is not text for every reader of YAML: put it in quotes.")
        if key in frame.lines_of_keys:
            self._add(
                line, pointer, f"“{key}” stands twice here, first in line {frame.lines_of_keys[key]}. Keep one of them."
            )
        frame.lines_of_keys.setdefault(key, line)
        frame.key, frame.key_line = key, line

    def _place(self, line: int) -> str:
        """Note the line of the value that comes now, that of its key where it has one; gives its pointer."""
        frame = self._frames[-1] if self._frames else None
        if frame is None:
            pointer = ""
        elif isinstance(frame.value, list):
            pointer = f"{frame.pointer}/{len(frame.value)}"
        else:
            pointer, line = f"{frame.pointer}/{_escaped(frame.key or '')}", frame.key_line
        self._lines.setdefault(pointer, line)
        return pointer

    def _put(self, value: Any) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame is None:
            self._value = value
        elif isinstance(frame.value, list):
            frame.value.append(value)
        else:
            assert frame.key is not None
            frame.value[frame.key] = value
            frame.key = None

    def _scalar(self, event: yaml.ScalarEvent, line: int, pointer: str) -> Any:
        if _UNSTORABLE.search(event.value):
            self._add(
                line, pointer, "This text holds a character that can not be stored: NUL, or half of a surrogate pair."
            )
            return None
        if event.style:
            return event.value
        value, problem = _meant(event.value)
        if problem:
            self._add(line, pointer, problem)
        return value

    def _add(self, line: int, pointer: str, message: str) -> None:
        self._problems.append(Problem(line, pointer, message))
        if len(self._problems) >= MAX_PROBLEMS:
            raise NotPlainYaml(self._problems)


def _meant(word: str) -> tuple[Any, str]:
    """What a word without quotes means, and why it must not stand without; "" when it may."""
    if word in _WORDS:
        return _WORDS[word], ""
    if _NUMBER.fullmatch(word):
        if len(word) > MAX_DIGITS:
            return None, f"“{word[:20]}…” has more than {MAX_DIGITS} digits: put it in quotes."
        value = json.loads(word)
        if abs(value) >= 10**MAX_DIGITS:  # PostgreSQL would give it back with all its digits
            return None, f"“{word}” is too large for a number: put it in quotes."
        said = json.dumps(value)
        if said == word:
            return value, ""
        return None, f"“{word}” would be read as {said}: put it in quotes if it is text, else write {said}."
    if _CORE.fullmatch(word) or not _is_text_in_yaml_1_1(word):
        return None, f"“{word[:40]}” is not text for every reader of YAML: put it in quotes."
    return word, ""


def _is_text_in_yaml_1_1(word: str) -> bool:
    tag = _YAML_1_1.resolve(yaml.ScalarNode, word, (True, False))  # type: ignore[no-untyped-call]
    return bool(tag == "tag:yaml.org,2002:str")


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def write(value: Any) -> str:
    """Write a JSON value so that `read` gives the same, for people to read: block style, no anchors."""
    written = yaml.emit(_events_of_document(value), Dumper=_Emitter, width=100, allow_unicode=True)
    assert isinstance(written, str)
    return written


class _Emitter(yaml.SafeDumper):
    """Indents lists beneath their keys."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _events_of_document(value: Any) -> Iterator[yaml.Event]:
    yield yaml.StreamStartEvent()
    yield yaml.DocumentStartEvent(explicit=False)
    yield from _events(value)
    yield yaml.DocumentEndEvent(explicit=False)
    yield yaml.StreamEndEvent()


def _events(value: Any) -> Iterator[yaml.Event]:
    if isinstance(value, Mapping):
        yield yaml.MappingStartEvent(None, None, True, flow_style=False)
        for key, item in value.items():
            yield _text_event(key)
            yield from _events(item)
        yield yaml.MappingEndEvent()
    elif isinstance(value, list | tuple):
        yield yaml.SequenceStartEvent(None, None, True, flow_style=False)
        for item in value:
            yield from _events(item)
        yield yaml.SequenceEndEvent()
    elif isinstance(value, str):
        yield _text_event(value)
    else:
        yield yaml.ScalarEvent(None, None, (True, False), json.dumps(value))


def _text_event(text: str) -> yaml.ScalarEvent:
    """Text, without quotes where it means itself so; with escapes where a character could not stand as it is."""
    style = '"' if _UNREADABLE.search(text) or "\r" in text else None
    return yaml.ScalarEvent(None, None, (_meant(text) == (text, ""), True), text, style=style)
