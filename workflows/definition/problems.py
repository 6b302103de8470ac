"""What stands between a definition and its deploy, in sentences for the builder that say what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lib.near_names import few_hints
from workflows.definition.errors import TemplateError
from workflows.definition.inputs import is_empty, value_at
from workflows.definition.known_paths import KnownPaths
from workflows.definition.paths import path_of, suggest
from workflows.definition.schema import Definition, Step, UserSetting
from workflows.definition.syntax import OPENER, Placeholder, parse
from workflows.definition.templates import compile_value
from workflows.definition.values import JSON, strings

MAX_PLACEHOLDERS: Final = 2_000
"""Of all steps together: each is looked up in what is known there, at each save and each look at the workflow."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `field` names an input of the step (`fields.LastName`), or a part of the workflow."""

    code: str
    message: str
    step_key: str | None = None
    field: str | None = None


def check(
    definition: Definition,
    *,
    app_events: Mapping[str, JSON],
    action_problems: Callable[[Step], Iterable[Problem]] = lambda step: (),
    step_outputs: Mapping[str, JSON] | None = None,
) -> list[Problem]:
    """All that blocks a deploy, top to bottom; an empty list when nothing does.

    `app_events` gives each known app event's example payload, `action_problems` what a step's action itself finds
    missing, `step_outputs` a sample of what each step gives, by its key: a step without one may give anything.
    """
    placeholders = sum(len(OPENER.findall(text)) for step in definition.steps for _, text in strings(step.inputs))
    if placeholders > MAX_PLACEHOLDERS:
        message = (
            f"The steps have {placeholders:,} placeholders together; {MAX_PLACEHOLDERS:,} are allowed. "
            "Leave some out, or make two workflows of it. The rest is checked after that."
        )
        return [Problem("too_many_placeholders", message, field="steps")]
    with few_hints():
        return _found(definition, app_events, action_problems, step_outputs or {})


def _found(
    definition: Definition,
    app_events: Mapping[str, JSON],
    action_problems: Callable[[Step], Iterable[Problem]],
    step_outputs: Mapping[str, JSON],
) -> list[Problem]:
    trigger_example = app_events.get(definition.trigger.app_event or "", {}) if definition.trigger else {}
    problems = [*_of_trigger(definition, app_events), *_of_settings(definition), *_of_passwords(definition)]
    if not definition.steps:
        problems.append(Problem("steps_missing", "The workflow has no step. Add one below the trigger.", field="steps"))
    if definition.order_by is not None:
        problems += _of_order(definition.order_by, KnownPaths(definition, None, trigger_example, step_outputs))
    keys = Counter(step.key for step in definition.steps)
    for key, count in keys.items():
        if count > 1:
            message = f'{count} steps have the key "{key}". Give all but one of them another.'
            problems.append(Problem("step_key_duplicate", message, key))
    for position, step in enumerate(definition.steps):
        known = KnownPaths(definition, position, trigger_example, step_outputs)
        problems += _of_step(step, known, action_problems)
    return problems


def _of_trigger(definition: Definition, app_events: Mapping[str, JSON]) -> Iterator[Problem]:
    trigger = definition.trigger
    if trigger is None:
        yield Problem(
            "trigger_missing", "The workflow has no trigger. Choose the app event that starts it.", field="trigger"
        )
    elif trigger.app_event is None:
        yield Problem("app_event_missing", "The trigger has no app event. Choose one or create it.", field="trigger")
    elif trigger.app_event not in app_events:
        near = suggest(trigger.app_event, app_events)
        hint = f' Did you mean "{near}"?' if near else ""
        message = f'There is no app event "{trigger.app_event}". Choose another, or create it under App Events.{hint}'
        yield Problem("app_event_unknown", message, field="trigger")


def _of_settings(definition: Definition) -> Iterator[Problem]:
    for id, count in Counter(setting.id for setting in definition.settings).items():
        if count > 1:
            message = f'{count} user settings have the id "{id}". Give all but one of them another.'
            yield Problem("setting_duplicate", message, field=f"settings.{id}")
    for setting in definition.settings:
        for message in _of_setting(setting):
            yield Problem("setting_incomplete", message, field=f"settings.{setting.id}")


def _of_setting(setting: UserSetting) -> Iterator[str]:
    name = setting.title.strip() or setting.id
    if not setting.title.strip():
        yield f'The user setting "{setting.id}" has no title. Write what the end user should read beside the input.'
    if setting.type == "ENUM":
        values = [choice.value for choice in setting.values]
        if not values:
            yield f'The user setting "{name}" offers nothing to choose from. Add its values.'
        if "" in values:
            yield f'A choice of the user setting "{name}" has no value. Fill it in or remove it.'
        if len(set(map(str, values))) < len(values):
            yield f'Two choices of the user setting "{name}" have the same value. Change or remove one.'
        if setting.default is not None and setting.default not in values:
            yield f'The default of the user setting "{name}" is none of its choices. Choose one of them.'
    if setting.hidden and setting.required and setting.default is None:
        yield f'The user setting "{name}" is required and hidden, so nobody can fill it in. Show it, or set a default.'


def _of_passwords(definition: Definition) -> Iterator[Problem]:
    """What is kept of a run hides a password as it was entered; what a filter makes of one would stand there readable."""
    titles = {each.id: each.title.strip() or each.id for each in definition.settings if each.type == "PASSWORD"}
    if not titles:
        return
    for step in definition.steps:
        for place, text in strings(step.inputs):
            label = place.removeprefix("fields.")
            for message in dict.fromkeys(_password_misuses(text, titles)):
                yield Problem("password_filtered", f"{label}: {message}", step.key, place)


def _password_misuses(text: str, titles: Mapping[str, str]) -> Iterator[str]:
    try:
        placeholders = [part for part in parse(text) if isinstance(part, Placeholder)]
    except TemplateError:
        return
    for placeholder in placeholders:
        for path in placeholder.paths:
            if path.segments == ("settings",):
                yield "settings alone holds the passwords, too. Name the setting, such as settings.region."
            elif path.root != "settings" or path.segments[1] not in titles:
                continue
            elif placeholder.filters or len(path.segments) > 2:
                yield (
                    f'The password "{titles[str(path.segments[1])]}" can not go through a filter or be taken apart: it would '
                    f"stand readable in the history. Put {{{{ {path_of(path.segments[:2])} }}}} there as it is."
                )


def _of_step(step: Step, known: KnownPaths, action_problems: Callable[[Step], Iterable[Problem]]) -> Iterator[Problem]:
    if not step.name.strip():
        yield Problem("step_name_missing", f'The step "{step.key}" has no name. Give it one.', step.key, "name")
    found: set[str | None] = set()
    for place, text in strings(step.inputs):
        for problem in _of_text(text, place, step.key, known):
            found.add(problem.field)
            yield problem
    for problem in action_problems(step):
        found.add(problem.field)
        yield problem
    for name in step.required_inputs:
        if name not in found and is_empty(value_at(step.inputs, name)):
            message = (
                f'"{name.removeprefix("fields.")}" is marked as required and is empty. Fill it in, or remove the mark.'
            )
            yield Problem("required_input_empty", message, step.key, name)


def _of_order(text: str, known: KnownPaths) -> Iterator[Problem]:
    """The order is told when the event arrives: nothing but the event can be read."""
    problems = list(_of_text(text, "order_by", None, known))
    yield from problems
    paths = [] if problems else compile_value(text).paths
    for path in paths:
        if path.root != "trigger":
            message = f"Order by: {path} is not known when an event arrives. Choose a path that starts with trigger."
            yield Problem("order_by_not_of_event", message, field="order_by")


def _of_text(text: str, place: str, step_key: str | None, known: KnownPaths) -> Iterator[Problem]:
    label = "Order by" if place == "order_by" else place.removeprefix("fields.")
    try:
        compiled = compile_value(text)
    except TemplateError as error:
        yield Problem("template_invalid", f"{label}: {error.message}", step_key, place)
        return
    for use in compiled.uses:
        if unknown := known.unknown(use.path):
            code, message = unknown
            yield Problem(code, f"{label}: {message}", step_key, place)
