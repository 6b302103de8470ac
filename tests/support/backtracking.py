"""A matcher that backtracks as `re` does, and counts its steps: whether a pattern is linear then depends on no clock.

It follows CPython's engine in the order of its tries, and leaves out what does not change the order of growth: greedy repeats
of one character count its characters once, and every try of what follows.
"""

from __future__ import annotations

import re
import string
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Test = Callable[[str], bool]
Rest = Callable[[int], bool]
Step = Callable[[int, Rest], bool]
Parsed = Sequence[tuple[Any, Any]]

SEARCHES = frozenset({"search", "sub", "subn", "findall", "finditer", "split"})
SAMPLE = string.printable + "\x00é٣ "
SMALL, LARGE = 128, 512
"""Lengths of the attacks: longer than what a bounded repeat in a pattern takes, or it would look like one without bound."""
LARGEST_GROWTH = 8.0
"""Four times the text is about four times the steps where a pattern is linear, and sixteen times where it is quadratic."""
SLACK_STEPS = 4_000


class TooManySteps(Exception):
    """The text has cost more steps than it may."""


class Matcher:
    """One pattern, compiled to functions that pass on to what follows."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        parsed = parser.parse(pattern, flags)
        self.parsed: Parsed = list(parsed)
        self.flags = parsed.state.flags
        self.steps = 0
        self.most = sys.maxsize
        self._text = ""
        self._groups: dict[int, tuple[int, int]] = {}
        self.tests: list[Test] = []
        self._start = self._sequence(self.parsed, self.flags)

    def cost(self, text: str, method: str, most: int = sys.maxsize) -> int:
        """Return how many steps `method` ("match", "fullmatch", "search", "sub" and so on) takes; raise past `most`."""
        self._text, self.steps, self.most = text, 0, most
        end: list[int] = []

        def arrive(at: int) -> bool:
            if method == "fullmatch" and at != len(text):
                return False
            end[:] = [at]
            return True

        at = 0
        while at <= len(text):
            self._groups.clear()
            found = self._start(at, arrive)
            if method not in SEARCHES or (found and method == "search"):
                break
            at = max(end[0], at + 1) if found else at + 1
            self._count()
        return self.steps

    def _count(self) -> None:
        self.steps += 1
        if self.steps > self.most:
            raise TooManySteps

    def _sequence(self, parsed: Parsed, flags: int) -> Step:
        steps = [self._step(code, argument, flags) for code, argument in parsed]

        def run_from(index: int, at: int, rest: Rest) -> bool:
            if index == len(steps):
                return rest(at)
            return steps[index](at, lambda then: run_from(index + 1, then, rest))

        return steps[0] if len(steps) == 1 else lambda at, rest: run_from(0, at, rest)

    def _step(self, code: Any, argument: Any, flags: int) -> Step:
        if (test := test_of(code, argument, flags)) is not None:
            self.tests.append(test)
            return self._one(test)
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            return self._repeat(code, *argument, flags)
        if code is codes.SUBPATTERN:
            group, added, removed, inner = argument
            return self._group(group, self._sequence(inner, (flags | added) & ~removed))
        if code is codes.BRANCH:
            return self._branch([self._sequence(branch, flags) for branch in argument[1]])
        if code is codes.ATOMIC_GROUP:
            return self._atomic(self._sequence(argument, flags))
        if code in (codes.ASSERT, codes.ASSERT_NOT):
            direction, inner = argument
            width = inner.getwidth()[0] if direction < 0 else 0
            return self._look(self._sequence(inner, flags), width, code is codes.ASSERT)
        if code is codes.AT:
            return self._anchor(argument, flags)
        if code is codes.GROUPREF:
            return self._reference(argument)
        raise ValueError(f"This counter does not know {code} of regular expressions: say here what it costs.")

    def _one(self, test: Test) -> Step:
        def run(at: int, rest: Rest) -> bool:
            self._count()
            return at < len(self._text) and test(self._text[at]) and rest(at + 1)

        return run

    def _branch(self, branches: Sequence[Step]) -> Step:
        def run(at: int, rest: Rest) -> bool:
            for branch in branches:  # noqa: SIM110 - the generator of any() would take the stack of C
                if branch(at, rest):
                    return True
            return False

        return run

    def _repeat(self, code: Any, least: int, most: int, inner: Parsed, flags: int) -> Step:
        most = sys.maxsize if most is codes.MAXREPEAT else most
        if len(inner) == 1 and (test := test_of(*inner[0], flags)) is not None:
            self.tests.append(test)
            return self._repeat_one(code, least, most, test)
        body = self._sequence(inner, flags)

        def greedy(at: int, rest: Rest, done: int = 0) -> bool:
            self._count()
            if done < most and body(at, lambda then: (then > at or done < least) and greedy(then, rest, done + 1)):
                return True
            return done >= least and rest(at)

        def lazy(at: int, rest: Rest, done: int = 0) -> bool:
            self._count()
            if done >= least and rest(at):
                return True
            return done < most and body(at, lambda then: (then > at or done < least) and lazy(then, rest, done + 1))

        def possessive(at: int, rest: Rest) -> bool:
            done = 0
            while done < most and (then := self._end_of(body, at)) is not None and (then > at or done < least):
                at, done = then, done + 1
            return done >= least and rest(at)

        return {codes.MAX_REPEAT: greedy, codes.MIN_REPEAT: lazy, codes.POSSESSIVE_REPEAT: possessive}[code]

    def _repeat_one(self, code: Any, least: int, most: int, test: Test) -> Step:
        def run(at: int, rest: Rest) -> bool:
            end = at
            while end < len(self._text) and end - at < most and test(self._text[end]):
                self._count()
                end += 1
            first = at + least
            ends: Sequence[int] = range(end, first - 1, -1)
            if code is codes.MIN_REPEAT:
                ends = range(first, end + 1)
            elif code is codes.POSSESSIVE_REPEAT:
                ends = range(end, end + 1) if end >= first else ()
            for each in ends:
                self._count()
                if rest(each):
                    return True
            return False

        return run

    def _end_of(self, step: Step, at: int) -> int | None:
        self._count()
        end: list[int] = []

        def arrive(then: int) -> bool:
            end.append(then)
            return True

        return end[0] if step(at, arrive) else None

    def _atomic(self, inner: Step) -> Step:
        def run(at: int, rest: Rest) -> bool:
            end = self._end_of(inner, at)
            return end is not None and rest(end)

        return run

    def _look(self, inner: Step, width: int, wanted: bool) -> Step:
        def run(at: int, rest: Rest) -> bool:
            found = at >= width and self._end_of(inner, at - width) is not None
            return found is wanted and rest(at)

        return run

    def _group(self, group: int | None, inner: Step) -> Step:
        def run(at: int, rest: Rest) -> bool:
            def leave(then: int) -> bool:
                before = self._groups.get(group or 0)
                self._groups[group or 0] = (at, then)
                if rest(then):
                    return True
                self._groups[group or 0] = before or (at, at)
                return False

            return inner(at, leave)

        return run

    def _reference(self, group: int) -> Step:
        def run(at: int, rest: Rest) -> bool:
            start, end = self._groups[group]
            self.steps += end - start
            self._count()
            then = at + end - start
            return self._text[at:then].lower() == self._text[start:end].lower() and rest(then)

        return run

    def _anchor(self, anchor: Any, flags: int) -> Step:
        written = {
            codes.AT_BEGINNING: "^", codes.AT_BEGINNING_STRING: r"\A", codes.AT_END: "$", codes.AT_END_STRING: r"\Z",
            codes.AT_BOUNDARY: r"\b", codes.AT_NON_BOUNDARY: r"\B",
        }[anchor]  # fmt: skip
        anchored = re.compile(written, flags & (re.MULTILINE | re.ASCII))

        def run(at: int, rest: Rest) -> bool:
            self._count()
            return anchored.match(self._text, at) is not None and rest(at)

        return run


def test_of(code: Any, argument: Any, flags: int) -> Test | None:
    """Return the test that a piece of one character makes; None for other pieces."""
    fold = bool(flags & re.IGNORECASE)
    if code is codes.LITERAL:
        wanted = chr(argument)
        return (lambda it: it.lower() == wanted.lower()) if fold else (lambda it: it == wanted)
    if code is codes.NOT_LITERAL:
        return lambda it: it != chr(argument)
    if code is codes.ANY:
        return (lambda it: True) if flags & re.DOTALL else (lambda it: it != "\n")
    if code is codes.IN:
        written = re.compile(f"[{''.join(_class(*item) for item in argument)}]", flags & (re.IGNORECASE | re.ASCII))
        return lambda it: written.match(it) is not None
    return None


def _class(code: Any, argument: Any) -> str:
    if code is codes.NEGATE:
        return "^"
    if code is codes.LITERAL:
        return re.escape(chr(argument))
    if code is codes.RANGE:
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    name = str(argument).removeprefix("CATEGORY_")
    letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name.removeprefix("NOT_")]
    return "\\" + (letter.upper() if name.startswith("NOT_") else letter)


def attacks(matcher: Matcher) -> Iterator[tuple[str, str, str]]:
    """Yield (beginning, what is repeated, tail): the pattern's own pieces, left unclosed, with a tail that fits nothing."""
    signs: dict[tuple[bool, ...], str] = {}
    for character in SAMPLE:
        signs.setdefault(tuple(test(character) for test in matcher.tests), character)
    by_fit = sorted(signs, key=sum)
    singles = [signs[each] for each in by_fit if any(each)][-9:]
    beginnings: dict[str, None] = {"": None}
    bodies: dict[str, None] = {}
    for before, body in _witnesses(matcher.parsed, matcher.flags, ""):
        beginnings.setdefault(before)
        bodies.setdefault(body)
    pumps = dict.fromkeys(singles)
    for beginning in beginnings:
        pumps |= dict.fromkeys(filter(None, (*list(bodies)[:8], beginning, beginning + singles[-1])))
    pumps |= dict.fromkeys(f"{body}{single}" for body in list(bodies)[:4] for single in singles[-3:] if body)
    tails = dict.fromkeys(("", signs[by_fit[0]], singles[0] if singles else "!"))
    yield from product(list(beginnings)[:5], pumps, tails)
    pairs = ["".join(pair) for pair in product(singles, repeat=2) if len(set(pair)) > 1]
    yield from product(list(beginnings)[:2], pairs, list(tails)[:2])


def _witnesses(parsed: Parsed, flags: int, before: str) -> Iterator[tuple[str, str]]:
    """Yield, for each repeat, what leads up to it and what one round of it takes."""
    for code, argument in parsed:
        inner: Sequence[Parsed] = ()
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            yield before, shortest(argument[2], flags, least=1)
            inner = (argument[2],)
        elif code is codes.SUBPATTERN:
            inner = (argument[3],)
        elif code is codes.ATOMIC_GROUP:
            inner = (argument,)
        elif code is codes.BRANCH:
            inner = argument[1]
        for each in inner:
            yield before, shortest(each, flags, least=1)
            yield from _witnesses(each, flags, before)
        before += shortest([(code, argument)], flags, least=1)


def shortest(parsed: Parsed, flags: int, least: int = 0) -> str:
    """Return a short text that the piece takes, with at least so many rounds of each repeat."""
    text = ""
    for code, argument in parsed:
        if (test := test_of(code, argument, flags)) is not None:
            text += next(
                (it for it in "a1_- .\"'/" + SAMPLE if test(it)), chr(argument) if code is codes.LITERAL else ""
            )
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            text += shortest(argument[2], flags, least) * min(max(argument[0], least), argument[1])
        elif code is codes.SUBPATTERN:
            text += shortest(argument[3], flags, least)
        elif code is codes.ATOMIC_GROUP:
            text += shortest(argument, flags, least)
        elif code is codes.BRANCH:
            text += shortest(argument[1][0], flags, least)
    return text


@contextmanager
def _deep_stack() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(60_000)  # functions of Python alone: they take no stack of C's
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def worst_attack(pattern: str, flags: int, method: str) -> tuple[str, str, str] | None:
    """Return an attack on which the pattern's steps grow faster than its text; None when there is none among ours."""
    matcher = Matcher(pattern, flags)
    with _deep_stack():
        for beginning, pump, tail in attacks(matcher):
            small, large = (beginning + pump * (size // len(pump)) + tail for size in (SMALL, LARGE))
            try:
                steps = matcher.cost(small, method, most=SMALL * SMALL * 40)
                matcher.cost(large, method, most=int(steps * LARGEST_GROWTH) + SLACK_STEPS)
            except TooManySteps:
                return beginning, pump, tail
    return None
