"""Numbers that a database gives back in another type than it got: PostgreSQL makes a whole number of 1e+30."""

from __future__ import annotations

from typing import Any

from lib.json_bounds import MAX_INTEGER, MIN_INTEGER


def as_written(value: Any) -> Any:
    """A stored JSON value with its numbers as a file can hold them: whole ones of more than 64 bits were fractions once."""
    if isinstance(value, dict):
        return {key: as_written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_written(item) for item in value]
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_whole and not MIN_INTEGER <= value <= MAX_INTEGER else value


def are_alike(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same, a number's type apart."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(are_alike(item, other[key]) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(are_alike, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if (isinstance(one, float) and isinstance(other, int)) or (isinstance(one, int) and isinstance(other, float)):
        return float(one) == float(other)
    return bool(one == other)
