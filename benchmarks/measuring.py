"""One measurement of one system: send events, wait until all is stored, check that nothing was lost or doubled, tell."""

import signal
import time
from dataclasses import dataclass

from benchmarks import load, meters
from benchmarks.figures import Results
from benchmarks.postgres import Postgres
from benchmarks.systems import System

QUIET_WITHIN_SECONDS = 10.0
_QUIET_SECONDS = 0.4


@dataclass(frozen=True)
class EndToEnd:
    """What events that went all the way cost."""

    events: int
    seconds: float
    """From the first POST until the last record stood."""
    cpu_ours: float
    cpu_postgres: float
    cpu_broker: float
    """Seconds, until the last result was stored."""
    calls: int
    wal_bytes: int
    stored_bytes: int
    """What the database grew by; 0 for one that is not PostgreSQL's."""
    peak_mb: float
    end_pss_mb: float

    @property
    def rate(self) -> float:
        return self.events / self.seconds

    def per_thousand(self, value: float) -> float:
        return 1000 * value / self.events


@dataclass(frozen=True)
class Intake:
    """What taking events in costs by itself."""

    told: load.Told
    cpu_seconds: float
    """Of web and PostgreSQL."""
    backlog_rate: float
    """Events a second, worked off afterwards."""


class Bench:
    """What all measurements share."""

    def __init__(self, postgres: Postgres, results: Results) -> None:
        self.postgres, self.results = postgres, results

    def end_to_end(self, system: System, *, users: int, events: int, delay_ms: float = 0.0) -> EndToEnd:
        """Send `events` as fast as they are taken; the clock stops when the last record stands in the org."""
        self._begin(system, delay_ms)
        foreign, wal = self.postgres.foreign_transactions(), self.postgres.wal_bytes()
        size = self.postgres.size_of(system.database)
        before = self._cpu(system)
        with meters.PeakMemory(system.roots()) as peak:
            told = system.send(users=users, count=events, wait_seconds=60.0 + events / 20)
            after_last_record = time.monotonic()
            self._check(system, told, events)
            system.settle(min(events, told["accepted"]))
        self._await_quiet(
            system
        )  # what is done behind the last result, late doorbells say, is a cost of these events too
        ours, postgres, broker = (now - then for now, then in zip(self._cpu(system), before, strict=True))
        if (others := self.postgres.foreign_transactions() - foreign) > 200:
            self.results.notices.append(f"{others} transactions of other databases fell into a measurement's CPU time.")
        assert told["org"]
        last_record_at = told["org"]["last_at"] or after_last_record
        return EndToEnd(
            events=events,
            seconds=last_record_at - told["began_at"],
            cpu_ours=ours,
            cpu_postgres=postgres,
            cpu_broker=broker,
            calls=told["org"]["calls"],
            wal_bytes=self.postgres.wal_bytes() - wal,
            stored_bytes=self.postgres.size_of(system.database) - size,
            peak_mb=peak.megabytes,
            end_pss_mb=meters.proportional_mb(system.roots()),
        )

    def intake(self, system: System, *, users: int, seconds: float) -> Intake:
        """Send for so many seconds while the workers are held; then let them go. What intake and workers do to each other
        is in the end-to-end figures."""
        self._begin(system)
        before = sum(self._cpu(system)[:2])
        for name in system.worker_names():
            system.group.signal(name, signal.SIGSTOP)
        try:
            told = system.send(users=users, count=1_000_000, seconds=seconds, org="")
            cpu_seconds = sum(self._cpu(system)[:2]) - before
        finally:
            let_go_at = time.monotonic()
            for name in system.worker_names():
                system.group.signal(name, signal.SIGCONT)
        system.group.wait_until(
            lambda: system.org.counts()["records"] >= told["accepted"], f"{system.name} works off its backlog", 180
        )
        counts = told["org"] = system.org.counts()
        self._check(system, told, told["sent"])
        system.settle(told["accepted"])
        return Intake(told, cpu_seconds, told["accepted"] / (counts["last_at"] - let_go_at))

    def one_at_a_time(self, system: System, *, events: int) -> list[float]:
        """Milliseconds from an event's POST to its record, the next sent only then; sorted."""
        self._begin(system)
        told = system.send(count=events, connections=1, one_at_a_time=True, wait_seconds=15.0)
        self._check(system, told, events)
        system.settle(events)
        return sorted(told["record_latencies_ms"])

    def _begin(self, system: System, delay_ms: float = 0.0) -> None:
        """Start from a system that has nothing, does nothing, and has as much room as ever until the next checkpoint."""
        system.empty()
        system.org.reset(delay_ms)
        self.postgres.checkpoint()
        self._await_quiet(system)

    def _await_quiet(self, system: System) -> None:
        """Wait until the system takes less than a tenth of a core, at most QUIET_WITHIN_SECONDS."""
        ends_at = time.monotonic() + QUIET_WITHIN_SECONDS
        used, is_quiet = meters.cpu_seconds(system.roots()), False
        while not is_quiet and time.monotonic() < ends_at:
            time.sleep(_QUIET_SECONDS)
            before, used = used, meters.cpu_seconds(system.roots())
            is_quiet = used - before < 0.1 * _QUIET_SECONDS

    def _cpu(self, system: System) -> tuple[float, float, float]:
        return (
            meters.cpu_seconds(system.roots()),
            self.postgres.cpu_seconds(),
            meters.cpu_seconds(system.broker_roots()),
        )

    def _check(self, system: System, told: load.Told, events: int) -> None:
        """Note it when not every event was accepted, or an accepted one has not exactly one record."""
        wrongs = []
        if told["accepted"] != events or told["refused"]:
            wrongs.append(
                f"{told['accepted']} of {events} accepted, refused {told['refused']}: {told['first_refusal']}"
            )
        org = told["org"]
        if org and not org["records"] == org["distinct"] == told["accepted"]:
            wrongs.append(f"{told['accepted']} accepted, {org['records']} records, {org['distinct']} distinct ones")
        if org and (strange := org["calls_by_kind"].get("other")):
            wrongs.append(f"{strange} calls that the org does not know")
        self.results.wrongs += [f"{system.name}: {wrong}" for wrong in wrongs]
