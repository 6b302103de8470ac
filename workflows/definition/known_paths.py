"""Which paths a step may read, told from samples: the app event's example payload and what earlier steps give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import cast

from workflows.definition.paths import (
    COMPUTED,
    MISSING,
    RUN_FIELDS,
    Path,
    Segment,
    look_up,
    path_text,
    suggest,
)
from workflows.definition.schema import Definition, UserSetting
from workflows.definition.values import JSON, type_name

MAX_SUGGESTED_FROM = 2_000
"""How many known paths are looked through for the nearest one."""

_SETTING_SAMPLES: Mapping[str, JSON] = {
    "NUMBER": 1, "BOOLEAN_INPUT": True, "SWITCH": True, "FIELD_MAPPER": {}, "COMBO_INPUT": {},
    "DYNAMIC_COMBO_INPUT": {}, "PERMISSION": {}, "FILE": {},
}  # fmt: skip

Unknown = tuple[str, str]
"""A problem's code and its message."""


def setting_sample(setting: UserSetting) -> JSON:
    """A value as the end user may give it; an empty object where its shape is the end user's choice."""
    if setting.default is not None:
        return setting.default
    if setting.values:
        return setting.values[0].value
    return _SETTING_SAMPLES.get(setting.type, "")


class KnownPaths:
    """What may be read by the step at `position`; by the workflow itself, before its first step, when that is None."""

    def __init__(
        self,
        definition: Definition,
        position: int | None,
        trigger_example: JSON,
        step_outputs: Mapping[str, JSON],
    ) -> None:
        self.definition = definition
        self.position = position or 0
        self.is_step = position is not None
        self.upstream = [step.key for step in definition.steps[: self.position]]
        self.samples: dict[str, JSON] = {
            "trigger": trigger_example,
            "steps": {key: step_outputs.get(key, {}) for key in self.upstream},
            "settings": {setting.id: setting_sample(setting) for setting in definition.settings},
            "user": {"id": "", "meta": {}},
            "run": dict.fromkeys(RUN_FIELDS, ""),
        }

    def unknown(self, path: Path) -> Unknown | None:
        """Why this path will find nothing, as a problem's code and message; None when it may find something."""
        if path.root == "steps" and path.segments[1] not in self.upstream:
            return self._not_upstream(path, str(path.segments[1]))
        if path.root == "settings" and not self.definition.settings and len(path.segments) > 1:
            return "setting_unknown", f"{path} is not known: the workflow has no user settings. Add one first."
        return self._not_in_sample(path)

    def _not_upstream(self, path: Path, key: str) -> Unknown:
        keys = [step.key for step in self.definition.steps]
        if key in keys and not self.is_step:
            return "step_not_upstream", f"{path} is not known yet: this is read before the first step."
        if key in keys:
            itself = keys.index(key) == self.position
            why = "is this step itself" if itself else "runs after this step"
            return (
                "step_not_upstream",
                f'{path} is not known yet: "{key}" {why}. Read from a step above, or move it up.',
            )
        near = suggest(key, self.upstream)
        hint = f"Did you mean steps.{near}?" if near else "Choose a step from the {{ menu."
        return "step_unknown", f'{path} is not known: there is no step "{key}" above. {hint}'

    def _not_in_sample(self, path: Path) -> Unknown | None:
        value: JSON = self.samples[path.root]
        for at, segment in enumerate(path.segments[1:], start=1):
            parent = path_text(path.segments[:at])
            if value is None or (value in ([], {}) and (at > 1 or path.root == "trigger")):
                return None
            if segment in COMPUTED and (below := look_up(value, (segment,))) is not MISSING:
                value = cast(JSON, below)
            elif isinstance(value, Mapping):
                if str(segment) not in value:
                    return self._not_found(path, at, value)
                value = value[str(segment)]
            elif isinstance(value, list | tuple):
                if not isinstance(segment, int):
                    example = path_text((*path.segments[:at], 0, *path.segments[at:]))
                    return "path_unknown", f"{path} is not known: {parent} is a list. Take one of its items: {example}."
                value = value[segment] if -len(value) <= segment < len(value) else value[0]
            else:
                return "path_unknown", f"{path} is not known: {parent} is {type_name(value)}, nothing stands below it."
        return None

    def _not_found(self, path: Path, at: int, there: Mapping[str, JSON]) -> Unknown:
        name = str(path.segments[at])
        sibling = suggest(name, there)
        if sibling is not None:
            near: str | None = path_text((*path.segments[:at], sibling, *path.segments[at + 1 :]))
        else:
            near = suggest(path.text, islice(self._paths((path.root,), self.samples[path.root]), MAX_SUGGESTED_FROM))
        hint = f"Did you mean {near}?" if near else f"Known there: {', '.join(list(there)[:20])}."
        if path.root == "user" and at == 1:
            hint = f"Did you mean user.meta{path_text(('user', *path.segments[1:]))[4:]}?"
        if path.root == "settings" and at == 1:
            return "setting_unknown", f'{path} is not known: there is no user setting "{name}". {hint}'
        if path.root == "trigger":
            hint += " If the app does send it, add it to the app event's example payload."
        whose = {"trigger": "the app event's example payload", "steps": "what that step gives"}
        where = whose.get(path.root, path_text(path.segments[:at]))
        where = f"{path_text(path.segments[:at])} in {where}" if at > (2 if path.root == "steps" else 1) else where
        return "path_unknown", f'{path} is not known: {where} has no "{name}". {hint}'

    def _paths(self, segments: tuple[Segment, ...], value: JSON) -> Iterator[str]:
        """The texts of all paths at and below `segments`, lists by their first item."""
        if isinstance(value, Mapping):
            for key, item in value.items():
                yield path_text((*segments, key))
                yield from self._paths((*segments, key), item)
        elif isinstance(value, list | tuple) and value:
            yield from self._paths((*segments, 0), value[0])
