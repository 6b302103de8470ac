"""Which `Host` a request may name: a page of any other name would reach us by DNS rebinding, and read what it likes.

An address in digits needs no entry: a browser sends it only where it has asked for it, so that no name stands behind it.
"""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

REFUSAL = "This host name is not answered here. Use localhost, or add the name to %s."


class KnownHosts:
    """ASGI middleware that answers 421 to any name but localhost, addresses in digits and `names`."""

    def __init__(self, app: ASGIApp, names: Collection[str], variable: str) -> None:
        self._app, self._names = app, frozenset(name.lower() for name in names)
        self._refusal = PlainTextResponse(REFUSAL % variable, status_code=421)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_known(scope):
            await self._refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        return len(said) <= 1 and all(is_known(host, self._names) for host in said)


def is_known(host: str, names: Collection[str] = ()) -> bool:
    """Whether the value of a `Host` header is one of `names`, localhost or an address in digits; "*" is any."""
    try:
        parts = urlsplit(f"//{host}")
        name = (parts.hostname or "").rstrip(".")
        _ = parts.port
    except ValueError:
        return False
    if parts.netloc != host or "@" in host:
        return False
    if name == "localhost" or name.endswith(".localhost") or name in names or "*" in names:
        return bool(name)
    try:
        return ip_address(name) is not None
    except ValueError:
        return False
