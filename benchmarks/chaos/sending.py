"""The app: each user's events one after the other, repeated with the same key until there is an answer."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt

from benchmarks.chaos.plan import REFUSED_EVERY, Plan

ANSWER_SECONDS = 15.0
GIVE_UP_SECONDS = 240.0


@dataclass
class Sent:
    """One numbered event and what the app was told of it."""

    number: int
    user: int
    tries: int = 0
    status: int = 0
    """Of the answer that ended it; 0: none came."""
    started: int = 0
    """Runs that the receipt names."""
    is_bad: bool = False
    """Whether it was made to be refused."""

    @property
    def is_accepted(self) -> bool:
        return self.status == 201


@dataclass
class App:
    """The senders, one thread a user."""

    plan: Plan
    ports: Sequence[int]
    path: str
    private_key: Any
    sent: dict[int, Sent] = field(default_factory=dict)
    repeated: int = 0
    replayed: int = 0
    """Answers that said: this key has been here before."""
    latencies: list[float] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for user in range(self.plan.users):
            thread = threading.Thread(target=self._send_all_of, args=(user,), name=f"user-{user}", daemon=True)
            self._threads.append(thread)
            thread.start()

    @property
    def is_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def _send_all_of(self, user: int) -> None:
        chance = random.Random(f"{self.plan.seed}-{user}")
        now = int(time.time())
        claims = {"sub": self.plan.user_names[user], "iat": now, "exp": now + 24 * 3600}
        token = jwt.encode(claims, self.private_key, algorithm="RS256")
        link = _Link(self.ports, chance)
        last_key = ""
        for number in range(user, self.plan.events, self.plan.users):
            event = self.sent[number] = Sent(number, user)
            body: Any = {
                "name": "Lead Created",
                "payload": {
                    "user": self.plan.user_names[user],
                    "first_name": f"{number}",
                    "last_name": f"Lind {number}",
                    "email": f"bo.{number}@lind.example",
                    "company": "Lind & Daughters",
                },
            }
            key, bearer = f"chaos-{number}", token
            if number % REFUSED_EVERY == REFUSED_EVERY - 1:
                event.is_bad = True
                kind = chance.choice(["name", "token", "shape", "key"] if last_key else ["name", "token", "shape"])
                if kind == "name":
                    body["name"] = "Lead Crated"
                elif kind == "token":
                    bearer = token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8)
                elif kind == "shape":
                    body["payload"] = [body["payload"]]
                else:
                    key = last_key
            time.sleep(chance.uniform(0, 2 * self.plan.users / self.plan.rate))
            headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json", "Idempotency-Key": key}
            self._send(link, event, json.dumps(body).encode(), headers)
            if event.is_accepted:
                last_key = key
        link.close()

    def _send(self, link: _Link, event: Sent, body: bytes, headers: dict[str, str]) -> None:
        """Until there is an answer that settles it: a success or a refusal."""
        gives_up_at = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < gives_up_at:
            event.tries += 1
            begun = time.monotonic()
            try:
                status, replayed, answer = link.post(self.path, body, headers)
            except (OSError, http.client.HTTPException):
                status, replayed, answer = 0, False, b""
            if 200 <= status < 500 and status != 429:
                event.status = status
                if status == 201:
                    event.started = len(json.loads(answer)["runs"])
                    self.latencies.append(time.monotonic() - begun)
                self.replayed += replayed
                return
            self.repeated += 1
            time.sleep(random.uniform(0.05, 0.4))


class _Link:
    """A kept-alive connection to one of the web processes; after trouble, to another."""

    def __init__(self, ports: Sequence[int], chance: random.Random) -> None:
        self._ports, self._chance = ports, chance
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bool, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self._chance.choice(self._ports), timeout=ANSWER_SECONDS
            )
        try:
            self._connection.request("POST", path, body, headers)
            reply = self._connection.getresponse()
            answer = reply.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if reply.status >= 500:
            self.close()
        return reply.status, reply.getheader("Idempotency-Replayed") == "true", answer

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
