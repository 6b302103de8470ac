"""The process around the app: port, signals, and a protocol that can hang up on a client without an answer."""

import asyncio
import signal
import socket
import struct
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CUT_KEY = "sandbox_org.cut"
KEEP_ALIVE_SECONDS = 120
GRACE_SECONDS = 3
LINGER_NOT = struct.pack("ii", 1, 0)


class CuttableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with a way for the app to reset the connection under a request."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[CUT_KEY] = self._cut  # type: ignore[literal-required]

    def _cut(self) -> None:
        raw = self.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self.transport.abort()


async def cut_connection(scope: Scope, receive: Receive) -> None:
    """Reset the client's connection, and wait until the server has noticed, so that it sends nothing either."""
    cut: Callable[[], None] = scope[CUT_KEY]
    cut()
    for _ in range(100):
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        await asyncio.sleep(0)


class _Server(uvicorn.Server):
    """A server that says where it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or []:
            host, port = each.getsockname()[:2]
            print(f"sandbox_org listening on http://{host}:{port}", flush=True)


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; port 0 takes a free one. Raises: OSError where the port is taken."""
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        loop="uvloop",
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=1024,
    )
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ignore)  # uvicorn raises what stopped it once more, after a clean end
    _Server(config).run(sockets=[listener])


def _ignore(*_: Any) -> None:
    """A signal that has been obeyed already."""
