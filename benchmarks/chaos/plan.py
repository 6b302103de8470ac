"""What is sent, on what, and how much of it is broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Plan:
    """One run of chaos.

    Half of the users have a workflow with an `order by` key, which makes Leads. Those without a key have one that makes
    records with a field of each type, or one that creates or updates Leads by an external id. Some of either have such a
    workflow of which only `limit` calls may be under way at once. A fifth of the users sends no poison: they show what the
    others' poison does to them.
    """

    events: int = 20_000
    users: int = 50
    rate: float = 60.0
    """Events a second, at most: so that they meet the mishaps, and that two cores, which the org shares, keep up with them.
    Where a backlog grows, everybody is late, and nobody can tell what of it is the poison's."""
    database: str = "postgresql"
    broker: str = "redis"
    web_processes: int = 2
    worker_processes: int = 2
    worker_threads: int = 8
    mishap_seconds: float = 4.0
    """From one mishap to the next, on average."""
    rounds: int = 2
    """How often each mishap happens at least."""
    most_rounds: int = 0
    """How often at most; 0: for as long as events are sent, which takes longer the more is killed."""
    patience_seconds: float = 900.0
    """How long everything may take until nothing is open any more, after the last event."""
    seed: int = 1
    limit: int = 2
    """Calls at a time, of a workflow that has such a limit."""
    poisoned: float = 0.1
    """The share of all events that `benchmarks.chaos.poison` spoils."""

    @property
    def user_names(self) -> list[str]:
        return [f"chaos-user-{number}" for number in range(self.users)]

    def is_ordered(self, user: int) -> bool:
        return user % 2 == 0

    def is_limited(self, user: int) -> bool:
        """Few of those with a key: a call of theirs is for one record, so that a limit makes them slow."""
        return user % 10 in (1, 3) or user % 12 == 4

    def kind(self, user: int) -> str:
        """What the user's workflow makes: "lead", "every type" or "upsert"."""
        if self.is_ordered(user):
            return "lead"
        return "upsert" if user % 10 == 7 else "every type"

    def is_clean(self, user: int) -> bool:
        """Whether the user sends no poison."""
        return user % 10 in (2, 9)

    @property
    def limited_names(self) -> dict[str, list[str]]:
        """The users of each workflow that has a limit, under a name for it."""
        found: dict[str, list[str]] = {}
        for user, name in enumerate(self.user_names):
            if self.is_limited(user):
                found.setdefault("ordered" if self.is_ordered(user) else "free", []).append(name)
        return found


FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "unavailable", "probability": 0.03},
    {"kind": "lock_rows", "probability": 0.03},
    {"kind": "rate_limit", "http": 429, "retry_after": 1, "probability": 0.01},
    {"kind": "cut_after_commit", "probability": 0.03},
    {"kind": "cut_before_commit", "probability": 0.03},
    {"kind": "slow", "ms": 150, "probability": 0.05},
)
"""What the org does all the time, each with its probability a call."""

LIMITED_FAULT: dict[str, Any] = {"kind": "slow", "ms": 50, "probability": 0.5}
"""And to users whose workflow has a limit and no key: calls that are over at once would not meet. With a key each is for one
record, and all would be made to wait for them."""

RETRY = {"tries": 100, "base_seconds": 0.5, "factor": 1.5, "cap_seconds": 3, "total_seconds": 7200}
"""The steps' own: the same rules as ever, with waits for which nobody has to wait long."""

REFUSED_EVERY = 40
"""One event in so many is one that has to be refused."""
