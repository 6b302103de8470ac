"""Numbers and booleans where text belongs: a file's author has forgotten the quotes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.providers import registry
from integrations.providers.base import Provider
from projects.models import Project
from workflows.definition.inputs import value_at
from workflows.definition.schema import parse_definition

_NOT_TEXT = ("number", "boolean")
_TEXT_SETTINGS = ("TEXT_NO_VARS", "TEXTAREA_NO_VARS", "EMAIL", "URL")


def unquoted_values(definition: Mapping[str, Any], provider: Provider) -> Iterator[tuple[str, str]]:
    """Each such value's JSON pointer within the definition, with what is wrong, as far as the standard fields tell."""
    parsed = parse_definition(definition)
    schema = provider.schemas(Project())
    for position, step in enumerate(parsed.steps):
        action = registry.action(step.type)
        # An empty form shows the fields of the describe. One that is added by its name may be of any type.
        empty = {name: value for name, value in step.inputs.items() if not isinstance(value, Mapping)}
        for field in action.form(empty, schema) if action else ():
            value = value_at(step.inputs, field.name)
            if field.type not in _NOT_TEXT and isinstance(value, bool | int | float):
                pointer = f"/steps/{position}/inputs/{field.name.replace('.', '/')}"
                yield pointer, f"{field.label} takes text, not {_shown(value)}."
    for position, setting in enumerate(parsed.settings):
        if setting.type in _TEXT_SETTINGS and isinstance(setting.default, bool | int | float):
            yield (
                f"/settings/{position}/default",
                f"The default of {setting.title} is text, not {_shown(setting.default)}.",
            )


def _shown(value: bool | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)[:40]
