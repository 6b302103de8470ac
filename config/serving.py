"""The web process, `python -m config.serving`: granian, with an end that a load balancer can follow.

On SIGTERM it lingers: for WEB_LINGER_SECONDS it goes on listening, refuses events, says so on /healthz and ends each
connection after its answer. Then it closes: what is in hand has WEB_FINISH_SECONDS, and is cut after that. A second signal
ends the lingering. SIGINT closes at once: Ctrl-C reaches the workers too, which granian has stop by themselves.
"""

import argparse
import ctypes
import logging
import logging.config
import multiprocessing
import os
import signal
from functools import partial
from typing import Any
from wsgiref.types import WSGIApplication

from granian.constants import HTTPModes, Interfaces
from granian.server import mp
from granian.server.mp import MPServer
from granian.wsgi import _callback_wrapper as call_by_wsgi

from config import settings
from lib import signals, stopping

log = logging.getLogger("config.serving")


class LingeringServer(MPServer):  # type: ignore[misc]
    """granian's server, which shares with its workers, also with those that it starts later, whether stopping has begun."""

    def __init__(self, *args: Any, begun: ctypes.c_bool | None, linger_seconds: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self._begun = begun
        self._linger_seconds = linger_seconds

    def signal_handler_interrupt(self, number: int, *_: Any) -> None:
        if os.getpid() != self.pid:
            os._exit(0)  # a worker that has just been forked and is not granian's yet; it would miss its one signal
        # Against None: an unset flag is as false as none.
        if number == signal.SIGTERM and self._linger_seconds and self._begun is not None and not self._begun.value:
            self._linger(self._begun)
        else:
            super().signal_handler_interrupt()

    def _linger(self, begun: ctypes.c_bool) -> None:
        begun.value = True
        # No thread keeps the time: starting one takes locks, which the code that the signal interrupted may hold.
        signal.signal(signal.SIGALRM, self.signal_handler_interrupt)
        signal.setitimer(signal.ITIMER_REAL, self._linger_seconds)
        log.info("web.lingers", extra={"seconds": self._linger_seconds})


def shared_flag() -> ctypes.c_bool | None:
    """A truth value that child processes see change; None where there is no memory to share."""
    try:
        flag: ctypes.c_bool = multiprocessing.RawValue(ctypes.c_bool, False)
    except OSError as exc:  # it is a file in /dev/shm or a temporary folder, which may be missing or read-only
        log.warning("web.closes_at_once", extra={"error": str(exc)})
        return None
    return flag


def _application(begun: ctypes.c_bool | None) -> WSGIApplication:
    """What a worker loads, in its main thread, which later waits for the signal to stop."""
    signals.reach_main_thread()
    if begun is not None:
        stopping.follow(begun)
    from config.wsgi import application  # in the worker alone: its connections, threads and counts are its own

    return application


def _receive_bodies(threads: int) -> None:
    """Have granian call a Receiver instead of the application: granian itself knows no time in which a body must come."""

    def wrapped(application: WSGIApplication, scope_options: dict[str, Any], access_log: str | None = None) -> Any:
        from config.request_bodies import Receiver, WholeAnswers  # they need the apps, which are loaded by now

        return Receiver(call_by_wsgi(WholeAnswers(application), scope_options, access_log), threads)

    mp._wsgi_call_wrap = wrapped


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m config.serving", description="Serve the web process.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=settings.PORT)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--blocking-threads", type=int, default=8, help="threads of each that serve requests")
    parser.add_argument("--backlog", type=int, default=1024, help="connections that may wait to be accepted")
    given = parser.parse_args()
    logging.config.dictConfig(settings.LOGGING)
    begun = shared_flag()
    _receive_bodies(given.blocking_threads)
    server = LingeringServer(
        "config.wsgi:application",
        begun=begun,
        linger_seconds=settings.WEB_LINGER_SECONDS,
        address=given.host,
        port=given.port,
        interface=Interfaces.WSGI,
        workers=given.workers,
        http=HTTPModes.http1,  # over one connection of HTTP/2 a client could hold hundreds of threads
        blocking_threads=max(
            1, given.backlog // given.workers
        ),  # that wait for bodies: one for each connection there may be
        backlog=given.backlog,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=settings.WEB_FINISH_SECONDS,
    )
    server.serve(target_loader=partial(_application, begun), wrap_loader=False)


if __name__ == "__main__":
    main()
