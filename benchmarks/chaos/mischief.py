"""The mishaps, each in its turn and at moments that nobody chose."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

from benchmarks.chaos.lateness import Outages
from benchmarks.chaos.stage import Stage


class Mischief:
    """Makes mishaps happen, and undoes each so that the next one meets a running system."""

    def __init__(self, stage: Stage) -> None:
        self.happened: Counter[str] = Counter()
        self.outages = Outages(frozenset(stage.worker_names))
        self._stage, self._plan = stage, stage.plan
        self._chance = random.Random(stage.plan.seed)
        self._turns: list[str] = []

    @property
    def kinds(self) -> dict[str, Callable[[], None]]:
        kinds = {
            "worker killed": self._kill_worker,
            "web process killed": self._kill_web,
            "all workers killed": self._kill_workers,
            "broker lost everything": self._stage.empty_broker,
            "access tokens expired": lambda: self._stage.org.faults("expire_tokens") and None,
        }
        if self._stage.cluster:
            kinds["database stopped at once"] = self._stop_database
        return kinds

    @property
    def is_enough(self) -> bool:
        return all(self.happened[kind] >= self._plan.rounds for kind in self.kinds)

    @property
    def _has_had_its_fill(self) -> bool:
        most = self._plan.most_rounds
        return bool(most) and all(self.happened[kind] >= most for kind in self.kinds)

    def go_on_while(self, is_going_on: Callable[[], bool]) -> None:
        """One mishap after the other, until what is going on has ended."""
        while is_going_on():
            ends_at = time.monotonic() + self._plan.mishap_seconds * self._chance.uniform(0.3, 1.7)
            while is_going_on() and time.monotonic() < ends_at:
                self.look()
                time.sleep(0.05)
            if is_going_on() and not self._has_had_its_fill:
                self._next()
                self._stage.reconnect()

    def look(self) -> None:
        """See whether killed workers are up again."""
        for name in self.outages.down:
            self.outages.worker_seen(name, self._stage.starts_of(name), time.time())

    def _next(self) -> None:
        if not self._turns:
            self._turns = list(self.kinds)
            self._chance.shuffle(self._turns)
        kind = self._turns.pop()
        self.kinds[kind]()
        self.happened[kind] += 1

    def _pause(self) -> None:
        time.sleep(self._chance.uniform(0.1, 1.0))

    def _kill_worker(self) -> None:
        self._kill_and_start([self._chance.choice(self._stage.worker_names)])

    def _kill_workers(self) -> None:
        self._kill_and_start(self._stage.worker_names)

    def _kill_web(self) -> None:
        self._kill_and_start([self._chance.choice(self._stage.web_names)])

    def _kill_and_start(self, names: list[str]) -> None:
        for name in names:
            self._stage.kill(name)
            if name in self._stage.worker_names:
                self.outages.worker_killed(name, self._stage.starts_of(name), time.time())
        self._pause()
        for name in names:
            self._stage.start(name)

    def _stop_database(self) -> None:
        assert self._stage.cluster is not None
        began = time.time()
        self._stage.cluster.stop()
        self._pause()
        self._stage.cluster.start()
        self.outages.add(began, time.time())

    def wait_until_nothing_is_open(self) -> int:
        """Let what is left be worked off; gives how many runs are still open when the patience ends."""
        ends_at = time.monotonic() + self._plan.patience_seconds
        while (left := self._stage.open_runs()) and time.monotonic() < ends_at:
            self.look()
            self._stage.reconnect()
            time.sleep(0.3)
        return left
