"""The name that a misspelt one was most likely meant to be: "Did you mean …?", for a bounded price."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from heapq import nsmallest
from typing import Final

MAX_COMPARED: Final = 200
"""How many names are compared with the misspelt one, those of the most similar length first."""
MAX_HINTS: Final = 20
"""How many names are looked for within one `few_hints`: who has misspelt more mends those first."""

_left: ContextVar[list[int] | None] = ContextVar("hints_left", default=None)


@contextmanager
def few_hints() -> Iterator[None]:
    """Within the block only the first MAX_HINTS calls of `nearest` look; the others find nothing, at no cost."""
    token = _left.set([MAX_HINTS])
    try:
        yield
    finally:
        _left.reset(token)


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.7) -> str | None:
    """Return the one of `known` that is `name` but for its case, else the most similar one, or None when none is near."""
    return nearest_of(name, {candidate: candidate for candidate in known}, cutoff=cutoff) if may_look() else None


def may_look() -> bool:
    """Say whether another name may be looked for, and count it."""
    left = _left.get()
    if left is None:
        return True
    left[0] -= 1
    return left[0] >= 0


def nearest_of(name: str, known: dict[str, str], *, cutoff: float) -> str | None:
    """As `nearest`, uncounted, with what each known name stands for."""
    wanted = name.lower()
    by_lower_case: dict[str, str] = {}
    for candidate, stands_for in known.items():
        by_lower_case.setdefault(candidate.lower(), stands_for)
    if wanted in by_lower_case:
        return by_lower_case[wanted]
    compared = nsmallest(MAX_COMPARED, by_lower_case, key=lambda candidate: abs(len(candidate) - len(wanted)))
    near = difflib.get_close_matches(wanted, compared, n=1, cutoff=cutoff)
    return by_lower_case[near[0]] if near else None
