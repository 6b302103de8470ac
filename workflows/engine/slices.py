"""A slice of time for one lane: when to stop, and what it waits for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


class Slice:
    """Ends by the clock, or when it is told to; a worker's crew knows more reasons."""

    def __init__(self) -> None:
        self.began_at = time.monotonic()
        self.is_fresh = True
        """Until the first batch is done."""
        self._is_ended = False

    def is_over(self) -> bool:
        """Whether the lane is to be given back before another group begins."""
        return bool(self._is_ended or time.monotonic() - self.began_at >= settings.LANE_SLICE_SECONDS)

    def end(self) -> None:
        """Give the lane back sooner than its time is over."""
        self._is_ended = True

    def wait(self, seconds: float) -> None:
        """Let runs gather, if the thread has nothing better to do."""
        if seconds > 0:
            time.sleep(seconds)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Round a group's execution: what takes long in here is the provider."""
        yield
