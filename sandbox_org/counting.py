"""How often what was called: the usage that `Sforce-Limit-Info` tells, and the counts of `GET /__org/calls`."""

from collections import Counter
from typing import Any


class CallCounts:
    """Counters since the start or the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.api_used = 0
        self.resources: Counter[str] = Counter()
        self.methods: Counter[str] = Counter()
        self.usernames: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()

    def called(self, method: str, resource: str, username: str | None) -> None:
        self.resources[resource] += 1
        self.methods[f"{method} {resource}"] += 1
        if username:
            self.usernames[username] += 1

    def answered(self, status: int) -> None:
        self.statuses[str(status)] += 1

    def cut(self) -> None:
        self.statuses["cut"] += 1

    def shown(self) -> dict[str, Any]:
        """{"total", "api_used", "resources", "methods", "usernames", "statuses"}; a cut connection has status `cut`."""
        return {
            "total": self.resources.total(),
            "api_used": self.api_used,
            "resources": dict(self.resources),
            "methods": dict(self.methods),
            "usernames": dict(self.usernames),
            "statuses": dict(self.statuses),
        }
