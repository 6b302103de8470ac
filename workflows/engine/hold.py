"""A lane in a worker's hands, and what is known of it until it is given back."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings

from workflows.engine import limiting
from workflows.leases import Lease


@dataclass
class Hold:
    """A lease in hand, and whether it has been given back with the last results."""

    lease: Lease
    batch_size: int = 0
    """Of the runs that were taken last."""
    is_given_back: bool = False
    is_last_of_batch: bool = False
    """Whether the group in hand may give it back, should it leave nothing to do."""
    slots: limiting.Slots = field(default_factory=limiting.Slots)
    tokens_version: int = 0
    """Of the credential when the slice began."""
    in_hand: list[UUID] = field(default_factory=list)
    """The runs that are being worked on: one of them is at fault for what is raised now."""
    limit: int = 0
    """How many runs are taken at once; fewer after something was raised by one of them. 0: as many as a group holds."""
    crashes_of: Counter[UUID] = field(default_factory=Counter)
    """How often something was raised while a run was in hand alone."""
    set_aside: Counter[UUID] = field(default_factory=Counter)
    """How many workers have died under a run: such runs are done last and each alone."""
    marks: bool = False
    """Whether the run in hand is noted in the database."""

    @property
    def batch_limit(self) -> int:
        return self.limit or int(settings.LANE_GROUP_SIZE)
