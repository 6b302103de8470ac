"""The event endpoint's way past Django's handler, which took a third of the web's time for it.

An event carries its proof in a header and its answer is JSON: it needs no session, no cookie and no signal of a request. The
address table has the same endpoint for other methods, for the schema, and for who does not come by `config.wsgi`.
"""

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from uuid import UUID
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.db import connection

from connect_portal.cors import SHARED
from lib import stopping
from lib.address_ids import HEXADECIMAL_ID
from workflows.intake.answering import answer

_PATH = re.compile(rf"(?:/v2)?/projects/({HEXADECIMAL_ID})/sdk/events/trigger\Z")
_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class EventShortcut:
    """Answers App Events itself and gives everything else to `application`."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST" and (match := _PATH.match(environ.get("PATH_INFO", ""))):
            return _take(environ, start_response, UUID(match[1]))
        return self._application(environ, start_response)


def _take(environ: WSGIEnvironment, start_response: StartResponse, project_id: UUID) -> list[bytes]:
    connection.close_if_unusable_or_obsolete()  # what Django does when a request begins
    answered = answer(environ, _reader(environ), project_id)
    headers = [*answered.headers.items(), *SHARED.items(), ("Content-Length", str(len(answered.body)))]
    if stopping.has_begun():
        headers.append(("Connection", "close"))
    start_response(_STATUS[answered.status], headers)
    return [answered.body]


def _reader(environ: WSGIEnvironment) -> Callable[[int], bytes]:
    """Reads the body as far as it goes: its declared length, or to the end that the server knows of."""
    body: Any = environ["wsgi.input"]
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared.isascii() and declared.isdecimal():
        return lambda at_most: body.read(min(int(declared), at_most))
    return body.read if environ.get("wsgi.input_terminated") else lambda at_most: b""
