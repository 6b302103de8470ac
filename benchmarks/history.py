"""Whether a long history slows the product: two databases, one with old runs, measured in turn."""

import json
import signal
from statistics import median

from benchmarks.isthmus import Isthmus
from benchmarks.measuring import Bench
from benchmarks.old_runs import add_old_runs
from benchmarks.processes import run
from benchmarks.systems import PYTHON, Stage

_LANE_EVENTS = 250


class History:
    """An empty system and one with old runs; only one of them runs at a time, as a machine has one."""

    def __init__(self, stage: Stage, bench: Bench) -> None:
        self.plan, self.bench = stage.plan, bench
        self.empty = Isthmus(stage, "isthmus-empty")
        self.old = Isthmus(stage, "isthmus-old")

    @property
    def rows(self) -> int:
        return self.plan.old_runs

    def prepare(self) -> float:
        """Give the second system its history; gives the seconds that took."""
        self.empty.start()
        self.empty.stop()
        self.old.keeps_history = True
        self.old.start()
        self.old.stop()
        return add_old_runs(self.old, self.bench.postgres, self.plan.old_runs)

    def run_round(self, number: int) -> None:
        pair = [(self.old, False), (self.empty, True)]
        for system, is_other in pair if number % 2 == 0 else pair[::-1]:
            system.start_processes()
            try:
                self._measure(system, is_other=is_other)
            finally:
                system.stop()

    def _measure(self, system: Isthmus, *, is_other: bool) -> None:
        plan, bench = self.plan, self.bench
        told = bench.intake(system, users=plan.users, seconds=plan.intake_seconds).told
        bench.results.add("old_intake", 1000 * told["seconds"] / told["accepted"], is_other=is_other)
        measured = bench.end_to_end(system, users=1, events=plan.events)
        bench.results.add("old_one_user", measured.rate, is_other=is_other)
        claims = time_claims(system, plan.claims)
        bench.results.add("old_claim", median(claims["claims_ms"]), is_other=is_other)
        bench.results.add("old_sweep", median(claims["sweeps_ms"]), is_other=is_other)

    def stop(self) -> None:
        self.empty.stop()
        self.old.stop()


def time_claims(system: Isthmus, count: int) -> dict[str, list[float]]:
    """Have a lane's events wait, with the workers held, and time how they are taken up; as `benchmarks.claiming` tells it."""
    system.empty()
    system.org.reset()
    for name in system.worker_names():
        system.group.signal(name, signal.SIGSTOP)
    try:
        told = system.send(count=_LANE_EVENTS, org="")
        command = [PYTHON, "-m", "benchmarks.claiming", str(count)]
        claims: dict[str, list[float]] = json.loads(run(command, system.environment))
    finally:
        for name in system.worker_names():
            system.group.signal(name, signal.SIGCONT)
    system.settle(told["accepted"])
    return claims
