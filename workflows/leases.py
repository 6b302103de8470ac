"""The lease on a lane: who may work it off, named in every write."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone


@dataclass(frozen=True)
class Lease:
    lane_id: UUID
    token: UUID
    clock_offset: timedelta = field(default=timedelta(0), compare=False)
    """Of the database's clock to this host's, when the lease was taken."""

    def now(self) -> datetime:
        """By the database's clock, by which everything is told that another host may go on from."""
        return timezone.now() + self.clock_offset

    def here(self, moment: datetime | None) -> datetime | None:
        """A moment of the database's clock by this host's, which is what those know who are told nothing of leases."""
        return moment and moment - self.clock_offset
