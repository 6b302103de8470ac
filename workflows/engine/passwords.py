"""Passwords of end users on their way through a step: sent where the builder put them, and kept nowhere else.

What is kept goes by two rules. An input whose template reads a password is kept as dots, whatever became of the password in
it. In everything else (answers, errors, warnings, reasons to wait, log lines) the passwords are looked for, and so are the
values of those inputs, in every form that `lib.masks` knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from integrations.providers.base import Outcome
from lib.masks import MASK, Mask
from workflows.definition.paths import Path
from workflows.definition.schema import Definition
from workflows.definition.templates import Compiled

_READ_BY_PROGRAMS: Final = frozenset({"class", "code", "fields", "status", "step_key", "id", "record_id", "record_ids"})
"""Of outputs and errors: the provider's own names and ids, which nobody types."""


def inputs_that_read(definition: Definition, compiled: Compiled) -> frozenset[str]:
    """Return the inputs of a step (`fields.Title`) whose templates read a password, also as an argument of a filter."""
    passwords = passwords_of(definition)
    return frozenset(use.input for use in compiled.uses if reads_password(use.path, passwords))


def passwords_of(definition: Definition) -> frozenset[str]:
    """Return the ids of the settings that are passwords."""
    return frozenset(setting.id for setting in definition.settings if setting.type == "PASSWORD")


def reads_password(path: Path, passwords: Collection[str]) -> bool:
    """Whether what stands at `path` is, or holds, one of `passwords`."""
    return bool(passwords) and path.root == "settings" and (len(path.segments) == 1 or path.segments[1] in passwords)


def values_at(inputs: Any, places: Collection[str]) -> Iterator[str]:
    """Yield the values that stand at these inputs, as texts. Truth values are left out: they tell nothing."""
    for place, value in _leaves(inputs):
        if isinstance(value, str | int | float) and not isinstance(value, bool) and _is_within(place, places):
            yield str(value)


def kept_inputs(inputs: Any, places: Collection[str], mask: Mask, place: str = "") -> Any:
    """Return rendered inputs as the history may hold them. What is empty stays so, since that is no secret."""
    if place in places:
        return inputs if inputs in (None, "") else MASK
    match inputs:
        case dict():
            return {
                key: kept_inputs(item, places, mask, f"{place}.{key}" if place else str(key))
                for key, item in inputs.items()
            }
        case list():
            return [kept_inputs(item, places, mask, f"{place}[{index}]") for index, item in enumerate(inputs)]
        case _:
            return mask.value(inputs)


def kept_warnings(warnings: list[dict[str, str]], places: Collection[str], mask: Mask) -> list[dict[str, str]]:
    """Return a rendering's warnings without what a filter says of a value at an input that reads a password."""
    return [
        {**mask.value(each), "message": f"{each['path']} gave nothing, or a filter could not use it. {_NO_MORE}"}
        if each["input"] in places
        else {**each, "message": mask.text(each["message"])}
        for each in warnings
    ]


_NO_MORE: Final = "This input reads a password, so no more is said of it."


def kept_problem(path: str, filter: str | None) -> str:
    """Return why an input that reads a password could not be filled in, without a word of what stood there."""
    what = f"The filter {filter} failed on {path}." if filter else f"{path} can not be used here."
    return f"{what} {_NO_MORE}"


def kept_outcome(outcome: Outcome, mask: Mask) -> Outcome:
    """Return the outcome of a call as the history may hold it; what follows from it is said in the same words."""
    if not mask:
        return outcome
    return replace(
        outcome,
        output=mask.value(outcome.output, but=_READ_BY_PROGRAMS),
        error=_kept_error(outcome.error, mask),
        note=mask.text(outcome.note),
    )


def _kept_error(error: Mapping[str, Any] | None, mask: Mask) -> dict[str, Any] | None:
    return None if error is None else mask.value(dict(error), but=_READ_BY_PROGRAMS)


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for key, item in value.items():
                yield from _leaves(item, f"{place}.{key}" if place else str(key))
        case list():
            for index, item in enumerate(value):
                yield from _leaves(item, f"{place}[{index}]")
        case _:
            yield place, value


def _is_within(place: str, places: Collection[str]) -> bool:
    return any(place == each or place.startswith((f"{each}.", f"{each}[")) for each in places)
