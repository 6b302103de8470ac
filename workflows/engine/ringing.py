"""Doorbells: Celery messages that wake a lane. The rows are the truth, so a lost one only costs the sweep's seconds.

A request never waits for the broker: it hands its lanes to one background thread, which sends what has gathered. Under
load one message serves many events of a lane; with the broker away the messages are dropped and said so once.
"""

import logging
import os
import threading
from collections.abc import Iterable, Sequence
from uuid import UUID

from celery import current_app

LANES_A_MESSAGE = 16
"""Under load one message wakes many lanes; more than these, and one worker would get what others could begin."""

log = logging.getLogger("workflows.ringing")


class _Bell:
    def __init__(self) -> None:
        self._waiting: dict[UUID, None] = {}
        self._something = threading.Condition()
        self._thread: threading.Thread | None = None
        self._process = 0
        self._is_broker_away = False

    def ring(self, lane_ids: Iterable[UUID]) -> None:
        with self._something:
            self._waiting.update(dict.fromkeys(lane_ids))
            if self._thread is None or self._process != os.getpid() or not self._thread.is_alive():
                self._process = os.getpid()
                self._thread = threading.Thread(target=self._send_forever, name="doorbell", daemon=True)
                self._thread.start()
            self._something.notify()

    def _send_forever(self) -> None:
        while True:
            with self._something:
                while not self._waiting:
                    self._something.wait()
                gathered = list(self._waiting)
                self._waiting.clear()
            for first in range(0, len(gathered), LANES_A_MESSAGE):
                self._send(gathered[first : first + LANES_A_MESSAGE])

    def _send(self, lane_ids: Sequence[UUID]) -> None:
        try:
            current_app.send_task(
                "workflows.drain_lanes",
                args=[str(lane_id) for lane_id in lane_ids],
                expires=300,
                ignore_result=True,
            )
            self._is_broker_away = False
        except Exception as exc:  # whatever the broker's driver raises: the sweep rings again
            if not self._is_broker_away:
                log.warning("doorbell.broker_away", extra={"error": f"{type(exc).__name__}: {exc}"})
            self._is_broker_away = True


_bell = _Bell()


def ring(lane_ids: Iterable[UUID]) -> None:
    """Wake these lanes soon. Never waits and never raises."""
    _bell.ring(lane_ids)
