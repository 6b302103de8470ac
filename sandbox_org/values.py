"""From a JSON value to the value that is stored: one prepared function per field, made from its describe."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sandbox_org import ids
from sandbox_org.clock import stamp
from sandbox_org.describing import Field
from sandbox_org.rest.errors import RecordError

Coerce = Callable[[Any], Any]

EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}"
)
DATETIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9})([+-]\d{4})"
)
DATE = re.compile(r"\d{4}-\d\d-\d\d")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1700, 4000
TIME = re.compile(r"(\d\d:\d\d:\d\d)(?:\.(\d{3}))?Z?")
KEY_PREFIXES = {
    "Account": "001", "Contact": "003", "Lead": "00Q", "Opportunity": "006", "User": "005", "Organization": "00D",
    "Task": "00T", "Event": "00U", "OpportunityContactRole": "00K", "Group": "00G", "Profile": "00e", "UserRole": "00E",
    "RecordType": "012", "Case": "500", "Campaign": "701", "CampaignMember": "00v", "Contract": "800", "Order": "801",
    "Product2": "01t", "Pricebook2": "01s", "Asset": "02i", "Individual": "0PK", "Solution": "501",
    "Every_Type__c": "a00",
}  # fmt: skip
MASTER_RECORD_TYPE = "012000000000000AAA"


class ValueRefused(Exception):
    """A value that the field does not take."""

    def __init__(self, error: RecordError) -> None:
        super().__init__(error.message)
        self.error = error


class ValueUnreadable(Exception):
    """A value of the wrong JSON type, on which the org's parser stops: the whole request fails, not the record."""

    def __init__(self, field: Field, value: Any) -> None:
        super().__init__(field.name)
        self.field = field
        self.value = value

    def message(self) -> str:
        kind, shown = _token(self.value)
        return f"Cannot deserialize instance of {self.field.type} from {kind} value {shown}"


def _token(value: Any) -> tuple[str, str]:
    """A JSON value in the words of the org's parser."""
    if isinstance(value, bool):
        return ("VALUE_TRUE", "true") if value else ("VALUE_FALSE", "false")
    if isinstance(value, int):
        return "VALUE_NUMBER_INT", str(value)
    if isinstance(value, float):
        return "VALUE_NUMBER_FLOAT", str(value)
    if isinstance(value, dict):
        return "START_OBJECT", "{"
    if isinstance(value, list):
        return "START_ARRAY", "["
    return "VALUE_STRING", str(value)


def coercer(field: Field) -> Coerce:
    """The function that checks and converts this field's values. It gets no nulls, and answers None for blank text.

    Raises: ValueRefused where the record is at fault, ValueUnreadable where the JSON is.
    """
    makers: dict[str, Callable[[Field], Coerce]] = {
        "boolean": _boolean,
        "int": _integer,
        "double": _decimal,
        "currency": _decimal,
        "percent": _decimal,
        "date": _date,
        "datetime": _datetime,
        "time": _time,
        "email": _email,
        "reference": _reference,
        "id": _reference,
        "picklist": _picklist,
        "multipicklist": _picklist,
    }
    return makers.get(field.type, _text)(field)


def _text(field: Field) -> Coerce:
    length, name, label = field.length or 131_072, field.name, field.label

    def coerce(value: Any) -> str | None:
        if value.__class__ is not str:
            raise ValueUnreadable(field, value)
        value = value.strip()
        if len(value) > length:
            message = f"{label}: data value too large: {value} (max length={length})"
            raise ValueRefused(RecordError("STRING_TOO_LONG", message, (name,)))
        return value or None

    return coerce


def _email(field: Field) -> Coerce:
    text = _text(field)

    def coerce(value: Any) -> str | None:
        address = text(value)
        if address is None:
            return None
        if not EMAIL.fullmatch(address):
            message = f"{field.label}: invalid email address: {address}"
            raise ValueRefused(RecordError("INVALID_EMAIL_ADDRESS", message, (field.name,)))
        return str(address).lower()

    return coerce


def _picklist(field: Field) -> Coerce:
    text = _text(field)
    if not field.restricted:
        return text

    def coerce(value: Any) -> str | None:
        chosen = text(value)
        if chosen is None:
            return None
        wrong = [part for part in str(chosen).split(";") if part not in field.picklist]
        if wrong:
            message = f"{field.label}: bad value for restricted picklist field: {wrong[0]}"
            raise ValueRefused(RecordError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,)))
        return str(chosen)

    return coerce


def _boolean(field: Field) -> Coerce:
    def coerce(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        raise ValueUnreadable(field, value)

    return coerce


def _out_of_range(field: Field, value: Any) -> ValueRefused:
    message = f"{field.label}: value outside of valid range on numeric field: {value}"
    return ValueRefused(RecordError("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,)))


def _number(field: Field, value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueUnreadable(field, value)
    if isinstance(value, str):
        if not value.strip():
            return None
        if not NUMBER.fullmatch(value.strip()):
            raise ValueUnreadable(field, value)
        value = float(value)
    if not abs(value) <= 1e18:  # neither what is too large nor NaN
        raise _out_of_range(field, value)
    return float(value)


def _integer(field: Field) -> Coerce:
    limit = 10 ** (field.digits or 9)

    def coerce(value: Any) -> int | None:
        number = _number(field, value)
        if number is None:
            return None
        if number != int(number):
            raise ValueUnreadable(field, value)
        if abs(number) >= limit:
            raise _out_of_range(field, value)
        return int(number)

    return coerce


def _decimal(field: Field) -> Coerce:
    limit = 10 ** (field.precision - field.scale) if field.precision else 10**18

    def coerce(value: Any) -> float | None:
        number = _number(field, value)
        if number is None:
            return None
        rounded = round(number, field.scale)
        if abs(rounded) >= limit:
            raise _out_of_range(field, value)
        return float(rounded)

    return coerce


def _date(field: Field) -> Coerce:
    def coerce(value: Any) -> str | None:
        if value == "":
            return None
        if not isinstance(value, str) or not DATE.fullmatch(value):
            raise ValueUnreadable(field, value)
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise ValueUnreadable(field, value) from None
        _check_year(field, day, value)
        return day.isoformat()

    return coerce


def _check_year(field: Field, day: date, value: str) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        message = f"{field.label}: value not of required type: {value}"
        raise ValueRefused(RecordError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (field.name,)))


def parse_datetime(text: str) -> datetime | None:
    """A moment as the API takes it, to the second; None for what the org's parser refuses (`+0000` without millis)."""
    match = DATETIME.fullmatch(text)
    if match is None:
        return None
    if match[1]:
        clock, zone = match[1], match[3].replace("Z", "+00:00")
    else:
        clock, zone = match[4].split(".")[0], f"{match[5][:3]}:{match[5][3:]}"
    try:
        return datetime.fromisoformat(clock + zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _datetime(field: Field) -> Coerce:
    def coerce(value: Any) -> str | None:
        if value == "":
            return None
        moment = parse_datetime(value) if isinstance(value, str) else None
        if moment is None:
            raise ValueUnreadable(field, value)
        _check_year(field, moment, value)
        return stamp(moment)

    return coerce


def _time(field: Field) -> Coerce:
    def coerce(value: Any) -> str | None:
        if value == "":
            return None
        match = TIME.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValueUnreadable(field, value)
        return f"{match[1]}.{match[2] or '000'}Z"

    return coerce


def _reference(field: Field) -> Coerce:
    prefixes = {KEY_PREFIXES[name] for name in field.reference_to if name in KEY_PREFIXES}

    def coerce(value: Any) -> str | None:
        if not isinstance(value, str):
            raise ValueUnreadable(field, value)
        value = value.strip()
        if not value:
            return None
        record_id = ids.normalise(value)
        if record_id is None or (prefixes and record_id[:3] not in prefixes):
            message = f"{field.label}: id value of incorrect type: {value}"
            raise ValueRefused(RecordError("MALFORMED_ID", message, (field.name,)))
        return record_id

    return coerce
