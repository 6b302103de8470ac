"""Whether a payload has the shape of its App Event's example; only projects that ask for it are told."""

from collections.abc import Iterator
from typing import Any

_MAX_WARNINGS = 20


def differences_in_shape(example: Any, payload: Any) -> list[str]:
    """Sentences on what `payload` lacks or has otherwise than `example`; more than the example is welcome."""
    found = []
    for sentence in _differences(example, payload, "payload"):
        found.append(sentence)
        if len(found) == _MAX_WARNINGS:
            break
    return found


def _differences(example: Any, payload: Any, where: str) -> Iterator[str]:
    if example is None or payload is None:
        return  # an example of null says nothing about the type
    if _kind(example) != _kind(payload):
        yield f"`{where}` is {_kind(payload)}; the example has {_kind(example)}."
    elif isinstance(example, dict):
        for key, value in example.items():
            if key in payload:
                yield from _differences(value, payload[key], f"{where}.{key}")
            else:
                yield f"`{where}.{key}` is missing."
    elif isinstance(example, list) and example:
        for index, item in enumerate(payload):
            yield from _differences(example[0], item, f"{where}[{index}]")


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "null"
