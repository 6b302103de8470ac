"""A signal is handled at once, whichever thread the kernel has given it to."""

import subprocess
import sys

from tests.support.processes import ROOT

WAITS_WHILE_ANOTHER_THREAD_GETS_THE_SIGNAL = """
import signal, sys, threading, time
from lib.signals import reach_main_thread

came = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: came.set())
if "reach" in sys.argv:
    reach_main_thread()

def take_it():
    time.sleep(0.3)  # until the main thread waits
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(60)

threading.Thread(target=take_it, daemon=True).start()
came.wait()
"""


def run(*arguments: str, seconds: float) -> int | None:
    """The exit code; None when it was still waiting."""
    process = subprocess.Popen([sys.executable, "-c", WAITS_WHILE_ANOTHER_THREAD_GETS_THE_SIGNAL, *arguments], cwd=ROOT)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        process.kill()
        process.wait()


def test_a_signal_that_another_thread_gets_ends_the_main_thread_s_wait():
    assert run("reach", seconds=30) == 0


def test_without_that_it_would_wait_on():
    assert run(seconds=2) is None
