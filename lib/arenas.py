"""Memory of processes with many threads, on Linux."""

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8
"""Source: mallopt(3)."""


def keep_few() -> None:
    """Have all threads share two of the C library's heaps; call it before they start.

    It would give each thread its own, of which every one keeps what its largest answer or group has needed. Python lets one
    thread run at a time, so they do not contend. Elsewhere than with glibc this does nothing.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(_M_ARENA_MAX, 2)
