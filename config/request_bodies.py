"""Request bodies: received whole and within time, before a request takes one of the threads that serve.

granian calls us on a thread of its own for each request, and a read of a body blocks that thread for as long as the client
sends nothing. Such threads are cheap, since they wait without Python's lock and hold no connection to the database: there may
be one for each connection of a client. Only a few of them serve at a time, each with one of as many database connections,
which pass from thread to thread; the others leave what they have received to those. A client whose body does not come is
answered 408 by a thread that looks once a second; its connection ends with that answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import orjson
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from config.health import LIVE_PATH
from connect_portal.cors import SHARED
from lib.json_body import BodyTooLarge
from projects.errors import BodyIncomplete, BodyTimeout
from projects.refusals import UNEXPECTED, Refusal, refusal_of

log = logging.getLogger("config.request_bodies")

MAX_BYTES = 2_000_000
"""More than any endpoint takes; each has a bound of its own below it."""
PIECE_BYTES = 64_000
"""How much must come within PIECE_SECONDS; nearly every body is one piece."""
PIECE_SECONDS: float = settings.WEB_BODY_SECONDS
LARGE_AT_ONCE = 32
"""How many bodies of more than one piece are received at a time, since they stand in memory meanwhile."""
SETTLED_SECONDS = 1.0
"""After so long, a large body's rate is known well enough to give it up for others that wait, where it is the slowest."""

Headers = list[tuple[str, str]]
Scope = dict[str, Any]


class Answers(Protocol):
    """granian's end of one request. The first answer is sent, from whichever thread; a second one is ignored."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...


Run = Callable[[Answers, Scope], int]


@dataclass(slots=True)
class _LargeBody:
    """A body of more than one piece while it is received. `began`: when its place was taken, by the monotonic clock."""

    began: float
    size: int
    """Bytes that have come."""

    def bytes_per_second(self, now: float) -> float:
        return self.size / max(now - self.began, 0.001)


class Receiver:
    """What granian calls for each request; `run` serves it, on at most `threads` threads at a time."""

    def __init__(self, run: Run, threads: int) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._received: deque[tuple[Answers, Scope]] = deque()
        self._free = [_connection() for _ in range(threads)]
        self._due: dict[Answers, float] = {}
        """Until when the next piece of a body must have come; no entry: not waited for."""
        self._large: dict[Answers, _LargeBody] = {}
        self._large_changed = threading.Condition()
        threading.Thread(target=self._watch, name="watches-bodies", daemon=True).start()

    def __call__(self, answers: Answers, scope: Scope) -> int:
        if scope.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in scope:
            try:
                body = self._body(answers, scope)
            except Exception as exc:
                return _refuse(answers, refusal_of(exc) or UNEXPECTED)
            scope["wsgi.input"], scope["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        else:
            scope["wsgi.input"] = BytesIO()
        if scope["PATH_INFO"] == LIVE_PATH:
            # It needs nothing that could be taken, and says that this process lives, also while all that serves is busy.
            return self._run(answers, scope)
        with self._lock:
            self._received.append((answers, scope))
            if not self._free:
                return 0  # whoever serves now takes it next
            connection = self._free.pop()
        self._serve(connection)
        return 0

    def _body(self, answers: Answers, scope: Scope) -> bytes:
        """Read the body to its end. Raises BodyTooLarge, BodyTimeout, BodyIncomplete."""
        declared = _declared_bytes(scope)
        if declared is not None and declared > MAX_BYTES:
            raise BodyTooLarge(MAX_BYTES)
        read = scope["wsgi.input"].read
        body: bytes = self._piece(answers, read)
        if len(body) == PIECE_BYTES and declared != PIECE_BYTES:
            large = self._enter_large(answers, len(body))
            try:
                body = self._rest(answers, read, body, large)
            finally:
                with self._large_changed:
                    self._large.pop(answers, None)
                    self._large_changed.notify()
        if declared is not None and len(body) != declared:
            raise BodyIncomplete
        return body

    def _enter_large(self, answers: Answers, size: int) -> _LargeBody:
        """Take a place among the large bodies. Where none is free, the slowest of them loses its own. Raises BodyTimeout.

        So clients that hold a place by sending little can not keep it from those that send.
        """
        until = time.monotonic() + PIECE_SECONDS
        with self._large_changed:
            while len(self._large) >= LARGE_AT_ONCE:
                now = time.monotonic()
                if now > until:
                    raise BodyTimeout
                slowest = min(self._large, key=lambda each: self._large[each].bytes_per_second(now))
                age = now - self._large[slowest].began
                if age < SETTLED_SECONDS:
                    self._large_changed.wait(min(SETTLED_SECONDS - age, until - now) + 0.01)
                    continue
                del self._large[slowest]
                self._give_up(slowest)
            large = self._large[answers] = _LargeBody(time.monotonic(), size)
        return large

    def _rest(self, answers: Answers, read: Callable[[int], bytes], beginning: bytes, large: _LargeBody) -> bytes:
        pieces = [beginning]
        while len(pieces[-1]) == PIECE_BYTES:
            pieces.append(self._piece(answers, read))
            if answers not in self._large:
                raise BodyTimeout  # has been answered
            large.size += len(pieces[-1])
            if large.size > MAX_BYTES:
                raise BodyTooLarge(MAX_BYTES)
        return b"".join(pieces)

    def _piece(self, answers: Answers, read: Callable[[int], bytes]) -> bytes:
        self._due[answers] = time.monotonic() + PIECE_SECONDS
        piece = read(PIECE_BYTES)
        if self._due.pop(answers, None) is None:
            raise BodyTimeout  # has been answered
        return piece

    def _serve(self, connection: BaseDatabaseWrapper) -> None:
        """Serve what has been received, until nothing is left; `connection` is this thread's meanwhile."""
        connections[DEFAULT_DB_ALIAS] = connection
        while True:
            with self._lock:
                if not self._received:
                    del connections[DEFAULT_DB_ALIAS]
                    self._free.append(connection)
                    return
                answers, scope = self._received.popleft()
            try:
                self._run(answers, scope)
            except Exception:
                log.exception("request.crashed")
                _refuse(answers, UNEXPECTED)

    def _watch(self) -> None:
        while True:
            time.sleep(1.0)
            now = time.monotonic()
            for answers, due in list(self._due.items()):
                if due < now:
                    self._give_up(answers)

    def _give_up(self, answers: Answers) -> None:
        """Answer 408 in place of the thread that waits for this body, which ends with it."""
        if self._due.pop(answers, None) is not None:
            log.info("body.timed_out")
            _refuse(answers, refusal_of(BodyTimeout()) or UNEXPECTED)


def _connection() -> BaseDatabaseWrapper:
    """A connection, not opened yet, that may pass from thread to thread; one thread at a time uses it."""
    connection = connections.create_connection(DEFAULT_DB_ALIAS)
    connection.inc_thread_sharing()
    return connection


def _declared_bytes(scope: Scope) -> int | None:
    """The body's length as its header says; None where it comes in chunks. hyper has checked that it is a number."""
    declared = scope.get("CONTENT_LENGTH", "")
    return int(declared) if declared.isdecimal() else None


def _refuse(answers: Answers, refusal: Refusal) -> int:
    body = orjson.dumps(refusal.body)
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
        *SHARED.items(),
    ]
    answers.response_bytes(refusal.status, headers, body)
    return refusal.status


class WholeAnswers:
    """Gives each answer of `application` in one piece, so that a client that reads slowly holds no thread either."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        parts = self._application(environ, start_response)
        if isinstance(parts, list):
            return parts
        try:
            return [b"".join(parts)]
        finally:
            if hasattr(parts, "close"):
                parts.close()
