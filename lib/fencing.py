"""Whether what this thread is about to send may still go out.

A process may be suspended between any two of its instructions, and go on minutes later as if nothing had been. So this is
asked as late as can be: when the connection stands and the bytes are ready.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

TRUSTED_PART = 0.9
"""Of a lease's length: hosts' clocks do not go equally fast."""


def clock() -> float:
    """Seconds, also of the time in which this process or its machine was suspended."""
    return time.clock_gettime(_CLOCK)


_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_check: ContextVar[Callable[[], None] | None] = ContextVar("fence", default=None)


@contextmanager
def fenced(check: Callable[[], None]) -> Iterator[None]:
    """Within the block, what this thread sends asks `check` alone, which raises when it may not."""
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def ask() -> None:
    """Raises what the fence around this thread raises, if there is one."""
    if check := _check.get():
        check()
