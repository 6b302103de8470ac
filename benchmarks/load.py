"""`python -m benchmarks.load < job.json`: sends events over a number of connections and says what came back.

One process on raw sockets, with requests built and tokens signed before the clock starts, so that it takes little from
what it measures. It ends by itself: after a count of events or of seconds, whichever comes first.
"""

import asyncio
import math
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, TypedDict
from urllib.parse import urlsplit

import httptools
import jwt
import orjson
import uvloop
from cryptography.hazmat.primitives.serialization import load_pem_private_key

TOKEN_LIVES_SECONDS = 3600
ANSWER_SECONDS = 30.0


class Job(TypedDict):
    url: str
    """Where events are posted."""
    private_key_file: str
    users: int
    connections: int
    count: int
    """At most so many events."""
    seconds: float
    """Begin no event later than this."""
    run: str
    """A mark that makes this job's records different from every other's."""
    org: str
    """Wait at this org for the records; "": do not."""
    wait_seconds: float
    one_at_a_time: bool
    """Send the next event when the record of the one before stands in the org."""


class Told(TypedDict):
    sent: int
    accepted: int
    refused: dict[str, int]
    """By status, or "connection" for those that were never answered."""
    first_refusal: str
    seconds: float
    """From the first event to the last answer."""
    began_at: float
    latencies_ms: dict[str, float]
    record_latencies_ms: list[float]
    """From an event's POST until its record stood; one_at_a_time only."""
    org: dict[str, Any] | None
    cpu_seconds: float


def percentile(values: list[float], percent: float) -> float:
    """The nearest-rank percentile of sorted values; 0 for none."""
    return values[max(0, math.ceil(percent / 100 * len(values)) - 1)] if values else 0.0


def user_name(number: int) -> str:
    return f"bench-user-{number}"


@dataclass
class _Requests:
    """The requests, built as they are needed from ready-made heads."""

    job: Job
    heads: list[bytes] = field(default_factory=list)
    sent: int = 0
    began_at: float = 0.0

    def __post_init__(self) -> None:
        with open(self.job["private_key_file"], "rb") as file:
            key: Any = load_pem_private_key(file.read(), None)
        parts, now = urlsplit(self.job["url"]), int(time.time())
        for number in range(self.job["users"]):
            claims = {"sub": user_name(number), "iat": now, "exp": now + TOKEN_LIVES_SECONDS}
            token = jwt.encode(claims, key, algorithm="RS256")
            self.heads.append(
                f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: ".encode()
            )

    def take(self) -> bytes | None:
        """The next request; None when there is none left."""
        if self.sent >= self.job["count"] or time.monotonic() - self.began_at > self.job["seconds"]:
            return None
        number, self.sent = self.sent, self.sent + 1
        body = (
            b'{"name":"Lead Created","payload":{"first_name":"Bo","last_name":"Lind %d","email":"bo.%s.%d@lind.example",'
            b'"company":"Lind & Daughters"}}' % (number, self.job["run"].encode(), number)
        )
        return b"%s%d\r\n\r\n%s" % (self.heads[number % len(self.heads)], len(body), body)


class _Connection(asyncio.Protocol):
    """A connection with one request on it at a time."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.body = b""
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.body = b""

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        answer = (self.parser.get_status_code(), self.body)
        if not self.parser.should_keep_alive():
            self.is_open = False
            self.transport.close()
        else:
            self.parser = httptools.HttpResponseParser(self)
        if self.answer and not self.answer.done():
            self.answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self.answer and not self.answer.done():
            self.answer.set_exception(ConnectionError("the connection was closed before the answer"))

    async def exchange(self, request: bytes, seconds: float = ANSWER_SECONDS) -> tuple[int, bytes]:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        timer = asyncio.get_running_loop().call_later(seconds, self.transport.abort)
        try:
            return await self.answer
        finally:
            timer.cancel()


async def _connect(url: str) -> _Connection:
    parts = urlsplit(url)
    _, protocol = await asyncio.get_running_loop().create_connection(
        _Connection, parts.hostname or "127.0.0.1", parts.port or 80
    )
    return protocol


class _Sender:
    """Sends until there is nothing left, and keeps count."""

    def __init__(self, job: Job) -> None:
        self.job, self.requests = job, _Requests(job)
        self.latencies: list[float] = []
        self.record_latencies: list[float] = []
        self.accepted = 0
        self.refused: Counter[str] = Counter()
        self.first_refusal = ""
        self.ended_at = 0.0

    async def send_all(self) -> None:
        connections = [await _connect(self.job["url"]) for _ in range(self.job["connections"])]
        self.requests.began_at = time.monotonic()
        await asyncio.gather(*(self._send_on(connection) for connection in connections))
        self.ended_at = time.monotonic()

    async def _send_on(self, connection: _Connection) -> None:
        while (request := self.requests.take()) is not None:
            begun = time.monotonic()
            try:
                if not connection.is_open:
                    connection = await _connect(self.job["url"])
                status, body = await connection.exchange(request)
            except OSError as exc:
                self._refuse("connection", str(exc))
                continue
            self.latencies.append(time.monotonic() - begun)
            if 200 <= status < 300:
                self.accepted += 1
                if self.job["one_at_a_time"]:
                    await self._await_record(begun)
            else:
                self._refuse(str(status), body[:300].decode(errors="replace"))
        connection.transport.abort()

    def _refuse(self, why: str, said: str) -> None:
        self.refused[why] += 1
        self.first_refusal = self.first_refusal or f"{why}: {said}"

    async def _await_record(self, begun: float) -> None:
        counts = await self.wait_for_records()
        if counts["records"] >= self.accepted:
            self.record_latencies.append(counts["last_at"] - begun)
        await asyncio.sleep(0.02)  # so that the worker is idle again

    async def wait_for_records(self) -> dict[str, Any]:
        seconds = self.job["wait_seconds"]
        connection = await _connect(self.job["org"])
        request = f"GET /__bench/wait?records={self.accepted}&seconds={seconds} HTTP/1.1\r\nHost: org\r\n\r\n"
        _, body = await connection.exchange(request.encode(), seconds + 5)
        connection.transport.abort()
        counts: dict[str, Any] = orjson.loads(body)
        return counts


async def run(job: Job) -> Told:
    sender = _Sender(job)
    cpu_began = time.process_time()
    await sender.send_all()
    cpu_seconds = time.process_time() - cpu_began
    latencies = sorted(1000 * each for each in sender.latencies)
    return {
        "sent": sender.requests.sent,
        "accepted": sender.accepted,
        "refused": dict(sender.refused),
        "first_refusal": sender.first_refusal,
        "seconds": sender.ended_at - sender.requests.began_at,
        "began_at": sender.requests.began_at,
        "latencies_ms": {
            "p50": percentile(latencies, 50),
            "p99": percentile(latencies, 99),
            "max": latencies[-1] if latencies else 0.0,
        },
        "record_latencies_ms": [1000 * each for each in sender.record_latencies],
        "org": await sender.wait_for_records() if job["org"] else None,
        "cpu_seconds": cpu_seconds,
    }


if __name__ == "__main__":
    sys.stdout.write(orjson.dumps(uvloop.run(run(orjson.loads(sys.stdin.buffer.read())))).decode())
