"""Group commit: requests that arrive while a commit is under way share the next one.

The first request leads: it writes what has gathered, itself included, and hands the lead on. Idle, a group is one event
and waits for nobody; under load it grows by itself. There is no thread and no timer of its own. A process has one group at
a time: two would hide one's commit behind the other's reading, and cost more by being half as large.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from uuid import UUID

from workflows.intake.receiving import Answer, Arrival, Received, receive_all
from workflows.metrics import counting

MAX_GROUP = 64
MAX_GROUP_BYTES = 4_000_000
"""So that a group of large events does not fill the memory."""


def _taken() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True)
class _Waiting:
    arrival: Arrival
    size_bytes: int
    turn: threading.Lock = field(default_factory=_taken)
    """Released when there is an answer, or the lead is handed on; a plain lock, as an Event makes three things of it."""
    answer: Answer | BaseException | None = None
    leads: bool = False

    @property
    def key(self) -> tuple[UUID, str, str]:
        token = self.arrival.token
        return token.project_id, token.subject, self.arrival.idempotency_key


class _Gathering:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._is_led = False

    def receive(self, arrival: Arrival, size_bytes: int) -> Received:
        mine = _Waiting(arrival, size_bytes)
        with self._lock:
            if self._is_led:
                self._queue.append(mine)
            else:
                self._is_led = mine.leads = True
        if not mine.leads:
            mine.turn.acquire()  # for an answer, or for the lead
        if mine.leads:
            self._lead(mine)
        assert mine.answer is not None
        if isinstance(mine.answer, BaseException):
            raise mine.answer
        return mine.answer

    def _lead(self, mine: _Waiting) -> None:
        """Write one group with `mine` in it, wake those who wait for it, and hand the lead on."""
        group = [mine]
        try:
            with self._lock:
                self._gather(group)
            answers: list[Answer] = receive_all([waiting.arrival for waiting in group])
            for waiting, answer in zip(group, answers, strict=True):
                waiting.answer = answer
            counting.commit_shared(len(group))
        except BaseException as exc:  # each request of the group has to hear of it, then it goes its usual way
            for waiting in group:
                waiting.answer = waiting.answer or exc
        finally:
            self._hand_on()
            for waiting in group[1:]:
                waiting.turn.release()

    def _gather(self, group: list[_Waiting]) -> None:
        """Add to a group of one what waits and fits."""
        [first] = group
        keys, size_bytes = {first.key}, first.size_bytes
        while self._queue and len(group) < MAX_GROUP:
            waiting = self._queue[0]
            size_bytes += waiting.size_bytes
            # Two requests with one idempotency key must not share a group: the second has to see the first's answer.
            if size_bytes > MAX_GROUP_BYTES or (waiting.arrival.idempotency_key and waiting.key in keys):
                break
            keys.add(waiting.key)
            group.append(self._queue.popleft())

    def _hand_on(self) -> None:
        """Give the lead to the request that has waited longest, or end it."""
        with self._lock:
            if self._queue:
                successor = self._queue.popleft()
                successor.leads = True
                successor.turn.release()
            else:
                self._is_led = False


_gathering = _Gathering()


def receive_with_others(arrival: Arrival, *, size_bytes: int) -> Received:
    """Receive one event in a commit shared with what else arrives now. Raises the arrival's own refusal."""
    return _gathering.receive(arrival, size_bytes)
