"""A way to a service of this machine that can be broken off, for tests of what happens then."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Forwarder:
    """Passes on whatever comes to `host`:`port` to 127.0.0.1:`to`, and back. `with Forwarder(5672) as way: way.port`"""

    def __init__(self, to: int, host: str = "127.0.0.1", port: int = 0) -> None:
        self._to = to
        self._door = socket.create_server((host, port))
        self.port: int = self._door.getsockname()[1]
        self._ends: set[socket.socket] = set()
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def break_off(self) -> int:
        """End every connection; new ones are passed on. Gives how many there were."""
        ends = list(self._ends)
        for end in ends:
            _shut(end)
        return len(ends) // 2

    def close(self) -> None:
        _shut(self._door)
        self._door.close()
        self.break_off()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._door.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(caller,), daemon=True).start()

    def _pass_on(self, caller: socket.socket) -> None:
        with caller, suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as called:
            self._ends |= {caller, called}
            back = threading.Thread(target=_pump, args=(called, caller), daemon=True)
            back.start()
            _pump(caller, called)
            back.join()
            self._ends -= {caller, called}


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    _shut(source)
    _shut(target)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
