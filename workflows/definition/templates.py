"""Templates: JSON values in whose strings placeholders stand, read once and filled in often.

    compiled = compile_value({"LastName": "{{ trigger.last_name }}"})
    compiled.render({"trigger": {"last_name": "Lovelace"}}).value    # {"LastName": "Lovelace"}

A string that is one placeholder alone keeps the type of its value; within text a value prints as `values.to_text` says.
Keys of objects are not templates. Rendering reads data and runs no code; it stops at `Limits`. The language itself is
told in docs/templates.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workflows.definition import rendering
from workflows.definition.errors import RenderError, RenderLimitExceeded, TemplateError
from workflows.definition.own_filters import FilterFailed
from workflows.definition.paths import Path, suggest
from workflows.definition.rendering import Limits, Rendering, Warning
from workflows.definition.syntax import Placeholder, parse, parse_path, written
from workflows.definition.values import JSON, MAX_DEPTH, NotJSON, TooLarge, storable_number, storable_text

__all__ = [
    "Compiled", "Limits", "Path", "PathUse", "RenderError", "RenderLimitExceeded", "Rendered", "TemplateError",
    "Warning", "compile_value", "normalise", "parse_path", "suggest",
]  # fmt: skip


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Rendered:
    value: JSON
    warnings: list[Warning]


@dataclass(frozen=True, slots=True)
class PathUse:
    """A path that the input at `input` (`fields.LastName`) reads. `has_default` when a `default` filter follows it."""

    input: str
    path: Path
    has_default: bool = False


@dataclass(frozen=True, slots=True)
class Compiled:
    """A value whose templates have been read. `uses` are the paths with the inputs that read them, in order."""

    uses: tuple[PathUse, ...]
    _node: rendering.Node = field(repr=False, compare=False)

    @property
    def paths(self) -> tuple[Path, ...]:
        """All paths that it reads, each once."""
        return tuple({use.path: None for use in self.uses})

    @property
    def is_constant(self) -> bool:
        """Whether it renders the same in every context."""
        return not self.uses

    def render(self, context: Mapping[str, object], limits: Limits = DEFAULT_LIMITS) -> Rendered:
        """Fill in the placeholders. `context` holds a mapping per root; its values are JSON.

        A path that finds nothing gives null alone, nothing within text, and a warning unless `default` follows. All that
        it gives can be written as JSON by any reader: whole numbers beyond 64 bits are the text of their digits.
        Raises: RenderError where a filter cannot do its work; RenderLimitExceeded.
        """
        under_way = Rendering(context, limits)
        try:
            return Rendered(self._node(under_way), under_way.warnings)
        except TooLarge as error:
            raise RenderLimitExceeded(
                under_way.path, under_way.filter,
                f"The value grows beyond {error}. Shorten what goes in, or leave {under_way.path} out.",
                under_way.input,
            ) from error  # fmt: skip
        except (FilterFailed, NotJSON) as error:
            what = f"The filter {under_way.filter} failed" if under_way.filter else "The value cannot be used"
            message = f"{what} on {under_way.path}: {error}."
            raise RenderError(under_way.path, under_way.filter, message, under_way.input) from error


def compile_value(value: JSON) -> Compiled:
    """Read the templates in a JSON value. Raises: TemplateError for the first that cannot be read."""
    uses: list[PathUse] = []
    node = _compiled(value, "", uses, 0)
    return Compiled(tuple(uses), node)


def _compiled(value: JSON, place: str, uses: list[PathUse], depth: int) -> rendering.Node:
    _check_depth(depth)
    if isinstance(value, str):
        return _compiled_text(value, place, uses)
    if isinstance(value, Mapping):
        return rendering.object_of(
            {key: _compiled(item, f"{place}.{key}" if place else key, uses, depth + 1) for key, item in value.items()}
        )
    if isinstance(value, Sequence):
        return rendering.list_of(
            [_compiled(item, f"{place}[{index}]", uses, depth + 1) for index, item in enumerate(value)]
        )
    return rendering.constant(_constant(value))


def _constant(value: JSON) -> JSON:
    """Return a value that holds no template, in the form that can be stored. Raises: TemplateError."""
    try:
        if isinstance(value, str):
            return storable_text(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return storable_number(value)
    except NotJSON as error:
        raise TemplateError(f"The value cannot be used: {error}.", 0, "") from error
    return value


def _compiled_text(source: str, place: str, uses: list[PathUse]) -> rendering.Node:
    try:
        parts = parse(source)
    except TemplateError as error:
        error.input = place
        raise
    placeholders = [part for part in parts if isinstance(part, Placeholder)]
    for placeholder in placeholders:
        has_default = any(use.filter.name == "default" for use in placeholder.filters)
        uses += [PathUse(place, path, has_default and path is placeholder.head) for path in placeholder.paths]
    if not placeholders:
        return rendering.constant(_constant(source))
    if len(parts) == 1:
        return rendering.alone(placeholders[0], place)
    return rendering.within_text(parts, place)


def normalise(value: JSON) -> JSON:
    """The value with its placeholders in their one spelling: `<<a>>` as `{{ a }}`, a space at either side.

    A string that cannot be read stays as it is, so that a draft keeps what its builder is still typing.
    """
    return _normalised(value, 0)


def _normalised(value: JSON, depth: int) -> JSON:
    if isinstance(value, str):
        try:
            return written(parse(value))
        except TemplateError:
            return value
    if depth > MAX_DEPTH:  # refused by whoever reads it next
        return value
    if isinstance(value, Mapping):
        return {key: _normalised(item, depth + 1) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_normalised(item, depth + 1) for item in value]
    return value


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise TemplateError(f"The value is nested more than {MAX_DEPTH} levels deep. Make it flatter.", 0, "")
