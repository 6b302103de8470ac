"""Ids: random ones for what the SDK sees, time-ordered ones for what arrives in streams."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils

_TIME_SHIFT = 80
"""A UUIDv7 begins with 48 bits of Unix milliseconds; these many bits follow them (RFC 9562, section 5.7)."""


def time_ordered_id() -> UUID:
    """A UUIDv7: sorts by the time it was made, and by the order of making within one process."""
    return UUID(int=uuid_utils.uuid7().int)


def made_at(time_ordered: UUID) -> datetime:
    """When a time-ordered id was made, to the millisecond."""
    return datetime.fromtimestamp((time_ordered.int >> _TIME_SHIFT) / 1000, UTC)


def lowest_id_at(moment: datetime) -> UUID:
    """A bound for ids by time: every time-ordered id made at `moment` or later is at least this."""
    return UUID(int=int(moment.timestamp() * 1000) << _TIME_SHIFT)
