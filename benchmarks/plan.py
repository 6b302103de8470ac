"""How much is measured: counts, processes and rounds."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class Plan:
    """One benchmark run. Both systems get the same processes, threads and connections."""

    rounds: int = 3
    connections: int = 32
    web_processes: int = 2
    web_threads: int = 16
    worker_processes: int = 1
    worker_threads: int = 8
    broker: str = "redis"
    """Isthmus's broker, "redis" or "rabbitmq"; by hand always has Redis."""
    users: int = 100

    intake_seconds: float = 5.0
    events: int = 10_000
    """End to end."""
    slow_ms: float = 80.0
    slow_events_of_many: int = 4_000
    slow_events_of_many_by_hand: int = 1_000
    slow_events_of_one: int = 5_000
    slow_events_of_one_by_hand: int = 150
    """A rate is what is compared, and by hand does 12 a second here."""
    idle_events: int = 200
    embedded_events: int = 5_000
    old_runs: int = 2_000_000
    claims: int = 50
    past_retention: int = 400_000
    """Events that are older than retention keeps them."""
    limit_seconds: float = 5.0
    limit_runs: int = 20_000

    @property
    def connections_to_postgres(self) -> int:
        """How many both systems may hold together: a thread keeps its own."""
        web = self.web_processes * self.web_threads
        workers = self.worker_processes * (self.worker_threads + 2)
        return 2 * (web + workers) + 4

    def scaled(self, factor: float) -> Self:
        """The same with `factor` of the work in each measurement."""

        def fewer(count: int, least: int) -> int:
            return max(least, round(count * factor))

        return replace(
            self,
            intake_seconds=max(1.0, self.intake_seconds * factor),
            limit_seconds=max(1.0, self.limit_seconds * factor),
            events=fewer(self.events, 100),
            slow_events_of_many=fewer(self.slow_events_of_many, 100),
            slow_events_of_many_by_hand=fewer(self.slow_events_of_many_by_hand, 40),
            slow_events_of_one=fewer(self.slow_events_of_one, 100),
            slow_events_of_one_by_hand=fewer(self.slow_events_of_one_by_hand, 10),
            idle_events=fewer(self.idle_events, 10),
            embedded_events=fewer(self.embedded_events, 50),
            old_runs=fewer(self.old_runs, 1_000),
            claims=fewer(self.claims, 5),
            past_retention=fewer(self.past_retention, 60_000),
            limit_runs=fewer(self.limit_runs, 400),
        )
