"""How often what was called: the usage that `Sforce-Limit-Info` tells, and the counts of `GET /__org/calls`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
        self._watched: dict[str, str] = {}
        self._now: Counter[str] = Counter()
        self._most: Counter[str] = Counter()

    def called(self, method: str, resource: str, username: str | None) -> None:
        self.resources[resource] += 1
        self.methods[f"{method} {resource}"] += 1
        if username:
            self.usernames[username] += 1

    def watch(self, name: str, usernames: Iterable[str]) -> None:
        """Count from here how many calls of these users, all together, are under way at once."""
        self._watched |= dict.fromkeys(usernames, name)
        self._most[name] = 0

    @contextmanager
    def under_way(self, username: str) -> Iterator[None]:
        """A call, from when it is read until there is an answer to send, or its connection is to be cut."""
        name = self._watched.get(username)
        if name is None:
            yield
            return
        now = self._now  # a reset gives another one, which this call has no part in
        now[name] += 1
        self._most[name] = max(self._most[name], now[name])
        try:
            yield
        finally:
            now[name] -= 1

    def answered(self, status: int) -> None:
        self.statuses[str(status)] += 1

    def cut(self) -> None:
        self.statuses["cut"] += 1

    def shown(self) -> dict[str, Any]:
        """{"total", "api_used", "resources", "methods", "usernames", "statuses", "at_once"}.

        A cut connection has status `cut`; `at_once` has, for each name that is watched, the most calls under way at once.
        """
        return {
            "total": self.resources.total(),
            "api_used": self.api_used,
            "resources": dict(self.resources),
            "methods": dict(self.methods),
            "usernames": dict(self.usernames),
            "statuses": dict(self.statuses),
            "at_once": dict(self._most),
        }
