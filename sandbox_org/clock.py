"""Time as the org writes it: UTC, whole seconds, `2026-11-23T21:08:03.000+0000`."""

from datetime import UTC, datetime

STAMP_FORMAT = "%Y-%m-%dT%H:%M:%S.000+0000"


def now() -> datetime:
    """This second, in UTC."""
    return datetime.now(UTC).replace(microsecond=0)


def stamp(moment: datetime) -> str:
    """`moment` as a record's datetime value; text order is time order."""
    return moment.astimezone(UTC).strftime(STAMP_FORMAT)
