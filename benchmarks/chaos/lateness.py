"""How long healthy events took from being received to their stored result, with and without the outages that chaos made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MOST_SECONDS = 60.0
"""No healthy event may be later than that, beyond the outages."""


@dataclass
class Outages:
    """Times at which nothing could be done for anybody: no worker was up, or no database. In Unix seconds."""

    workers: frozenset[str]
    ended: list[tuple[float, float]] = field(default_factory=list)
    _down: dict[str, int] = field(default_factory=dict)
    """Workers that were killed and have not said that they are ready again: how often they had said so before."""
    _began: float = 0.0

    def worker_killed(self, name: str, starts: int, now: float) -> None:
        """Note a killed worker, which had said `starts` times that it is ready."""
        self._down.setdefault(name, starts)
        if set(self._down) == self.workers:
            self._began = self._began or now

    @property
    def down(self) -> Sequence[str]:
        return list(self._down)

    def worker_seen(self, name: str, starts: int, now: float) -> None:
        """Note how often a killed worker has said that it is ready by now."""
        if starts > self._down.get(name, starts):
            del self._down[name]
            if self._began:
                self.ended.append((self._began, now))
                self._began = 0.0

    def add(self, began: float, ended: float) -> None:
        """Note an outage of the database."""
        self.ended.append((began, ended))

    def seconds_within(self, began: float, ended: float) -> float:
        """How much of the time from `began` to `ended` was outage; times that two outages share count once."""
        total, counted_to = 0.0, began
        for each in sorted(self.ended):
            start, end = max(each[0], counted_to), min(each[1], ended)
            if end > start:
                total, counted_to = total + end - start, end
        return total


@dataclass(frozen=True)
class Spread:
    """Seconds, of all events of a kind."""

    p50: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Spread:
        ordered = sorted(seconds) or [0.0]

        def at(share: float) -> float:
            return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

        return cls(at(0.5), at(0.99), ordered[-1])

    def __str__(self) -> str:
        return f"{self.p50:.1f} / {self.p99:.1f} / {self.most:.1f}"
