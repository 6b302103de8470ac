"""The variable menu: what a builder may put between `{{` and `}}` in one step's inputs, with samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TypedDict

from workflows.definition.known_paths import setting_sample
from workflows.definition.paths import Segment, path_text
from workflows.definition.schema import Definition
from workflows.definition.values import JSON, to_text, type_name

MAX_DEPTH = 6
"""Names below a root, or below a step: deeper ones are typed by hand."""
MAX_ITEMS = 500
"""Items of one group."""
MAX_SAMPLE = 80
"""Characters of a sample."""


class Item(TypedDict):
    """One variable. `path` goes between the braces; `label` is what is left of it within its group."""

    path: str
    label: str
    sample: str
    type: str


class Group(TypedDict):
    """Variables of one source, in the order of that source."""

    title: str
    root: str
    items: list[Item]


def variable_menu(
    definition: Definition,
    *,
    step_key: str | None,
    trigger_example: JSON,
    step_outputs: Mapping[str, JSON] | None = None,
) -> list[Group]:
    """The groups of the menu for one step; for what is read before the first step, when `step_key` is None.

    A step shows the steps above it alone. A list shows its first item. Groups that would be empty are left out.
    Raises: KeyError when there is no such step.
    """
    position = 0 if step_key is None else definition.position(step_key)
    groups = []
    if definition.trigger:
        title = f"App Event: {definition.trigger.app_event}" if definition.trigger.app_event else "Trigger"
        groups.append(_group(title, ("trigger",), trigger_example, whole="The whole event"))
    for number, step in enumerate(definition.steps[:position], start=1):
        output = (step_outputs or {}).get(step.key)
        title = f"{number}. {step.name or step.key}"
        groups.append(_group(title, ("steps", step.key), output, whole="All that it gave"))
    groups.append(_settings_group(definition))
    groups.append(_items_group("User", "user", {"user.id": ("Id", "text"), "user.meta": ("Metadata", "object")}))
    groups.append(
        _items_group("Run", "run", {"run.id": ("Id", "text"), "run.received_at": ("Event received at", "text")})
    )
    return [group for group in groups if group["items"]]


def _group(title: str, base: tuple[str, ...], sample: JSON, whole: str) -> Group:
    items = [_item(base, whole, sample)]
    items += islice(_below(base, base, sample), MAX_ITEMS - 1)
    return {"title": title, "root": base[0], "items": items}


def _below(base: tuple[Segment, ...], segments: tuple[Segment, ...], value: JSON) -> Iterator[Item]:
    """What stands below `segments`, each container before its contents."""
    if len(segments) - len(base) >= MAX_DEPTH:
        return
    children: list[tuple[Segment, JSON]] = []
    if isinstance(value, Mapping):
        children = list(value.items())
    elif isinstance(value, list | tuple) and value:
        children = [(0, value[0])]
    for segment, item in children:
        place = (*segments, segment)
        yield _item(place, path_text(place[len(base) :]), item)
        yield from _below(base, place, item)


def _item(segments: tuple[Segment, ...], label: str, sample: JSON) -> Item:
    text = to_text(sample)
    if len(text) > MAX_SAMPLE:
        text = text[: MAX_SAMPLE - 1] + "…"
    return {"path": path_text(segments), "label": label, "sample": text, "type": type_name(sample)}


def _settings_group(definition: Definition) -> Group:
    items = [
        _item(("settings", setting.id), setting.title or setting.id, setting_sample(setting))
        for setting in definition.settings
    ]
    return {"title": "User settings", "root": "settings", "items": items}


def _items_group(title: str, root: str, items: Mapping[str, tuple[str, str]]) -> Group:
    return {
        "title": title,
        "root": root,
        "items": [{"path": path, "label": label, "sample": "", "type": type} for path, (label, type) in items.items()],
    }
