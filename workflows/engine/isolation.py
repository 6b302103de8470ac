"""Keeps a failure inside a group with the run that caused it.

Runs are read, called and written in groups. What one of them raises must not become the failure of the others, and what
raises can not be foreseen, so nothing here knows causes: a part that raises is tried again in halves, down to one run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from django.db import DatabaseError, InterfaceError

from integrations.providers.base import ErrorClass, Outcome, OutcomeKind
from lib.encryption import DecryptionFailed
from lib.errors import IsthmusError
from lib.json_bounds import MAX_INTEGER, MIN_INTEGER
from projects import database_refusals
from workflows.definition.errors import DefinitionError
from workflows.errors import LeaseLost

T = TypeVar("T")

INTERNAL_ERROR: Final = "internal_error"
MAX_DEPTH: Final = 200
"""Of a value that is kept; deeper parts are cut off. The JSON writer ends at 254, and a row adds levels of its own."""


def is_of_the_rows(exc: Exception) -> bool:
    """Tell whether an exception may come from the rows in hand, so that without the culprit the others succeed.

    A database that is away, read-only, full or of another schema is not the rows' fault, nor is a lost lease or a missing
    encryption key.
    """
    if isinstance(exc, LeaseLost | DecryptionFailed):
        return False
    if isinstance(exc, DatabaseError | InterfaceError):
        return database_refusals.is_about_a_value(exc)
    return True


def write_in_parts(items: Sequence[T], write: Callable[[Sequence[T]], None]) -> list[tuple[T, Exception]]:
    """Call `write` with all items; where it raises, with halves of them. Return the items that could not be written alone,
    each with what was raised. Raise what is not the rows' fault.

    `write` must write all of what it is given or nothing.
    """
    try:
        write(items)
    except Exception as exc:
        if not is_of_the_rows(exc):
            raise
        if len(items) <= 1:
            return [(item, exc) for item in items]
        middle = len(items) // 2
        return write_in_parts(items[:middle], write) + write_in_parts(items[middle:], write)
    return []


def failure(exc: Exception, doing: str) -> Outcome:
    """Return the outcome of a step that raised before anything was sent for it. `doing`: "filling in its inputs"."""
    if isinstance(exc, DefinitionError):
        message = f"The definition of the run's version can not be read any more: {exc}"
        advice = "Mend the draft, deploy it, and replay the run on the newest version."
        return Outcome(OutcomeKind.FAILED, error=error_detail(ErrorClass.PERMANENT, exc.code, message, advice))
    if isinstance(exc, IsthmusError):  # its words say what is wrong
        return Outcome(OutcomeKind.FAILED, error=error_detail(ErrorClass.PERMANENT, exc.code, exc.message, ""))
    message = (
        f"Isthmus met an error of its own while {doing}: {type(exc).__name__}. Nothing was sent. It has been logged."
    )
    advice = "Look whether the event holds an unusual value there, and replay the run when that is mended."
    return Outcome(OutcomeKind.FAILED, error=error_detail(ErrorClass.PERMANENT, INTERNAL_ERROR, message, advice))


def not_storable(inputs: Any) -> Outcome:
    """Return the outcome of a step whose inputs can not be kept: what is not kept is not sent, since it could not be told
    afterwards whether it arrived."""
    place = next(unstorable_places(inputs), None)
    where, what = place or ("its inputs", "a value")
    message = f"{where} holds {what}, which can not be kept in the history, so nothing was sent."
    advice = "Change the value in the event, or the filters that make it, and replay the run."
    fields = [where] if place else []
    return Outcome(
        OutcomeKind.FAILED, error=error_detail(ErrorClass.PERMANENT, "input_not_storable", message, advice, fields)
    )


def unknown(exc: Exception) -> Outcome:
    """Return the outcome of a call during which something raised after bytes had gone out."""
    message = f"Isthmus met an error of its own while it was calling: {type(exc).__name__}. It has been logged."
    return Outcome(
        OutcomeKind.UNKNOWN,
        error=error_detail(
            ErrorClass.UNKNOWN_OUTCOME, INTERNAL_ERROR, message, "It is looked for before it is sent again."
        ),
    )


def asks(exc: Exception) -> Outcome:
    """Return the outcome of a call that raised again, made alone: nothing but a look into the account tells."""
    message = f"Isthmus met an error of its own twice while it was calling: {type(exc).__name__}. It has been logged."
    advice = "Look into the account whether the call took effect, then decide."
    return Outcome(OutcomeKind.ASK, error=error_detail(ErrorClass.UNKNOWN_OUTCOME, INTERNAL_ERROR, message, advice))


def readable(outcome: Outcome) -> Outcome:
    """Return an outcome of the same kind in which every value is what it is declared to be."""
    error = outcome.error if isinstance(outcome.error, dict) else None
    class_ = str((error or {}).get("class", ""))
    if error is not None and class_ not in set(ErrorClass):
        error = {**error, "class": ErrorClass.PERMANENT.value}
    return replace(
        outcome,
        output=storable(outcome.output),
        error=storable(error),
        note=str(outcome.note),
        api_calls=outcome.api_calls if isinstance(outcome.api_calls, int | float) else 0.0,
    )


def error_detail(
    error_class: ErrorClass, code: str, message: str, advice: str, fields: Sequence[str] = ()
) -> dict[str, Any]:
    """Return an error as step runs and runs keep it; shape: `Outcome.error`."""
    return {"class": error_class.value, "code": code, "message": message, "fields": list(fields), "advice": advice}


def storable(value: Any, *, depth: int = 0) -> Any:
    """Return `value` with what a database can not keep as text of the same meaning: integers past 64 bits as digits, NUL
    as U+FFFD, lone surrogates as "?", NaN and infinities as text, what is no JSON as its class's name."""
    match value:
        case None | bool():
            return value
        case str():
            return _storable_text(value)
        case int():
            return value if MIN_INTEGER <= value <= MAX_INTEGER else _digits(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case dict() if depth < MAX_DEPTH:
            return {_storable_text(str(key)): storable(item, depth=depth + 1) for key, item in value.items()}
        case list() | tuple() if depth < MAX_DEPTH:
            return [storable(item, depth=depth + 1) for item in value]
        case dict() | list() | tuple():
            return "…"
        case _:
            return f"<{type(value).__name__}>"


def unstorable_places(value: Any, where: str = "", *, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the places of what `storable` would change: a path such as "fields.Name", and what stands there in words."""
    if isinstance(value, dict | list | tuple):
        if depth >= MAX_DEPTH:
            yield where, f"more than {MAX_DEPTH} levels of lists and objects"
            return
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in parts:
            yield from unstorable_places(item, f"{where}.{key}" if where else str(key), depth=depth + 1)
    elif what := _why_unstorable(value):
        yield where, what


def _why_unstorable(value: Any) -> str:
    """Return what is wrong with a single value, "" where nothing is."""
    match value:
        case str():
            return "half of a surrogate pair" if not _is_utf8(value) else "a NUL character" * ("\x00" in value)
        case None | bool():
            return ""
        case int():
            return "" if MIN_INTEGER <= value <= MAX_INTEGER else "an integer past 64 bits"
        case float():
            return "" if math.isfinite(value) else f"the number {value}"
        case _:
            return f"a value of the kind {type(value).__name__}"


def _storable_text(value: str) -> str:
    if not _is_utf8(value):
        value = value.encode("utf-8", "replace").decode()
    return value.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # Python writes no more than 4,300 digits
        return f"an integer of {value.bit_length()} bits"
