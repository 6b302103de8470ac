"""The threads of a worker and the lanes they work off: tenants take turns, and slow orgs do not hold up fast ones.

A doorbell's task only says here which lane has rung. Up to `quick` lanes are worked off at once, tenant by tenant, each for
a slice of time that ends sooner when another tenant waits. A lane whose org keeps it waiting for more than a second is no
longer counted among those: it needs a thread, but no processor, so another lane begins beside it. Of lanes known to be slow
at most `slow` are held, which bounds the threads; while they wait for their org they hold no database connection.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection

from workflows.engine.slices import Slice

log = logging.getLogger("workflows.crew")

SLOW_SECONDS = 1.0
"""A call that takes longer makes its lane a slow one, until a call is quicker."""
SHARED_SLICE_SECONDS = 0.5
"""How long a lane may go on while another tenant's waits."""
IDLE_SECONDS = 30.0
_SLOW_REMEMBERED = 10_000

Work = Callable[[UUID, Slice], None]


class Turns:
    """Lanes that have rung, each once; taken tenant by tenant, and in their order within one."""

    def __init__(self) -> None:
        self._lanes: OrderedDict[UUID, OrderedDict[UUID, None]] = OrderedDict()

    def add(self, tenant: UUID, lane_id: UUID) -> None:
        self._lanes.setdefault(tenant, OrderedDict())[lane_id] = None

    def take(self) -> tuple[UUID, UUID]:
        """The tenant whose turn it is, and its lane that has waited longest. Raises KeyError when nobody waits."""
        tenant, lanes = self._lanes.popitem(last=False)
        lane_id, _ = lanes.popitem(last=False)
        if lanes:
            self._lanes[tenant] = lanes
        return tenant, lane_id

    def has_others_than(self, tenant: UUID) -> bool:
        return len(self._lanes) > (tenant in self._lanes)

    def __bool__(self) -> bool:
        return bool(self._lanes)


class _Held(Slice):
    """A lane in a thread's hands."""

    def __init__(self, crew: Crew, tenant: UUID, lane_id: UUID, *, is_slow: bool) -> None:
        super().__init__()
        self.tenant, self.lane_id, self.is_slow = tenant, lane_id, is_slow
        self.calls_since: float | None = None
        self.last_call_seconds = 0.0
        self.has_rung_again = False
        self._crew = crew

    def is_over(self) -> bool:
        return super().is_over() or self._crew.wants_back(self)

    def wait(self, seconds: float) -> None:
        if not self._crew.has_more_to_do():
            super().wait(seconds)

    @contextmanager
    def call(self) -> Iterator[None]:
        if self.is_slow:
            connection.close()
        began = self.calls_since = time.monotonic()
        try:
            yield
        finally:
            self.calls_since, self.last_call_seconds = None, time.monotonic() - began
            self.is_slow = self.is_slow or self.last_call_seconds > SLOW_SECONDS

    def keeps_nobody_busy(self, now: float) -> bool:
        """Whether its thread waits for a slow org."""
        return self.is_slow or (self.calls_since is not None and now - self.calls_since > SLOW_SECONDS)


class Crew:
    """Opened by a worker when it starts; a process without one works lanes off where they ring."""

    def __init__(self, tenant_of: Callable[[UUID], UUID | None], work: Work, *, quick: int, slow: int) -> None:
        self._tenant_of, self._work = tenant_of, work
        self._quick_limit, self._slow_limit = quick, slow
        self._changed = threading.Condition()
        self._rung, self._rung_slow = Turns(), Turns()
        self._held: dict[UUID, _Held] = {}
        self._known_slow: OrderedDict[UUID, None] = OrderedDict()
        self._idle: list[_Hand] = []
        self._is_closing = False
        threading.Thread(target=self._watch, name="lane-watch", daemon=True).start()

    def take(self, lane_id: UUID) -> None:
        """Have the lane worked off as soon as it is its turn. Safe to call twice."""
        tenant = self._tenant_of(lane_id)
        if tenant is None:
            return
        with self._changed:
            if (held := self._held.get(lane_id)) is not None:
                held.has_rung_again = True
                return
            self._add(tenant, lane_id)
            self._start_what_may()
            self._changed.notify_all()

    def close(self) -> None:
        """Begin no lane any more, and have each given back after the group in hand. Takes no lock: a signal calls it."""
        self._is_closing = True

    def wait(self, seconds: float) -> bool:
        """After `close`: wait until every lane is given back; False when the time was over first."""
        ends_at = time.monotonic() + seconds
        with self._changed:
            while self._held:
                if (left := ends_at - time.monotonic()) <= 0:
                    return False
                self._changed.wait(min(left, 0.1))
        return True

    def has_more_to_do(self) -> bool:
        """Whether lanes wait for a thread, or all are to be given back."""
        return self._is_closing or bool(self._rung)

    def wants_back(self, held: _Held) -> bool:
        """Whether a lane should be given back before its slice is over."""
        if self._is_closing:
            return True
        is_long_enough = time.monotonic() - held.began_at > SHARED_SLICE_SECONDS
        return is_long_enough and not held.is_slow and self._rung.has_others_than(held.tenant)

    def _add(self, tenant: UUID, lane_id: UUID) -> None:
        (self._rung_slow if lane_id in self._known_slow else self._rung).add(tenant, lane_id)

    def _start_what_may(self) -> None:
        """Give lanes to threads while there is room. Under the lock."""
        while not self._is_closing:
            now = time.monotonic()
            slow = sum(held.keeps_nobody_busy(now) for held in self._held.values())
            has_thread = len(self._held) < self._quick_limit + self._slow_limit
            if self._rung and has_thread and len(self._held) - slow < self._quick_limit:
                tenant, lane_id = self._rung.take()
                held = _Held(self, tenant, lane_id, is_slow=False)
            elif self._rung_slow and has_thread and slow < self._slow_limit:
                tenant, lane_id = self._rung_slow.take()
                held = _Held(self, tenant, lane_id, is_slow=True)
            else:
                return
            self._held[lane_id] = held
            hand = self._idle.pop() if self._idle else _Hand(self)
            hand.jobs.put(held)

    def _watch(self) -> None:
        """Nobody says when a call has become a slow one, so while lanes wait it is looked."""
        while not self._is_closing:
            with self._changed:
                self._changed.wait(SLOW_SECONDS / 4 if self._rung else None)
                self._start_what_may()

    def work_off(self, held: _Held) -> None:
        """One lane's turn, in a thread of the crew."""
        try:
            self._work(held.lane_id, held)
        except Exception:  # a database that is away, a bug: the lease lapses and the sweep rings again
            log.exception("lane.crashed", extra={"lane": held.lane_id})
        finally:
            if held.is_slow:
                connection.close()

    def give_back(self, held: _Held, hand: _Hand) -> None:
        with self._changed:
            del self._held[held.lane_id]
            self._idle.append(hand)
            if held.last_call_seconds > SLOW_SECONDS:
                self._known_slow[held.lane_id] = None
                while len(self._known_slow) > _SLOW_REMEMBERED:
                    self._known_slow.popitem(last=False)
            else:
                self._known_slow.pop(held.lane_id, None)
            if held.has_rung_again:
                self._add(held.tenant, held.lane_id)
            self._start_what_may()
            self._changed.notify_all()

    def lets_go(self, hand: _Hand) -> bool:
        """Whether an idle thread may end: not if it was just given a lane."""
        with self._changed:
            if hand in self._idle:
                self._idle.remove(hand)
                return True
            return False


class _Hand:
    """A thread that works lanes off; the one that was used last is used first, so that the others can end."""

    def __init__(self, crew: Crew) -> None:
        self.jobs: queue.SimpleQueue[_Held] = queue.SimpleQueue()
        self._crew = crew
        threading.Thread(target=self._work, name="lane", daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                held = self.jobs.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                if self._crew.lets_go(self):
                    connection.close()
                    return
                continue
            self._crew.work_off(held)
            self._crew.give_back(held, self)
