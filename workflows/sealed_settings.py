"""Passwords among the values of user settings: sealed where they are kept, opened only where a run reads them.

Kept as `{"$sealed": "<key id>.<base64>"}` beside the plain values, bound to the place where they stand and to the setting's
id. Who reads the values gets KEPT instead; KEPT that comes back leaves what is stored as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from lib.encryption import decrypt, encrypt, is_current
from workflows.definition.values import to_json_text

KEPT: Final = "••••••"
_MARK: Final = "$sealed"


def place_of_own(configuration_id: UUID | None, workflow_id: UUID) -> str:
    """Of the values of one workflow: workflows.WorkflowSetting."""
    return f"workflow-setting:{configuration_id}:{workflow_id}"


def place_of_shared(configuration_id: UUID | None) -> str:
    """Of the values that all workflows of a configuration share."""
    return f"configuration:{configuration_id}"


def is_sealed(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {_MARK} and isinstance(value[_MARK], str)


def sealed(
    given: Mapping[str, Any], stored: Mapping[str, Any], asked: Mapping[str, bool], *, place: str
) -> dict[str, Any]:
    """`given` as it is to be kept in the place of `stored`. `asked`: whether each setting that is asked for is a password.

    What only claims to be sealed is left out: nobody but us seals.
    """
    values: dict[str, Any] = {}
    for key, value in given.items():
        if is_sealed(value):
            continue
        if value == KEPT and (asked.get(key) or is_sealed(stored.get(key))):
            if key in stored and asked.get(key, True):
                values[key] = _sealed_once(stored[key], place, key)
        else:
            values[key] = _sealed_once(value, place, key) if asked.get(key) else value
    return values


def opened(values: Mapping[str, Any], passwords: Collection[str], *, place: str) -> Mapping[str, Any]:
    """The values with those of `passwords` open, whether they were kept sealed or not. Raises DecryptionFailed."""
    found = {key: values[key] for key in passwords if is_sealed(values.get(key))}
    return {**values, **{key: _open(value, place, key) for key, value in found.items()}} if found else values


def shown(values: Mapping[str, Any], asked: Mapping[str, bool]) -> dict[str, Any]:
    """The values for whoever may not read passwords: their user's browser, and the app's page around it.

    What was a password and is asked as something else by now is left out.
    """
    told: dict[str, Any] = {}
    for key, value in values.items():
        if not is_sealed(value):
            told[key] = KEPT if asked.get(key) and _is_given(value) else value
        elif asked.get(key, True):
            told[key] = KEPT
    return told


def renewed(values: Mapping[str, Any], passwords: Collection[str], *, place: str) -> dict[str, Any] | None:
    """The values with each password under the first key, also those kept from before passwords were sealed.

    None when they hold no password. Raises DecryptionFailed.
    """
    secrets = {
        key: value for key, value in values.items() if is_sealed(value) or (key in passwords and _is_given(value))
    }
    if not secrets:
        return None
    plain = opened(secrets, secrets.keys(), place=place)
    stale = [key for key, value in secrets.items() if not is_sealed(value) or not is_current(value[_MARK])]
    return {**values, **{key: _sealed_once(plain[key], place, key) for key in stale}}


def _is_given(value: object) -> bool:
    return value not in (None, "", [], {})


def _sealed_once(value: Any, place: str, key: str) -> Any:
    """The value sealed; an empty one, or one that is sealed already, as it is."""
    if is_sealed(value) or not _is_given(value):
        return value
    text = value if isinstance(value, str) else to_json_text(value)
    return {_MARK: encrypt(text, bound_to=f"{place}:{key}")}


def _open(value: Mapping[str, str], place: str, key: str) -> str:
    return decrypt(value[_MARK], bound_to=f"{place}:{key}")
