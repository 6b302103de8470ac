"""Whether this process is about to stop: who would take something new asks first; what is in hand is finished."""

import ctypes

_begun = ctypes.c_bool(False)


def has_begun() -> bool:
    return _begun.value


def follow(begun: ctypes.c_bool) -> None:
    """Go by `begun` from now on: memory that we share with the process that decides."""
    global _begun  # noqa: PLW0603 - one fact a process
    _begun = begun
