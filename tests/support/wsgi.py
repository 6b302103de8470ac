"""The WSGI application as a server calls it: without Django's test client, which begins behind it."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from django.db import connection, connections


@dataclass(frozen=True)
class WsgiResponse:
    """What the server was given to send."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


class WsgiClient:
    """Sends requests to `config.wsgi`, as PEP 3333 has it; what breaks a rule of it fails the test."""

    def post(
        self,
        path: str,
        body: bytes | str = b"",
        *,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
        **environ: Any,
    ) -> WsgiResponse:
        """`environ` adds to what a server would say or replaces it; a None leaves it out."""
        raw = body.encode() if isinstance(body, str) else body
        given: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(raw)),
            "wsgi.input": io.BytesIO(raw),
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()},
            **environ,
        }
        setup_testing_defaults(given)
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, pairs: list[tuple[str, str]], exc_info: Any = None) -> Any:
            begun.append((status, pairs))
            return lambda chunk: None

        with _connection_left_open():
            found: Any = validator(application())(
                {name: value for name, value in given.items() if value is not None}, start_response
            )
            try:
                content = b"".join(found)
            finally:
                found.close()
        [(status, pairs)] = begun
        return WsgiResponse(int(status.split()[0]), dict(pairs), content)


@contextmanager
def _connection_left_open() -> Iterator[None]:
    """A test's open transaction is no fault of the connection's; Django's client has the same exception."""
    if connection.in_atomic_block:
        with patch.object(connections[connection.alias], "close_if_unusable_or_obsolete"):
            yield
    else:
        yield


@cache
def application() -> Any:
    from config.wsgi import application

    return application
