"""What retention costs intake: a database with much that is past its time, and intake without and with its being dropped."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.dropping import RETENTION_DAYS
from benchmarks.isthmus import Isthmus
from benchmarks.measuring import Bench
from benchmarks.old_runs import add_old_runs
from benchmarks.processes import Group
from benchmarks.systems import PYTHON, Stage

_DROPPING = "dropping"


class Retention:
    """One system, measured in turn without and with a process that drops beside it what a worker would."""

    def __init__(self, stage: Stage, bench: Bench) -> None:
        self.plan, self.bench = stage.plan, bench
        self.system = Isthmus(stage, "isthmus-retention")
        self._group = Group(self.system.folder / "logs")

    @property
    def rows(self) -> int:
        return self.plan.past_retention

    def prepare(self) -> float:
        """Make what is to be dropped; gives the seconds that took."""
        self.system.keeps_history = True
        self.system.start()
        return add_old_runs(self.system, self.bench.postgres, self.rows, newest_days=RETENTION_DAYS + 1)

    def run_round(self, number: int) -> None:
        for is_without in (False, True) if number % 2 == 0 else (True, False):
            if is_without:
                self._measure(is_without=True)
            else:
                with self._dropping():
                    self._measure(is_without=False)

    def _measure(self, *, is_without: bool) -> None:
        results = self.bench.results
        measured = self.bench.intake(self.system, users=self.plan.users, seconds=self.plan.intake_seconds)
        told = measured.told
        results.add("retention_intake", told["accepted"] / told["seconds"], is_other=is_without)
        results.add("retention_p99", told["latencies_ms"]["p99"], is_other=is_without)
        results.add("retention_backlog", measured.backlog_rate, is_other=is_without)

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        """Drop while the block runs, and note how many events a second."""
        log = self._group.log_dir / f"{_DROPPING}.log"
        log.unlink(missing_ok=True)
        self._group.spawn(_DROPPING, [PYTHON, "-m", "benchmarks.dropping"], self.system.environment)
        self._group.wait_until(lambda: '"events"' in log.read_text(), "retention begins")
        yield
        self._group.stop(_DROPPING)
        said = [json.loads(line) for line in log.read_text().splitlines()]
        first, last = said[0], said[-1]
        if last["is_all"]:
            self.bench.results.notices.append(
                "Everything was dropped before a measurement of it had ended: choose more --past-retention."
            )
        self.bench.results.add("retention_dropped", (last["events"] - first["events"]) / (last["at"] - first["at"]))

    def stop(self) -> None:
        self._group.stop_all()
        self.system.stop()
