"""The app: each user's events one after the other, repeated with the same key until there is an answer."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt

from benchmarks.chaos.plan import REFUSED_EVERY, Plan
from benchmarks.chaos.poison import KINDS, Draft, Poison, healthy_payload

ANSWER_SECONDS = 15.0
GIVE_UP_SECONDS = 240.0
CRASHED = 500
"""What a request is answered that nobody foresaw. An outage is a 503."""


@dataclass
class Sent:
    """One numbered event and what the app was told of it."""

    number: int
    user: int
    tries: int = 0
    status: int = 0
    """Of the answer that ended it; 0: none came."""
    code: str = ""
    """Of the refusal that ended it."""
    runs: list[str] = field(default_factory=list)
    """The ids of the runs that the receipt names."""
    is_bad: bool = False
    """Whether it was made to be refused."""
    poison: Poison | None = None
    crashes: int = 0
    """How often it was answered with a 500."""
    is_taken_twice: bool = False
    """Whether the same request with the same key started other runs."""

    @property
    def is_accepted(self) -> bool:
        return self.status == 201

    @property
    def is_refused(self) -> bool:
        return 400 <= self.status < 500

    @property
    def is_healthy(self) -> bool:
        return not self.is_bad and self.poison is None


def choose_poison(plan: Plan) -> dict[int, Poison]:
    """Give the events that are spoiled, by number, each kind in its turn."""
    chance = random.Random(plan.seed)
    able = [number for number in range(plan.events) if not plan.is_clean(number % plan.users) and not is_bad(number)]
    chosen = sorted(chance.sample(able, min(len(able), round(plan.poisoned * plan.events))))
    turns = chance.sample(KINDS, len(KINDS))
    return {number: turns[turn % len(turns)] for turn, number in enumerate(chosen)}


def is_bad(number: int) -> bool:
    """Whether the event is one that has to be refused: of another name or shape, with another's key or a wrong token."""
    return number % REFUSED_EVERY == REFUSED_EVERY - 1


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

    def __post_init__(self) -> None:
        self._poison = choose_poison(self.plan)

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
        last_key: str | bytes = ""
        for number in range(user, self.plan.events, self.plan.users):
            event = self.sent[number] = Sent(number, user, poison=self._poison.get(number))
            draft = Draft(number, healthy_payload(number, self.plan.user_names[user]), f"chaos-{number}")
            bearer = token
            if event.poison:
                event.poison.spoil(draft)
            elif is_bad(number):
                event.is_bad = True
                kind = chance.choice(["name", "token", "shape", "key"] if last_key else ["name", "token", "shape"])
                if kind == "name":
                    draft.name = "Lead Crated"
                elif kind == "token":
                    bearer = token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8)
                elif kind == "shape":
                    draft.payload = [draft.payload]
                else:
                    draft.key = last_key
            time.sleep(chance.uniform(0, 2 * self.plan.users / self.plan.rate))
            headers: dict[str, str | bytes] = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
            headers |= {"Idempotency-Key": draft.key, **draft.headers}
            body = draft.encoded()
            self._send(link, event, body, headers)
            if event.is_accepted:
                last_key = draft.key
            if event.is_accepted and event.poison:
                again = Sent(number, user, poison=event.poison)
                self._send(link, again, body, headers)
                event.is_taken_twice = again.is_accepted and again.runs != event.runs
        link.close()

    def _send(self, link: _Link, event: Sent, body: bytes, headers: Headers) -> None:
        """Until there is an answer that settles it: a success or a refusal; for poison also one that says: crashed."""
        gives_up_at = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < gives_up_at:
            event.tries += 1
            begun = time.monotonic()
            try:
                status, replayed, answer = link.post(self.path, body, headers)
            except (OSError, http.client.HTTPException):
                status, replayed, answer = 0, False, b""
            event.crashes += status == CRASHED
            if (200 <= status < 500 and status != 429) or (event.poison and status == CRASHED):
                event.status = status
                if status == 201:
                    event.runs = [run["id"] for run in json.loads(answer)["runs"]]
                    self.latencies.append(time.monotonic() - begun)
                else:
                    event.code = _code_of(answer)
                self.replayed += replayed
                return
            self.repeated += 1
            time.sleep(random.uniform(0.05, 0.4))


def _code_of(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["code"])
    except (ValueError, KeyError, TypeError):
        return "not in our words"


Headers = Mapping[str, str | bytes]


class _Link:
    """A kept-alive connection to one of the web processes; after trouble, to another."""

    def __init__(self, ports: Sequence[int], chance: random.Random) -> None:
        self._ports, self._chance = ports, chance
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes, headers: Headers) -> tuple[int, bool, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self._chance.choice(self._ports), timeout=ANSWER_SECONDS
            )
        try:
            try:
                self._connection.request("POST", path, body, headers)
            except (BrokenPipeError, ConnectionResetError):
                if self._connection.sock is None:
                    raise
                # A server may answer and close before it has read the whole of a body that is too large.
            reply = self._connection.getresponse()
            answer = reply.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if reply.status >= 500 or reply.will_close:
            self.close()
        return reply.status, reply.getheader("Idempotency-Replayed") == "true", answer

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
