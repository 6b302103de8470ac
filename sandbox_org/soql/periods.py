"""Date literals such as TODAY and LAST_N_DAYS:7, as half-open ranges of days in UTC."""

from datetime import date, timedelta

FIXED = frozenset(
    {"TODAY", "YESTERDAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"}
    | {f"{when}_{unit}" for when in ("LAST", "THIS", "NEXT") for unit in ("WEEK", "MONTH", "QUARTER", "YEAR")}
)
COUNTED = frozenset(
    {f"{when}_N_{unit}" for when in ("LAST", "NEXT") for unit in ("DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS")}
    | {f"N_{unit}_AGO" for unit in ("DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS")}
)
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def is_period(text: str) -> bool:
    """Whether a word is a date literal, with its number where it takes one."""
    name, colon, _ = text.upper().partition(":")
    return name in (COUNTED if colon else FIXED)


def days_of(name: str, count: int | None, today: date) -> tuple[date, date]:
    """The first day of the period, and the first day after it."""
    one_day = timedelta(days=1)
    match name:
        case "TODAY":
            return today, today + one_day
        case "YESTERDAY":
            return today - one_day, today
        case "TOMORROW":
            return today + one_day, today + 2 * one_day
        case "LAST_90_DAYS":
            return today - timedelta(days=90), today + one_day
        case "NEXT_90_DAYS":
            return today + one_day, today + timedelta(days=91)
    number = count or 0
    if name.endswith("_AGO"):
        unit = name.removeprefix("N_").removesuffix("S_AGO")
        return _unit(unit, -number, today)
    when, *_, unit = name.split("_")
    if "_N_" not in name:
        return _unit(unit, {"LAST": -1, "THIS": 0, "NEXT": 1}[when], today)
    unit = unit.removesuffix("S")
    if unit == "DAY":
        if when == "LAST":
            return today - timedelta(days=number), today + one_day
        return today + one_day, today + timedelta(days=number + 1)
    if when == "LAST":
        return _unit(unit, -number, today)[0], _unit(unit, 0, today)[0]
    return _unit(unit, 1, today)[0], _unit(unit, number, today)[1]


def _unit(unit: str, offset: int, today: date) -> tuple[date, date]:
    """The day, week (from Sunday), month, quarter or year that lies `offset` from the present one."""
    if unit == "DAY":
        start = today + timedelta(days=offset)
        return start, start + timedelta(days=1)
    if unit == "WEEK":
        start = today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=offset)
        return start, start + timedelta(weeks=1)
    length = MONTHS[unit]
    index = today.year * 12 + today.month - 1
    index += -(index % length) + offset * length
    return _month(index), _month(index + length)


def _month(index: int) -> date:
    year, month = divmod(index, 12)
    return date(min(max(year, 1), 9999), month + 1, 1)
