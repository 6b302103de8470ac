"""Whether what this thread is about to send may still go out, and whether it has sent anything.

A process may be suspended between any two of its instructions, and go on minutes later as if nothing had been. So this is
asked as late as can be: when the connection stands and the bytes are ready.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

TRUSTED_PART = 0.9
"""Of a lease's length: hosts' clocks do not go equally fast."""


def clock() -> float:
    """Seconds, also of the time in which this process or its machine was suspended."""
    return time.clock_gettime(_CLOCK)


_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(slots=True)
class Fence:
    """What stands between a block of code and the network."""

    check: Callable[[], None]
    """Raises when nothing may be sent any more."""
    has_let_change: bool = False
    """Whether bytes went out that may have changed something on the other side. Set it to False to begin anew."""


_fence: ContextVar[Fence | None] = ContextVar("fence", default=None)


@contextmanager
def fenced(check: Callable[[], None]) -> Iterator[Fence]:
    """Within the block, what this thread sends asks `check` alone, which raises when it may not."""
    fence = Fence(check)
    token = _fence.set(fence)
    try:
        yield fence
    finally:
        _fence.reset(token)


def ask(*, changes: bool = True) -> None:
    """Raise what the fence around this thread raises, if there is one. `changes`: whether what is about to be sent may change
    something on the other side."""
    if fence := _fence.get():
        fence.check()
        fence.has_let_change = fence.has_let_change or changes
