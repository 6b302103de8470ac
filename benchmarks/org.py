"""`python -m benchmarks.org PORT`: a Salesforce so light that it is never the bottleneck.

It knows a token endpoint, single creates, collections and empty queries, answers each call after a set delay, and counts.
`/__bench/` tells what it counted: `reset` (POST {"delay_ms"}), `counts`, `wait?records=N&seconds=S`. Times are those of
CLOCK_MONOTONIC, which all processes of one machine share. It checks no token and validates nothing.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httptools
import orjson
import uvloop

HOST = "127.0.0.1"
_ID_CHECKSUM = "EAA"  # of an id 00Q and twelve digits


class Org:
    """What has been created and called since the last reset."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, asyncio.Future[None]]] = []
        self.number = 0
        self.reset(0.0)

    def reset(self, delay_seconds: float) -> None:
        self.delay_seconds = delay_seconds
        self.emails: Counter[str] = Counter()
        self.records = 0
        self.calls: Counter[str] = Counter()
        self.last_at = 0.0

    def create(self, values: dict[str, Any]) -> dict[str, Any]:
        self.number += 1
        self.records += 1
        self.emails[str(values.get("Email"))] += 1
        return {"id": f"00Q{self.number:012d}{_ID_CHECKSUM}", "success": True, "errors": []}

    def note_time(self) -> None:
        self.last_at = time.monotonic()
        for entry in [each for each in self.waiting if each[0] <= self.records]:
            self.waiting.remove(entry)
            if not entry[1].done():
                entry[1].set_result(None)

    def counts(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "distinct": len(self.emails),
            "calls": sum(self.calls.values()),
            "calls_by_kind": dict(self.calls),
            "last_at": self.last_at,
        }

    async def wait(self, records: int, seconds: float) -> dict[str, Any]:
        if self.records < records:
            reached = asyncio.get_running_loop().create_future()
            self.waiting.append((records, reached))
            await asyncio.wait([reached], timeout=seconds)
        return self.counts()


class Connection(asyncio.Protocol):
    """One client's connection: requests are answered one after the other."""

    def __init__(self, org: Org, loop: asyncio.AbstractEventLoop) -> None:
        self.org, self.loop = org, loop
        self.parser = httptools.HttpRequestParser(self)
        self.target, self.body = b"", b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.target, self.body = b"", b""

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        method = self.parser.get_method().decode()
        parts = urlsplit(self.target.decode())
        if parts.path.startswith("/__bench/"):
            self._control(method, parts.path.rpartition("/")[2], parse_qs(parts.query))
            return
        act = self._act(method, parts.path, self.body)
        if self.org.delay_seconds:
            self.loop.call_later(self.org.delay_seconds, act)
        else:
            act()

    def _act(self, method: str, path: str, body: bytes) -> Callable[[], None]:
        """The call itself, which happens after the delay, as an org's commit does."""

        def act() -> None:
            kind, status, answer = self._answer(method, path, body)
            self.org.calls[kind] += 1
            self._send(status, answer)
            if kind in ("create", "collection"):
                self.org.note_time()

        return act

    def _answer(self, method: str, path: str, body: bytes) -> tuple[str, int, Any]:
        if path == "/services/oauth2/token":
            url = f"http://{HOST}:{self.transport.get_extra_info('sockname')[1]}"
            return "token", 200, {"access_token": "bench", "instance_url": url, "token_type": "Bearer", "id": url}
        if method == "POST" and path.endswith("/composite/sobjects"):
            return "collection", 200, [self.org.create(record) for record in orjson.loads(body)["records"]]
        if method == "PATCH" and "/composite/sobjects/" in path:
            made = [self.org.create(record) for record in orjson.loads(body)["records"]]
            return "collection", 200, [{**each, "created": True} for each in made]
        if method == "POST" and "/sobjects/" in path:
            return "create", 201, self.org.create(orjson.loads(body))
        if method == "GET" and "/query" in path:
            return "query", 200, {"totalSize": 0, "done": True, "records": []}
        return "other", 404, [{"errorCode": "NOT_FOUND", "message": f"{method} {path} is not part of this benchmark"}]

    def _control(self, method: str, action: str, query: dict[str, list[str]]) -> None:
        if action == "reset":
            self.org.reset(orjson.loads(self.body)["delay_ms"] / 1000)
            self._send(200, {})
        elif action == "wait":
            waiting = self.loop.create_task(self.org.wait(int(query["records"][0]), float(query["seconds"][0])))
            waiting.add_done_callback(lambda done: self._send(200, done.result()))
        else:
            self._send(200, self.org.counts())

    def _send(self, status: int, answer: Any) -> None:
        if self.transport.is_closing():
            return
        body = orjson.dumps(answer)
        head = (
            f"HTTP/1.1 {status} OK\r\nDate: {formatdate(usegmt=True)}\r\nContent-Type: application/json;charset=UTF-8\r\n"
            f"Sforce-Limit-Info: api-usage=1/10000000\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.transport.write(head.encode() + body)


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    org = Org()
    server = await loop.create_server(lambda: Connection(org, loop), HOST, port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
