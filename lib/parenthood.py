"""Processes that end with the one that started them, also when that one was killed."""

import ctypes
import multiprocessing
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""Source: prctl(2)."""


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Have the kernel send us `number` when our parent process dies. Linux only; elsewhere nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)


def is_spawned_worker() -> bool:
    """Whether this process is another Python program's child by `multiprocessing`, as granian's workers are."""
    return multiprocessing.parent_process() is not None
