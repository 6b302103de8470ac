"""Ids: random ones for what the SDK sees, time-ordered ones for what arrives in streams."""

from uuid import UUID

import uuid_utils


def time_ordered_id() -> UUID:
    """A UUIDv7: sorts by the time it was made, and by the order of making within one process."""
    return UUID(int=uuid_utils.uuid7().int)
