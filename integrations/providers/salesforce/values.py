"""Values on their way into Salesforce and back: fitted to a field's type, and compared as Salesforce stores them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

from integrations.providers.base import JSON

_TEXT: Final = {
    "string",
    "textarea",
    "email",
    "phone",
    "url",
    "picklist",
    "combobox",
    "encryptedstring",
    "multipicklist",
    "time",
}
_NUMBERS: Final = {"int", "double", "currency", "percent"}
_IDS: Final = {"id", "reference"}
_TRUE: Final = {"true", "yes", "on", "1"}
_FALSE: Final = {"false", "no", "off", "0"}


class Unfit(ValueError):
    """The value does not fit the field; `code` as ActionProblem's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def is_empty(value: JSON) -> bool:
    """Whether Salesforce would store nothing for it: null, or blank text."""
    return value is None or (isinstance(value, str) and not value.strip())


def fit(value: JSON, field: Mapping[str, JSON]) -> JSON:
    """The value as Salesforce takes it for that field. Raises Unfit where Salesforce would refuse it."""
    kind, label = str(field.get("type")), field.get("label") or field.get("name")
    fitted = coerce(value, kind)
    if kind in _NUMBERS and (isinstance(fitted, bool) or not isinstance(fitted, int | float)):
        raise Unfit("value_type", f"{label} takes a number, not “{value}”.")
    if kind == "boolean" and not isinstance(fitted, bool):
        raise Unfit("value_type", f"{label} takes true or false, not “{value}”.")
    if kind in ("date", "datetime") and _moment(fitted) is None:
        raise Unfit("value_type", f"{label} takes a {kind}, not “{value}”.")
    if kind in _IDS and (not isinstance(fitted, str) or len(fitted) not in (15, 18) or not fitted.isalnum()):
        raise Unfit("value_type", f"{label} takes the id of a record (15 or 18 characters), not “{value}”.")
    if kind in _TEXT:
        _check_text(str(fitted), kind, field)
    return fitted


def _check_text(text: str, kind: str, field: Mapping[str, JSON]) -> None:
    length, label = field.get("length") or 0, field.get("label") or field.get("name")
    if kind != "multipicklist" and length and len(text) > length:
        raise Unfit("value_too_long", f"{label} holds at most {length:,} characters; this has {len(text):,}.")
    if kind == "email" and ("@" not in text.strip("@") or " " in text):
        raise Unfit("value_type", f"{label} takes an e-mail address, not “{text}”.")
    if field.get("restrictedPicklist") and kind in ("picklist", "multipicklist"):
        allowed = {choice["value"] for choice in field.get("picklistValues", [])}
        asked = {part.strip() for part in text.split(";")} if kind == "multipicklist" else {text}
        if bad := asked - allowed:
            raise Unfit(
                "value_not_a_choice", f"{label} has no value “{sorted(bad)[0]}”; it allows only the listed ones."
            )


def coerce(value: JSON, kind: str | None) -> JSON:
    """The value in the JSON type that Salesforce wants for a field of type `kind`; unchanged where that is not obvious.

    Text is trimmed, as Salesforce does. `kind` None: the type is not known.
    """
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "" or kind is None:
        return value
    if kind == "boolean":
        return _boolean(value)
    if kind in _NUMBERS:
        return _number(value, kind)
    if kind in ("date", "datetime"):
        return _date(value, kind)
    if kind in _TEXT:
        return _text(value, kind)
    return value


def _boolean(value: JSON) -> JSON:
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    return value


def _number(value: JSON, kind: str) -> JSON:
    if isinstance(value, str):
        try:
            value = float(value) if any(mark in value for mark in ".eE") else int(value)
        except ValueError:
            return value
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
    if kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _date(value: JSON, kind: str) -> JSON:
    moment = _moment(value)
    if moment is None:
        return value
    if kind == "date":
        return str(value)[:10] if isinstance(value, str) else value
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _moment(value: JSON) -> datetime | None:
    """The moment that a date or datetime text names (without a zone: UTC); None when it names none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: JSON, kind: str) -> JSON:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        separator = ";" if kind == "multipicklist" else ", "
        if all(isinstance(item, str | int | float) for item in value):
            return separator.join(str(item) for item in value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def stored(value: JSON, kind: str | None) -> JSON:
    """The value as it reads back: what was written and what a query gives are equal under this when they are the same."""
    value = coerce(value, kind)
    if is_empty(value):
        return None
    if kind == "email" and isinstance(value, str):
        return value.lower()
    if kind in _IDS and isinstance(value, str):
        return value[:15]
    if kind == "multipicklist" and isinstance(value, str):
        return ";".join(sorted(part.strip() for part in value.split(";")))
    if kind == "datetime" and (moment := _moment(value)):
        return moment.replace(microsecond=0).timestamp()
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return round(float(value), 6)
    if isinstance(value, str):
        return _stored_text(value)
    return value


def _stored_text(value: str) -> JSON:
    return value.replace("\r\n", "\n").replace("\r", "\n")


def rendered_date(moment: datetime | date) -> str:
    """A moment as SOQL writes it, unquoted."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return moment.isoformat()


def quoted(value: str) -> str:
    """A string literal of SOQL."""
    for plain, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(plain, escaped)
    return f"'{value}'"
