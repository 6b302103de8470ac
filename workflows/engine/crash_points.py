"""Named points at which a test may have this process die as if by SIGKILL; elsewhere they cost one comparison."""

import os
import signal
from typing import Literal

CrashPoint = Literal["after_intake_commit", "before_lease", "after_lease", "before_call", "after_call", "after_result"]

_armed = os.environ.get("ISTHMUS_CRASH_AT", "")


def reach(point: CrashPoint) -> None:
    """Die here if the environment names this point."""
    if _armed and _armed == point:
        os.kill(os.getpid(), signal.SIGKILL)
