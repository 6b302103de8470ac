"""The shape of a workflow's definition: the JSON that drafts and versions hold, and what it is read into.

A draft may be unfinished: no trigger, no app event chosen, no steps, empty names, templates half typed. Types, keys and
sizes are checked here all the same; what else a deploy needs is said by `problems.check`.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from workflows.definition.errors import DefinitionError
from workflows.definition.reading import MAX_FIELDS, Fields, described, items_of, json_copy
from workflows.definition.values import JSON, strings

TRIGGER_TYPES: Final = ("app_event",)

SETTING_TYPES: Final = (
    "TEXT_NO_VARS", "TEXTAREA_NO_VARS", "NUMBER", "EMAIL", "URL", "PASSWORD", "BOOLEAN_INPUT", "SWITCH", "ENUM",
    "DYNAMIC_ENUM", "CUSTOM_DROPDOWN", "FIELD_MAPPER", "COMBO_INPUT", "DYNAMIC_COMBO_INPUT", "COPYABLE_BUTTON_INPUT",
    "PERMISSION", "FILE",
)  # fmt: skip
"""The input types that the Connect SDK knows as user settings."""

MAX_STEPS: Final = 50
MAX_SETTINGS: Final = 50
MAX_CHOICES: Final = 500
MAX_NAME: Final = 100
MAX_HELP: Final = 2_000
MAX_KEY: Final = 64
MAX_TEXT: Final = 1_000_000
"""Characters of all inputs of all steps together."""
MAX_CONCURRENCY: Final = 1_000
MAX_TRIES: Final = 100
MAX_RETRY_SECONDS: Final = 7 * 24 * 3600

KEY_PATTERN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
"""Step keys; they are names in paths (`steps.create_lead.Id`)."""
TYPE_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63}){0,3}\Z")
SETTING_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class Trigger:
    """What starts the workflow; `app_event` is the event's name, None while none is chosen."""

    type: str
    app_event: str | None = None


@dataclass(frozen=True, slots=True)
class RetryOverrides:
    """What a step wants other than the retry policy of an error's class. None leaves the policy's own."""

    tries: int | None = None
    base_seconds: float | None = None
    factor: float | None = None
    cap_seconds: float | None = None
    total_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `inputs` are templates; `required_inputs` names those that fail the step when empty: `fields.Email`."""

    key: str
    type: str
    name: str = ""
    inputs: Mapping[str, JSON] = field(default_factory=dict)
    required_inputs: tuple[str, ...] = ()
    retry: RetryOverrides | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that an ENUM offers."""

    value: str | int | float
    label: str


@dataclass(frozen=True, slots=True)
class UserSetting:
    """One input that the end user fills in in the portal. `type` is one of SETTING_TYPES."""

    id: str
    title: str
    type: str
    required: bool = True
    values: tuple[Choice, ...] = ()
    default: JSON = None
    subtitle: str = ""
    placeholder: str = ""
    tooltip: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A workflow's definition. Runs whose `order_by` template gives the same text wait for each other; at most
    `concurrency` of its calls are under way at once, over all accounts."""

    trigger: Trigger | None = None
    steps: tuple[Step, ...] = ()
    settings: tuple[UserSetting, ...] = ()
    order_by: str | None = None
    concurrency: int | None = None

    def step(self, key: str) -> Step:
        """The first step of this key. Raises: KeyError."""
        return self.steps[self.position(key)]

    def position(self, key: str) -> int:
        """Where the step of this key stands, from 0. Raises: KeyError."""
        for at, step in enumerate(self.steps):
            if step.key == key:
                return at
        raise KeyError(key)


def empty_definition() -> Definition:
    return Definition()


def parse_definition(data: object) -> Definition:
    """Read a stored or imported definition. Raises: DefinitionError at the first thing that has a wrong shape."""
    read = Fields(data, "")
    definition = Definition(
        trigger=_trigger(read.take("trigger"), read.at("trigger")),
        steps=tuple(_step(item, at) for item, at in items_of(read.take("steps", []), read.at("steps"), MAX_STEPS)),
        settings=tuple(
            _setting(item, at) for item, at in items_of(read.take("settings", []), read.at("settings"), MAX_SETTINGS)
        ),
        order_by=read.text("order_by", None, limit=MAX_HELP),
        concurrency=read.integer("concurrency", None, least=1, most=MAX_CONCURRENCY),
    )
    read.end()
    characters = sum(len(text) for step in definition.steps for _, text in strings(step.inputs))
    if characters > MAX_TEXT:
        message = f"The inputs of all steps have {characters:,} characters together; {MAX_TEXT:,} are allowed."
        raise DefinitionError(read.at("steps"), message)
    return definition


def _trigger(data: object, at: str) -> Trigger | None:
    if data is None:
        return None
    read = Fields(data, at)
    trigger = Trigger(
        type=read.choice("type", TRIGGER_TYPES),
        app_event=read.text("app_event", None, limit=MAX_NAME),
    )
    read.end()
    return trigger


def _step(data: object, at: str) -> Step:
    read = Fields(data, at)
    inputs = json_copy(read.mapping("inputs"), read.at("inputs"))
    assert isinstance(inputs, dict)
    required = items_of(read.take("required_inputs", []), read.at("required_inputs"), MAX_FIELDS)
    step = Step(
        key=read.pattern("key", KEY_PATTERN, "letters, digits and _, not starting with a digit, at most 64"),
        type=read.pattern("type", TYPE_PATTERN, "lower-case names joined by dots, such as salesforce.create_record"),
        name=read.text("name", "", limit=MAX_NAME),
        inputs=inputs,
        required_inputs=tuple(_input_name(item, where) for item, where in required),
        retry=_retry(read.take("retry"), read.at("retry")),
    )
    read.end()
    return step


def _input_name(data: object, at: str) -> str:
    if not isinstance(data, str) or not 0 < len(data) <= MAX_HELP:
        raise DefinitionError(at, f"This must be the name of an input, such as fields.Email, not {described(data)}.")
    return data


def _retry(data: object, at: str) -> RetryOverrides | None:
    if data is None:
        return None
    read = Fields(data, at)
    retry = RetryOverrides(
        tries=read.integer("tries", None, least=1, most=MAX_TRIES),
        base_seconds=read.number("base_seconds", None, least=0.1, most=MAX_RETRY_SECONDS),
        factor=read.number("factor", None, least=1, most=10),
        cap_seconds=read.number("cap_seconds", None, least=0.1, most=MAX_RETRY_SECONDS),
        total_seconds=read.number("total_seconds", None, least=1, most=MAX_RETRY_SECONDS),
    )
    read.end()
    return retry


def _setting(data: object, at: str) -> UserSetting:
    read = Fields(data, at)
    setting = UserSetting(
        id=read.pattern("id", SETTING_ID_PATTERN, "letters, digits, _ and -, at most 64"),
        title=read.text("title", "", limit=MAX_NAME),
        type=read.choice("type", SETTING_TYPES),
        required=read.flag("required", True),
        values=tuple(
            _choice(item, where) for item, where in items_of(read.take("values", []), read.at("values"), MAX_CHOICES)
        ),
        default=json_copy(read.take("default"), read.at("default")),
        subtitle=read.text("subtitle", "", limit=MAX_HELP),
        placeholder=read.text("placeholder", "", limit=MAX_HELP),
        tooltip=read.text("tooltip", "", limit=MAX_HELP),
        hidden=read.flag("hidden", False),
    )
    if setting.values and setting.type != "ENUM":
        raise DefinitionError(read.at("values"), f"Only an ENUM has values, and this is a {setting.type}.")
    if setting.default is not None and setting.type == "PASSWORD":
        raise DefinitionError(read.at("default"), "A password has no default: it would stand readable in the workflow.")
    read.end()
    return setting


def _choice(data: object, at: str) -> Choice:
    read = Fields(data, at)
    value = json_copy(read.take("value", ""), read.at("value"))
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > MAX_HELP:
        raise read.wrong("value", "a text or a number")
    choice = Choice(value, read.text("label", "", limit=MAX_HELP))
    read.end()
    return choice


def to_json(definition: Definition) -> dict[str, Any]:
    """The JSON of a definition, keys always in the same order: ours as told here, those of inputs sorted."""
    trigger = definition.trigger
    return {
        "trigger": None if trigger is None else {"type": trigger.type, "app_event": trigger.app_event},
        "steps": [_step_to_json(step) for step in definition.steps],
        "settings": [_setting_to_json(setting) for setting in definition.settings],
        "order_by": definition.order_by,
        "concurrency": definition.concurrency,
    }


def _step_to_json(step: Step) -> dict[str, Any]:
    return {
        "key": step.key,
        "type": step.type,
        "name": step.name,
        "inputs": _sorted(step.inputs),
        "required_inputs": list(step.required_inputs),
        "retry": None if step.retry is None else _given(step.retry),
    }


def _setting_to_json(setting: UserSetting) -> dict[str, Any]:
    """A setting less what is left at its default; `required` stands always, since the SDK reads its absence as true."""
    given = {"id": setting.id, "title": setting.title, "type": setting.type, "required": setting.required}
    if setting.values:
        given["values"] = [{"value": choice.value, "label": choice.label} for choice in setting.values]
    if setting.default is not None:
        given["default"] = _sorted(setting.default)
    for name in ("subtitle", "placeholder", "tooltip", "hidden"):
        if value := getattr(setting, name):
            given[name] = value
    return given


def _given(retry: RetryOverrides) -> dict[str, Any]:
    values = {item.name: getattr(retry, item.name) for item in fields(retry)}
    return {name: value for name, value in values.items() if value is not None}


def _sorted(value: JSON) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list | tuple) else value


def unique_key(name: str, taken: Collection[str]) -> str:
    """A step key made of a step's name: `Create Lead` gives create_lead, or create_lead_2 where that is taken."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "_", ascii_name).strip("_")[: MAX_KEY - 4].strip("_") or "step"
    if base[0].isdigit():
        base = f"step_{base}"[: MAX_KEY - 4]
    numbered = (f"{base}_{number}" for number in itertools.count(2))
    return next(key for key in itertools.chain([base], numbered) if key not in taken)
