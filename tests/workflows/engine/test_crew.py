"""Who gets a thread: tenants take turns, and lanes that wait for a slow org make room for others."""

import threading
import time
from contextlib import ExitStack
from uuid import UUID, uuid4

import pytest

from workflows.engine import crew as crew_module
from workflows.engine.crew import Crew, Turns

ANA, RAJ = uuid4(), uuid4()


@pytest.fixture(autouse=True)
def quicker(monkeypatch):
    monkeypatch.setattr(crew_module, "SLOW_SECONDS", 0.2)
    monkeypatch.setattr(crew_module, "SHARED_SLICE_SECONDS", 0.1)


class Work:
    """Stands in for draining: holds a lane until it is told to stop, or for as long as the org takes."""

    def __init__(self):
        self.began: list[UUID] = []
        self.slow: set[UUID] = set()
        self.busy: set[UUID] = set()
        self.may_end = threading.Event()

    def __call__(self, lane_id, slice_):
        self.began.append(lane_id)
        with slice_.call() if lane_id in self.slow else ExitStack():
            while not self.may_end.wait(0.01):
                if lane_id not in self.slow and (lane_id not in self.busy or slice_.is_over()):
                    return


@pytest.fixture
def work():
    made = Work()
    yield made
    made.may_end.set()


def crew_of(work, tenants=None, *, quick=2, slow=3):
    return Crew(lambda lane_id: (tenants or {}).get(lane_id, ANA), work, quick=quick, slow=slow)


def becomes(is_so):
    """Whether it is so after a while; on a busy machine that takes longer, and nothing here depends on how long."""
    return within(60, is_so)


def within(seconds, is_so):
    ends_at = time.monotonic() + seconds
    while not is_so() and time.monotonic() < ends_at:
        time.sleep(0.005)
    return is_so()


def test_tenants_take_turns_however_many_lanes_one_of_them_has():
    turns, of_ana, of_raj = Turns(), [uuid4() for _ in range(3)], uuid4()
    for lane in of_ana:
        turns.add(ANA, lane)
    turns.add(RAJ, of_raj)
    turns.add(ANA, of_ana[0])

    assert [turns.take() for _ in range(4)] == [(ANA, of_ana[0]), (RAJ, of_raj), (ANA, of_ana[1]), (ANA, of_ana[2])]
    with pytest.raises(KeyError):
        turns.take()


def test_a_lane_is_given_back_when_another_tenant_waits_and_not_for_its_own(work):
    of_ana, of_raj = [uuid4() for _ in range(3)], uuid4()
    work.busy = set(of_ana)
    crew = crew_of(work, {of_raj: RAJ})

    for lane in of_ana:
        crew.take(lane)
    assert not within(0.3, lambda: len(work.began) > 2)
    crew.take(of_raj)

    assert becomes(lambda: of_raj in work.began)


def test_more_slow_lanes_than_threads_leave_room_for_quick_ones(work):
    slow, quick = [uuid4() for _ in range(4)], uuid4()
    work.slow = set(slow)
    crew = crew_of(work)
    for lane in slow:
        crew.take(lane)
    assert becomes(lambda: len(work.began) == 4), "the first two became slow ones, and two others began"

    crew.take(quick)
    assert becomes(lambda: quick in work.began)


def test_known_slow_lanes_never_take_the_place_of_quick_ones(work, monkeypatch):
    slow, quick = [uuid4() for _ in range(4)], uuid4()
    work.slow = set(slow)
    crew = crew_of(work)
    for lane in slow:
        crew.take(lane)
    assert becomes(lambda: len(work.began) == 4)
    assert becomes(lambda: all(held.keeps_nobody_busy(time.monotonic()) for held in crew._held.values()))
    work.may_end.set()
    assert becomes(lambda: crew.wait(0)), "all four are known to be slow from here"
    work.may_end.clear()
    work.began.clear()
    monkeypatch.setattr(crew_module, "SLOW_SECONDS", 600)  # from here no other lane becomes a slow one

    for lane in slow:
        crew.take(lane)
    assert not within(0.3, lambda: len(work.began) > 3)
    crew.take(quick)
    assert becomes(lambda: quick in work.began), "at once, since the quick ones' places are free"


def test_a_lane_that_rings_while_it_is_held_has_another_turn(work):
    lane = uuid4()
    work.busy = {lane}
    crew = crew_of(work)
    crew.take(lane)
    assert becomes(lambda: work.began == [lane])

    crew.take(lane)
    crew.take(lane)
    work.busy.clear()

    assert becomes(lambda: work.began == [lane, lane]) and not within(0.1, lambda: len(work.began) > 2)


def test_a_crew_that_closes_begins_nothing_and_gets_its_lanes_back(work):
    held, late = uuid4(), uuid4()
    work.busy = {held}
    crew = crew_of(work)
    crew.take(held)
    assert becomes(lambda: work.began == [held])

    crew.close()
    crew.take(late)

    assert crew.wait(60) and work.began == [held]


def test_a_crash_costs_one_turn_and_no_thread(caplog):
    lanes, began = [uuid4() for _ in range(3)], []

    def work(lane_id, slice_):
        began.append(lane_id)
        raise RuntimeError("the database is away")

    crew = Crew(lambda lane_id: ANA, work, quick=1, slow=0)
    for lane in lanes:
        crew.take(lane)

    assert becomes(lambda: began == lanes) and crew.wait(60)
    assert "lane.crashed" in caplog.text
