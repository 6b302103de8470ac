"""The lease on a lane: who may work it off, named in every write."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from lib import fencing


@dataclass(frozen=True)
class Lease:
    lane_id: UUID
    token: UUID
    taken_at: datetime = field(default_factory=timezone.now, compare=False)
    """By the database's clock."""
    crashes: int = field(default=0, compare=False)
    """How often in a row work on the lane has crashed before this lease was taken."""
    suspect: UUID | None = field(default=None, compare=False)
    """The run under which it crashed last, where that is known."""
    set_aside: tuple[UUID, ...] = field(default=(), compare=False)
    """Runs that are to be done last, each alone; named once for each worker that has died under them."""
    _since: float = field(default_factory=fencing.clock, compare=False)

    @property
    def is_careful(self) -> bool:
        """Whether the run in hand is noted before work on it begins."""
        return self.crashes > 0

    def now(self) -> datetime:
        """By the database's clock, whatever this host's says and whoever sets it meanwhile."""
        return self.taken_at + timedelta(seconds=fencing.clock() - self._since)

    def here(self, moment: datetime | None) -> datetime | None:
        """A moment of the database's clock by this host's, which is what those know who are told nothing of leases."""
        return moment and timezone.now() - (self.now() - moment)

    def there(self, moment: datetime) -> datetime:
        """A moment of this host's clock by the database's."""
        return self.now() + (moment - timezone.now())
