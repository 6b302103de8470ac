"""The lease on a lane: who may work it off, named in every write."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Lease:
    lane_id: UUID
    token: UUID
