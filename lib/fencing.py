"""Whether what this thread is about to send may still go out.

A process may be suspended between any two of its instructions, and go on minutes later as if nothing had been. So this is
asked as late as can be: when the connection stands and the bytes are ready.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_check: ContextVar[Callable[[], None] | None] = ContextVar("fence", default=None)


@contextmanager
def fenced(check: Callable[[], None]) -> Iterator[None]:
    """Within the block, what this thread sends asks `check`, which raises when it may not."""
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def ask() -> None:
    """Raises what the fence around this thread raises, if there is one."""
    if check := _check.get():
        check()
