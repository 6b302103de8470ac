"""User settings: what a workflow asks of the end user, and whether an answer fits the question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from workflows.sealed_settings import KEPT, is_sealed

Setting = Mapping[str, Any]
"""One entry of a definition's `settings`; shape: workflows.definition.schema.UserSetting."""

NEVER_ASKED: Final = frozenset({"COPYABLE_BUTTON_INPUT"})
"""Types that show something and take no value."""
_TEXTS: Final = frozenset({"TEXT_NO_VARS", "TEXTAREA_NO_VARS", "EMAIL", "URL", "PASSWORD"})
_SWITCHES: Final = frozenset({"BOOLEAN_INPUT", "SWITCH"})
_MAX_CHARACTERS: Final = 10_000
_MAX_EMAIL_CHARACTERS: Final = 254
"""What an address may have on its way through SMTP. Source: RFC 5321, section 4.5.3.1.3."""
_EMAIL = re.compile(r"[^\s@]+@(?:[^\s@.]++\.)++[^\s@.]+\Z")
_URL = re.compile(r"https?://[^\s/]\S*\Z")


def settings_of(definition: Mapping[str, Any]) -> Sequence[Setting]:
    return definition.get("settings") or ()


def value_of(setting: Setting, values: Mapping[str, Any], shared: Mapping[str, Any]) -> Any:
    """What counts for a run: the workflow's own value, else the shared one, else the default, else None.

    What was given as a password counts for a password alone: a setting whose type changes does not show it.
    """
    for given in (values.get(setting["id"]), shared.get(setting["id"])):
        if not is_empty(given) and (is_password(setting) or not is_sealed(given)):
            return given
    return setting.get("default")


def is_password(setting: Setting) -> bool:
    """Whether its values are sealed where they are kept (workflows.sealed_settings), and masked in the history."""
    return bool(setting["type"] == "PASSWORD")


def is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def title_of(setting: Setting) -> str:
    return str(setting.get("title") or setting["id"])


def missing_titles(definition: Mapping[str, Any], values: Mapping[str, Any], shared: Mapping[str, Any]) -> list[str]:
    """Titles of the required settings that have no value of any kind, in their order."""
    return [
        title_of(setting)
        for setting in settings_of(definition)
        if setting.get("required", True)
        and setting["type"] not in NEVER_ASKED
        and is_empty(value_of(setting, values, shared))
    ]


def misfits(definition: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with each given value, in words; an empty value is not wrong, only missing; a sealed one was right."""
    for setting in settings_of(definition):
        value = values.get(setting["id"])
        if not is_empty(value) and not is_sealed(value) and (fault := _fault(setting, value)):
            yield f"{title_of(setting)} {fault}"


def shared_misfits(definitions: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> Iterator[str]:
    """As `misfits`, for values that workflows share: one is wrong that fits none of those that ask for it."""
    askers: dict[str, list[Setting]] = {}
    for definition in definitions:
        for setting in settings_of(definition):
            askers.setdefault(setting["id"], []).append(setting)
    for key in values:
        found = [next(misfits({"settings": [setting]}, values), "") for setting in askers.get(key, ())]
        if found and all(found):
            yield found[0]


def _fault(setting: Setting, value: Any) -> str:
    kind = setting["type"]
    if kind in _TEXTS:
        return _fault_of_text(kind, value)
    if kind in _SWITCHES:
        return "" if isinstance(value, bool) else "must be on or off."
    if kind == "NUMBER":
        return "" if isinstance(value, int | float) and not isinstance(value, bool) else "must be a number."
    choices = [choice["value"] for choice in setting.get("values") or ()]
    if kind == "ENUM" and choices and value not in choices:
        return "must be one of the choices."
    return ""


def _fault_of_text(kind: str, value: Any) -> str:
    if not isinstance(value, str):
        return "must be a text."
    if len(value) > _MAX_CHARACTERS:
        return f"may have at most {_MAX_CHARACTERS} characters."
    if kind == "PASSWORD" and value != KEPT and KEPT[0] in value:
        return "must be typed in whole, or left as it was."
    if kind == "EMAIL" and not (len(value) <= _MAX_EMAIL_CHARACTERS and _EMAIL.match(value)):
        return "must be an e-mail address."
    if kind == "URL" and not _URL.match(value):
        return "must be an address that starts with http:// or https://."
    return ""
