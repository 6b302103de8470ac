"""The scenarios of the table, each run once a round, both systems in turn."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.isthmus import Isthmus
from benchmarks.limits import measure_limits
from benchmarks.load import percentile
from benchmarks.measuring import Bench, EndToEnd
from benchmarks.plan import Plan
from benchmarks.systems import ByHand, System


@dataclass
class Pair:
    """Isthmus and another system that is measured beside it."""

    plan: Plan
    bench: Bench
    isthmus: Isthmus
    other: System

    def in_turn(self, number: int) -> Iterable[tuple[System, bool]]:
        """Both systems, and whether it is the other; who begins changes from round to round."""
        pair: list[tuple[System, bool]] = [(self.isthmus, False), (self.other, True)]
        return pair if number % 2 == 0 else pair[::-1]


@dataclass
class Field(Pair):
    """The systems that run side by side in `make bench`; the other is by hand."""

    embedded: Isthmus | None
    """Held while it is not measured: its broker polls the disk."""

    @property
    def by_hand(self) -> ByHand:
        assert isinstance(self.other, ByHand)
        return self.other


def intake(field: Pair, number: int) -> None:
    results = field.bench.results
    for system, is_other in field.in_turn(number):
        measured = field.bench.intake(system, users=field.plan.users, seconds=field.plan.intake_seconds)
        told = measured.told
        results.add("intake", told["accepted"] / told["seconds"], is_other=is_other)
        results.add("intake_p50", told["latencies_ms"]["p50"], is_other=is_other)
        results.add("intake_p99", told["latencies_ms"]["p99"], is_other=is_other)
        results.add("intake_cpu", 1000 * measured.cpu_seconds / told["accepted"], is_other=is_other)
        results.add("backlog", measured.backlog_rate, is_other=is_other)


def one_user(field: Pair, number: int) -> None:
    results = field.bench.results
    for system, is_other in field.in_turn(number):
        measured = field.bench.end_to_end(system, users=1, events=field.plan.events)
        _add_costs(field, "one_user", measured, is_other=is_other)
        results.add("calls", measured.per_thousand(measured.calls), is_other=is_other)
        results.add("wal", measured.wal_bytes / measured.events, is_other=is_other)
        results.add("stored", measured.stored_bytes / measured.events, is_other=is_other)
        results.add("memory", measured.peak_mb, is_other=is_other)
        results.add("memory_pss", measured.end_pss_mb, is_other=is_other)


def many_users(field: Pair, number: int) -> None:
    for system, is_other in field.in_turn(number):
        measured = field.bench.end_to_end(system, users=field.plan.users, events=field.plan.events)
        _add_costs(field, "many_users", measured, is_other=is_other)
        calls = measured.per_thousand(measured.calls)
        field.bench.results.add("calls_many_users", calls, is_other=is_other)


def slow_many(field: Field, number: int) -> None:
    plan = field.plan
    for system, is_other in field.in_turn(number):
        events = plan.slow_events_of_many_by_hand if is_other else plan.slow_events_of_many
        measured = field.bench.end_to_end(system, users=plan.users, events=events, delay_ms=plan.slow_ms)
        field.bench.results.add("slow_many", measured.rate, is_other=is_other)


def slow_one(field: Field, number: int) -> None:
    """By hand keeps one user's order only with one worker that does one task at a time."""
    plan, bench = field.plan, field.bench
    measured = bench.end_to_end(field.isthmus, users=1, events=plan.slow_events_of_one, delay_ms=plan.slow_ms)
    bench.results.add("slow_one", measured.rate)
    field.by_hand.start_workers(1, 1)
    try:
        events = plan.slow_events_of_one_by_hand
        measured = bench.end_to_end(field.by_hand, users=1, events=events, delay_ms=plan.slow_ms)
    finally:
        field.by_hand.start_workers(plan.worker_processes, plan.worker_threads)
        field.by_hand.warm_up()
    bench.results.add("slow_one", measured.rate, is_other=True)


def idle(field: Pair, number: int) -> None:
    for system, is_other in field.in_turn(number):
        latencies = field.bench.one_at_a_time(system, events=field.plan.idle_events)
        field.bench.results.add("idle_p50", percentile(latencies, 50), is_other=is_other)
        field.bench.results.add("idle_p99", percentile(latencies, 99), is_other=is_other)


def embedded(field: Field, number: int) -> None:
    assert field.embedded
    results, system = field.bench.results, field.embedded
    system.resume()
    try:
        latencies = field.bench.one_at_a_time(system, events=field.plan.idle_events)
        measured = field.bench.end_to_end(system, users=1, events=field.plan.embedded_events)
    finally:
        system.hold()
    results.add("embedded_p50", percentile(latencies, 50))
    results.add("embedded_p99", percentile(latencies, 99))
    results.add("embedded", measured.rate)
    results.add("embedded_memory", measured.peak_mb)
    by_hand = field.bench.end_to_end(field.by_hand, users=1, events=field.plan.embedded_events)
    results.add("embedded", by_hand.rate, is_other=True)


def limits(field: Field, number: int) -> None:
    measure_limits(field.plan, field.bench, field.isthmus, field.by_hand)


def _add_costs(field: Pair, key: str, measured: EndToEnd, *, is_other: bool) -> None:
    results = field.bench.results
    results.add(key, measured.rate, is_other=is_other)
    counted = measured.cpu_ours + measured.cpu_postgres
    results.add(f"cpu_{key}", measured.per_thousand(counted), is_other=is_other)
    results.add(f"cpu_{key}_ours", measured.per_thousand(measured.cpu_ours), is_other=is_other)
    results.add(f"cpu_{key}_postgres", measured.per_thousand(measured.cpu_postgres), is_other=is_other)
    results.add(f"cpu_{key}_broker", measured.per_thousand(measured.cpu_broker), is_other=is_other)


SCENARIOS: dict[str, Callable[[Field, int], None]] = {
    "intake": intake,
    "one_user": one_user,
    "many_users": many_users,
    "slow_many": slow_many,
    "slow_one": slow_one,
    "idle": idle,
    "embedded": embedded,
    "limits": limits,
}
"""Besides these there are "old_runs" and "retention", which have a phase of their own each: `benchmarks.history` and
`benchmarks.retention`."""
