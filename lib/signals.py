"""Signals to processes with many threads."""

import os
import signal
import threading


def reach_main_thread() -> None:
    """Have signals be handled at once, whichever thread they meet. Call it in the main thread, which then waits.

    Python handles signals in the main thread alone, and the kernel may give one to any other: to a thread that is just
    starting, say. Then nothing ends the main thread's wait, for a lock or for ever. So whoever gets the signal writes its
    number into a pipe, and who reads there gives the main thread one of its own. We saw one in seven lost under load.
    """
    hear, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.signal(signal.SIGURG, lambda *_: None)  # not ignored, or it would interrupt nothing
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    main = threading.main_thread().ident

    def pass_on() -> None:
        while number := os.read(hear, 1):
            if main is not None and number[0] != signal.SIGURG:
                signal.pthread_kill(main, signal.SIGURG)

    threading.Thread(target=pass_on, name="signals", daemon=True).start()
