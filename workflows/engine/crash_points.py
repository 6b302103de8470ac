"""Named points at which a test may have this process die, or be suspended; elsewhere they cost two comparisons."""

import os
import signal
from typing import Literal

CrashPoint = Literal["after_intake_commit", "before_lease", "after_lease", "before_call", "after_call", "after_result"]

_armed = os.environ.get("ISTHMUS_CRASH_AT", "")
_freezing = os.environ.get("ISTHMUS_FREEZE_AT", "")


def reach(point: CrashPoint) -> None:
    """Die here if the environment names this point; stand still if it names it so, until somebody sends SIGCONT."""
    if _armed and _armed == point:
        os.kill(os.getpid(), signal.SIGKILL)
    if _freezing and _freezing == point:
        os.kill(os.getpid(), signal.SIGSTOP)
