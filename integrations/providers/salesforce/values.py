"""Values on their way into Salesforce and back: fitted to a field's type, and compared as Salesforce stores them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from typing import Final

from integrations.providers.base import JSON

_TEXT: Final = {
    "string", "textarea", "email", "phone", "url", "picklist", "combobox", "encryptedstring", "multipicklist",
}  # fmt: skip
_NUMBERS: Final = {"int", "double", "currency", "percent"}
_IDS: Final = {"id", "reference"}
_TRUE: Final = {"true", "yes", "on", "1", "y", "t"}
_FALSE: Final = {"false", "no", "off", "0", "n", "f"}

FIRST_YEAR, LAST_YEAR = 1700, 4000
"""The years that Salesforce stores, in UTC."""
MOST_DIGITS: Final = 18
"""Digits before the point that any number field may have."""
_READ_DIGITS: Final = 400
"""Digits of a number in text that are looked at; no field holds more."""
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_PRECISE: Final = Context(prec=2 * _READ_DIGITS, Emin=-20_000, Emax=20_000)

_DAY = r"(?P<day>\d{4}-\d\d-\d\d|\d{8}|\d{4}-W\d\d-\d|\d{4}W\d{3})"
_CLOCK = r"(?P<clock>\d\d(:\d\d(:\d\d([.,]\d+)?)?)?|\d{4}(\d\d([.,]\d+)?)?)"
_ZONE = r"(?P<zone>[Zz]|[+-]\d\d(:?\d\d)?)"
_MOMENT: Final = re.compile(rf"{_DAY}([Tt ]{_CLOCK}\s?{_ZONE}?)?", re.ASCII)
_ORDINAL: Final = re.compile(r"(\d{4})-(\d{3})(?=[Tt ]|\Z)", re.ASCII)
_TIME: Final = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?([Zz]|[+-]00:00)?", re.ASCII)

_NUMBER_ADVICE: Final = "Send a number: digits with a point before the decimals, such as 1250.5, and no other signs."
_ID_ADVICE: Final = "Send the 15- or 18-character id of a record of the right type."
_TEXT_ADVICE: Final = "Send text."
_ADVICE: Final[Mapping[str, str]] = {
    **dict.fromkeys(_TEXT, _TEXT_ADVICE),
    **dict.fromkeys(_NUMBERS, _NUMBER_ADVICE),
    **dict.fromkeys(_IDS, _ID_ADVICE),
    "int": "Send a whole number: digits alone, such as 1250.",
    "boolean": "Send true or false; yes and no, y and n, on and off, 1 and 0 are read as well.",
    "date": "Dates are written 2026-01-31; the filter date makes them of Unix seconds and of dates in words.",
    "datetime": "Dates with a time are written 2026-01-31T09:30:00Z; the filter date makes them of Unix seconds and of "
    "dates in words.",
    "time": "Times of day are written 09:30:00.",
}


class Unfit(ValueError):
    """The value does not fit the field; `code` as ActionProblem's, `advice` says what to send."""

    def __init__(self, code: str, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.advice = advice


def advice_for(kind: str) -> str:
    """Return what to send to a field of type `kind`; "" for a type that is not known."""
    return _ADVICE.get(kind, "")


def is_empty(value: JSON) -> bool:
    """Whether Salesforce would store nothing for it: null, blank text, no items."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def fit(value: JSON, field: Mapping[str, JSON]) -> JSON:
    """Return the value as Salesforce takes it for that field. Raises Unfit where Salesforce would refuse it."""
    kind, label = str(field.get("type")), field.get("label") or field.get("name")
    fitted = typed(value, field)
    if kind in _IDS and (len(fitted) not in (15, 18) or not fitted.isalnum()):
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
    """Return the value in the JSON type that Salesforce wants for a field of type `kind`; unchanged where it has none.

    `kind` None: the type is not known.
    """
    try:
        return typed(value, {"type": kind})
    except Unfit:
        return value


def typed(value: JSON, field: Mapping[str, JSON]) -> JSON:
    """Return the value in the JSON type of that field, its meaning unchanged; text is trimmed, as Salesforce does.

    Raises: Unfit where the value is none of that type, or would be stored as another; what only the org can know (a
    length, a choice, a record) is left to Salesforce.
    """
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        return value
    kind = field.get("type")
    if kind == "boolean":
        return _boolean(value, field)
    if kind in _NUMBERS:
        return _number(value, field)
    if kind in ("date", "datetime"):
        return _date(value, field)
    if kind == "time":
        return _time(value, field)
    if kind in _IDS:
        if not isinstance(value, str):
            raise _wrong_type("the id of a record", value, field)
        return value
    return text_of(value, kind) if kind in _TEXT else value


def _wrong_type(what: str, value: JSON, field: Mapping[str, JSON]) -> Unfit:
    return _unfit("value_type", f"takes {what}, not “{_shown(value)}”", field)


def _unfit(code: str, words: str, field: Mapping[str, JSON]) -> Unfit:
    label = field.get("label") or field.get("name") or "The field"
    return Unfit(code, f"{label} {words}.", advice_for(str(field.get("type"))))


def _shown(value: JSON) -> str:
    text = str(text_of(value, None))
    return text if len(text) <= 100 else f"{text[:99]}…"


def _boolean(value: JSON, field: Mapping[str, JSON]) -> bool:
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    raise _wrong_type("true or false", value, field)


def _number(value: JSON, field: Mapping[str, JSON]) -> int | float:
    """Return an int where the value is whole, else a float; neither more nor fewer digits than were sent.

    A JSON number with a fraction is a double already. Text may have digits that no double keeps: more decimals than the
    field has are rounded, as Salesforce does; any other loss is refused.
    """
    is_whole_only = field.get("type") == "int"
    exact = _decimal(value)
    if exact is None:
        raise _wrong_type("a whole number" if is_whole_only else "a number", value, field)
    if exact.copy_abs() >= 10**MOST_DIGITS:
        words = f"holds at most {MOST_DIGITS} digits before the point, and “{_shown(value)}” has more"
        raise _unfit("value_out_of_range", words, field)
    if exact == exact.to_integral_value(context=_PRECISE) and (is_whole_only or not isinstance(value, float)):
        number: int | float = int(exact)
    elif is_whole_only:
        raise _wrong_type("a whole number", value, field)
    else:
        number = float(exact)
    if not _keeps_digits(exact, number, int(field.get("scale") or 0)):
        words = f"keeps 15 to 17 digits, and “{_shown(value)}” has more: round it, or write it to a text field"
        raise _unfit("value_out_of_range", words, field)
    return number


def _decimal(value: JSON) -> Decimal | None:
    """Return the exact number that the value is; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        is_number = len(value) <= _READ_DIGITS and _NUMBER.fullmatch(value)
        return _PRECISE.create_decimal(value) if is_number else None
    return Decimal(repr(value)) if math.isfinite(value) else None


def _keeps_digits(exact: Decimal, number: int | float, decimals: int) -> bool:
    """Whether a double holds `exact`, up to the decimals that the field keeps."""
    double = Decimal(repr(float(number)))
    if double == exact:
        return True
    last = Decimal(1).scaleb(-decimals)
    return double.quantize(last, context=_PRECISE) == exact.quantize(last, context=_PRECISE)


def _date(value: JSON, field: Mapping[str, JSON]) -> str:
    """Return a date as it is written, whatever its zone; a datetime in UTC, which one without a zone is taken for."""
    kind = str(field.get("type"))
    written = _written_moment(value)
    if written is None:
        raise _wrong_type(f"a {kind}", value, field)
    moment = _utc(written) if kind == "datetime" else written
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        words = f"takes a {kind} between {FIRST_YEAR} and {LAST_YEAR}, not “{_shown(value)}”"
        raise _unfit("value_out_of_range", words, field)
    if kind == "date":
        return moment.date().isoformat()
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _written_moment(value: JSON) -> datetime | None:
    """Return the moment that an ISO 8601 text names, in the zone it names, else without one; None when it names none.

    Read are calendar, week and ordinal dates, extended and (ordinal dates apart) basic, alone or with a time.
    """
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        if ordinal := _ORDINAL.match(value):
            day = date(int(ordinal[1]), 1, 1) + timedelta(days=int(ordinal[2]) - 1)
            value = (day.isoformat() if str(day.year) == ordinal[1] else "") + value[ordinal.end() :]
        if not (found := _MOMENT.fullmatch(value)):
            return None
        clock = f"T{found['clock'].replace(',', '.')}" if found["clock"] else ""
        return datetime.fromisoformat(found["day"] + clock + (found["zone"] or "").upper())
    except (ValueError, OverflowError):
        return None


def _utc(moment: datetime) -> datetime | None:
    """Return the moment in UTC; None where the calendar has no such year."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def _moment(value: JSON) -> datetime | None:
    written = _written_moment(value)
    return None if written is None else _utc(written)


def _time(value: JSON, field: Mapping[str, JSON]) -> str:
    """Return a time of day to the millisecond. Salesforce's have no zone, so one that names another than UTC is refused."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if not found or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59:
        raise _wrong_type("a time of day without a zone", value, field)
    return f"{found[1]}:{found[2]}:{found[3] or '00'}.{(found[4] or '')[:3]:0<3}Z"


def text_of(value: JSON, kind: str | None) -> str:
    """Return the value as text, as it would stand in a template: numbers as JSON writes them, a whole one without `.0`.

    Lists of plain values are joined, with semicolons for a multi-select picklist, nulls left out; other lists and objects
    are JSON.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        is_short_whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
        return str(int(value)) if is_short_whole else repr(value)
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        separator = ";" if kind == "multipicklist" else ", "
        return separator.join(text_of(item, kind).strip() for item in value if item is not None)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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
