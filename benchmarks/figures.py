"""The figures: what each is called, and what it must reach."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

BY_HAND = "by hand"


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    key: str
    title: str
    unit: str
    must: str = ""
    """In words; "" where the figure is only for information."""
    at_least_ratio: float | None = None
    at_most_ratio: float | None = None
    at_most: float | None = None
    other: str = BY_HAND
    """What the second column holds."""


FIGURES = {
    figure.key: figure
    for figure in (
        Figure("intake", "intake, accepted", "events/s", "at least 4 x by hand", at_least_ratio=4),
        Figure("intake_p50", "  its latency, p50", "ms"),
        Figure("intake_p99", "  its latency, p99", "ms", "no worse than by hand", at_most_ratio=1),
        Figure("intake_cpu", "  CPU of web and PostgreSQL per 1,000 events", "s"),
        Figure("backlog", "  then its backlog worked off", "events/s"),
        Figure("one_user", "end to end, one user", "events/s", "at least 5 x by hand", at_least_ratio=5),
        Figure("cpu_one_user", "  CPU per 1,000 events", "s", "at most 1/4 of by hand", at_most_ratio=0.25),
        Figure("cpu_one_user_ours", "    of it web, workers, beat", "s"),
        Figure("cpu_one_user_postgres", "    of it PostgreSQL", "s"),
        Figure("cpu_one_user_broker", "    and the broker, not counted", "s"),
        Figure("calls", "  Salesforce calls per 1,000 events", "calls", "at most 15", at_most=15),
        Figure("wal", "  write-ahead log per event", "bytes"),
        Figure("stored", "  database growth per event", "bytes"),
        Figure("many_users", "end to end, 100 users", "events/s", "at least 4 x by hand", at_least_ratio=4),
        Figure("cpu_many_users", "  CPU per 1,000 events", "s", "at most 1/4 of by hand", at_most_ratio=0.25),
        Figure("cpu_many_users_ours", "    of it web, workers, beat", "s"),
        Figure("cpu_many_users_postgres", "    of it PostgreSQL", "s"),
        Figure("cpu_many_users_broker", "    and the broker, not counted", "s"),
        Figure("calls_many_users", "  Salesforce calls per 1,000 events", "calls"),
        Figure("slow_many", "80 ms a call, 100 users", "events/s", "at least 4 x by hand", at_least_ratio=4),
        Figure(
            "slow_one",
            "80 ms a call, one user",
            "events/s",
            "at least 25 x by hand",
            at_least_ratio=25,
            other="by hand, one task at a time",
        ),
        Figure("idle_p50", "idle, POST to record, p50", "ms", "at most 15 ms", at_most=15),
        Figure("idle_p99", "  p99", "ms", "at most 50 ms", at_most=50),
        Figure("memory", "peak memory of web, workers, beat (RSS)", "MB", "at most 400 MB", at_most=400),
        Figure("memory_pss", "  at the end, shared pages once (PSS)", "MB"),
        Figure("embedded_p50", "embedded, idle, POST to record, p50", "ms", "at most 60 ms", at_most=60),
        Figure("embedded_p99", "  p99", "ms"),
        Figure("embedded", "embedded, end to end, one user", "events/s", "at least 2 x by hand", at_least_ratio=2),
        Figure("embedded_memory", "  peak memory of web, worker with beat (RSS)", "MB"),
        Figure(
            "old_intake",
            "with old runs: milliseconds per accepted event",
            "ms",
            "at most 1.2 x empty",
            at_most_ratio=1.2,
            other="empty",
        ),
        Figure("old_claim", "with old runs: claim", "ms", "at most 1.2 x empty", at_most_ratio=1.2, other="empty"),
        Figure("old_sweep", "with old runs: sweep for due lanes", "ms", other="empty"),
        Figure("old_one_user", "with old runs: end to end, one user", "events/s", other="empty"),
        Figure(
            "retention_intake",
            "while retention drops: intake, accepted",
            "events/s",
            "at least 0.8 x without",
            at_least_ratio=0.8,
            other="without",
        ),
        Figure("retention_p99", "  its latency, p99", "ms", other="without"),
        Figure("retention_backlog", "  then its backlog worked off", "events/s", other="without"),
        Figure("retention_dropped", "  dropped meanwhile", "events/s"),
        Figure("empty_view", "limit: the server with an empty view (granian; gunicorn)", "requests/s"),
        Figure("bare_loop", "limit: bare claim-send-store loop, one process", "runs/s"),
    )
}


@dataclass
class Results:
    """Samples of both sides by figure, one a round, and what went wrong."""

    ours: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    others: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrongs: list[str] = field(default_factory=list)
    """Events lost, doubled or refused: a figure of a system that does so is worth nothing."""
    notices: list[str] = field(default_factory=list)

    def add(self, key: str, value: float, *, is_other: bool = False) -> None:
        assert key in FIGURES, key
        (self.others if is_other else self.ours)[key].append(value)

    def keys(self) -> Iterable[str]:
        return [key for key in FIGURES if self.ours.get(key) or self.others.get(key)]

    def ratios(self, key: str) -> list[float]:
        """Ours by the other's, round by round."""
        pairs = zip(self.ours.get(key, ()), self.others.get(key, ()), strict=False)
        return [ours / other for ours, other in pairs if other]

    def is_reached(self, key: str) -> bool | None:
        """Whether the median is where it must be; None where nothing is asked, or nothing was measured."""
        figure, ratios, ours = FIGURES[key], self.ratios(key), self.ours.get(key)
        if figure.at_most is not None:
            return median(ours) <= figure.at_most if ours else None
        if figure.at_least_ratio is not None:
            return median(ratios) >= figure.at_least_ratio if ratios else None
        if figure.at_most_ratio is not None:
            return median(ratios) <= figure.at_most_ratio if ratios else None
        return None
