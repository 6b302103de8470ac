"""What a draft changes of the live version, in words: the deploy dialog shows it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workflows.definition.values import JSON, to_json_text

MAX_SHOWN = 80
"""Characters of a value within a sentence."""

Kind = Literal["added", "removed", "changed", "moved"]
Stored = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `where` names its place: `trigger`, `steps.create_lead.inputs.fields.LastName`, ..."""

    kind: Kind
    where: str
    before: JSON
    after: JSON
    text: str


def differences(old: Stored | None, new: Stored) -> list[Change]:
    """What `new` changes of `old`, both as stored; everything is new when `old` is None.

    Steps are the same when their key is, user settings when their id is. `before` of what is added, and `after` of
    what is removed, is None; those of what has moved are its positions, counted from 1.
    """
    old = old or {}
    event_before, event_after = ((one.get("trigger") or {}).get("app_event") for one in (old, new))
    return [
        *_value("trigger", "Trigger", event_before, event_after),
        *_list("steps", "key", old, new, name_of=_step_name, changes_of=_step),
        *_list("settings", "id", old, new, name_of=_setting_name, changes_of=_setting),
        *_value("order_by", "Order by", old.get("order_by"), new.get("order_by")),
        *_value("concurrency", "Calls at a time", old.get("concurrency"), new.get("concurrency")),
    ]


def _step_name(step: Stored) -> str:
    return f'Step "{step.get("name") or step["key"]}"'


def _setting_name(setting: Stored) -> str:
    return f'User setting "{setting.get("title") or setting["id"]}"'


def _step(where: str, old: Stored, new: Stored) -> Iterator[Change]:
    name = _step_name(new)
    if old.get("name") != new.get("name"):
        text = f"{_step_name(old)} renamed to {shown(new.get('name'))}"
        yield Change("changed", f"{where}.name", old.get("name"), new.get("name"), text)
    yield from _value(f"{where}.type", f"{name}: action", old.get("type"), new.get("type"))
    before, after = _flat(old.get("inputs") or {}), _flat(new.get("inputs") or {})
    for place in {**before, **after}:
        group, _, field = place.partition(".")
        label = f"field {field}" if group == "fields" and field else place.replace("_", " ")
        yield from _value(f"{where}.inputs.{place}", f"{name}: {label}", before.get(place), after.get(place))
    required_before, required_after = old.get("required_inputs") or [], new.get("required_inputs") or []
    for input in [*required_before, *(input for input in required_after if input not in required_before)]:
        is_required, was_required = input in required_after, input in required_before
        if is_required != was_required:
            text = f"{name}: {input.removeprefix('fields.')} is {'now' if is_required else 'no longer'} required"
            yield Change("changed", f"{where}.required_inputs", was_required, is_required, text)
    retry_before, retry_after = old.get("retry") or {}, new.get("retry") or {}
    for wish in {**retry_before, **retry_after}:
        label = f"{name}: retry {wish.replace('_', ' ')}"
        yield from _value(f"{where}.retry.{wish}", label, retry_before.get(wish), retry_after.get(wish))


def _setting(where: str, old: Stored, new: Stored) -> Iterator[Change]:
    name = _setting_name(new)
    if old.get("title") != new.get("title"):
        text = f"{_setting_name(old)} renamed to {shown(new.get('title'))}"
        yield Change("changed", f"{where}.title", old.get("title"), new.get("title"), text)
    for part in {**old, **new}:
        if part not in ("id", "title", "values"):
            yield from _value(f"{where}.{part}", f"{name}: {part}", old.get(part), new.get(part))
    choices = [[choice.get("label") or choice.get("value") for choice in one.get("values") or []] for one in (old, new)]
    if old.get("values", []) != new.get("values", []):
        text = f"{name}: choices {', '.join(map(str, choices[0]))} → {', '.join(map(str, choices[1]))}"
        yield Change("changed", f"{where}.values", old.get("values"), new.get("values"), text)


def _list(
    part: str,
    id: str,
    old: Stored,
    new: Stored,
    *,
    name_of: Callable[[Stored], str],
    changes_of: Callable[[str, Stored, Stored], Iterator[Change]],
) -> Iterator[Change]:
    """Changes of a list whose items are the same when their `id` is."""
    before: dict[str, Stored] = {item[id]: item for item in old.get(part) or []}
    after: dict[str, Stored] = {item[id]: item for item in new.get(part) or []}
    for key, item in before.items():
        if key not in after:
            yield Change("removed", f"{part}.{key}", dict(item), None, f"{name_of(item)} removed")
    moved = _moved([key for key in before if key in after], [key for key in after if key in before])
    for position, (key, item) in enumerate(after.items(), start=1):
        where = f"{part}.{key}"
        if key not in before:
            yield Change("added", where, None, dict(item), f"{name_of(item)} added")
            continue
        if key in moved:
            was = list(before).index(key) + 1
            yield Change("moved", where, was, position, f"{name_of(item)} moved from position {was} to {position}")
        yield from changes_of(where, before[key], item)


def _moved(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """The fewest keys whose moving turns one order into the other: all but a longest run that kept its order."""
    places = {key: place for place, key in enumerate(before)}
    ends: list[int] = []
    chains: list[list[str]] = []
    for key in after:
        at = bisect_left(ends, places[key])
        chain = [*(chains[at - 1] if at else []), key]
        ends[at : at + 1] = [places[key]]
        chains[at : at + 1] = [chain]
    return set(after) - set(chains[-1] if chains else [])


def _value(where: str, label: str, before: JSON, after: JSON) -> Iterator[Change]:
    if before == after and type(before) is type(after):
        return
    if before is None:
        yield Change("added", where, None, after, f"{label} set to {shown(after)}")
    elif after is None:
        yield Change("removed", where, before, None, f"{label} cleared, it was {shown(before)}")
    else:
        yield Change("changed", where, before, after, f"{label}: {shown(before)} → {shown(after)}")


def _flat(value: JSON, place: str = "") -> dict[str, JSON]:
    """Objects taken apart: `{"fields": {"Email": 1}}` gives `{"fields.Email": 1}`. Lists stay whole."""
    if not isinstance(value, Mapping) or (place and not value):
        return {place: value}
    flat: dict[str, JSON] = {}
    for key, item in value.items():
        flat |= _flat(item, f"{place}.{key}" if place else key)
    return flat


def shown(value: JSON) -> str:
    """A value within a sentence, cut where it is long."""
    text = f'"{value}"' if isinstance(value, str) else to_json_text(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
