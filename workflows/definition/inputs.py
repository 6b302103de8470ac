"""The inputs of a step by name: `fields.Email` is the `Email` within `fields`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workflows.definition.values import JSON


def value_at(inputs: Mapping[str, JSON], name: str) -> JSON:
    """The input of this name, None when there is none. Keys that hold dots themselves are found as well."""
    if name in inputs:
        return inputs[name]
    first, _, rest = name.partition(".")
    while rest:
        below = inputs.get(first)
        if isinstance(below, Mapping) and (value := value_at(below, rest)) is not None:
            return value
        more, _, rest = rest.partition(".")
        first = f"{first}.{more}"
    return None


def is_empty(value: JSON) -> bool:
    """Whether an input counts as not filled in: null, text of nothing but spaces, an empty list or object."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value in ([], {})


def empty_inputs(inputs: Mapping[str, JSON], names: Iterable[str]) -> list[str]:
    """Those of `names` that are empty in these (rendered) inputs: a step whose required input is one must fail."""
    return [name for name in names if is_empty(value_at(inputs, name))]
