"""The systems under test: started, fed, emptied and stopped the same way."""

import json
import secrets
import shutil
import sys
from abc import ABC, abstractmethod
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks import load
from benchmarks.org import HOST
from benchmarks.plan import Plan
from benchmarks.postgres import Postgres
from benchmarks.processes import BIN, ROOT, BenchmarkFailed, Group, free_port, run

PYTHON = sys.executable


@dataclass(frozen=True)
class Keys:
    """The app's key pair, as files."""

    private: Path
    public: Path


class OrgClient:
    """The stand-in org, in a process of its own."""

    def __init__(self, group: Group) -> None:
        self.url = f"http://{HOST}:{(port := free_port())}"
        self._http = requests.Session()
        self._http.trust_env = False
        group.spawn("org", [PYTHON, "-m", "benchmarks.org", str(port)], {})
        group.wait_until(self._answers, "the org starts")

    def _answers(self) -> bool:
        try:
            return self._http.get(f"{self.url}/__bench/counts", timeout=2).ok
        except requests.RequestException:
            return False

    def reset(self, delay_ms: float = 0.0) -> None:
        self._http.post(f"{self.url}/__bench/reset", json={"delay_ms": delay_ms}, timeout=5).raise_for_status()

    def counts(self) -> dict[str, Any]:
        counts: dict[str, Any] = self._http.get(f"{self.url}/__bench/counts", timeout=5).json()
        return counts


@dataclass(frozen=True)
class Stage:
    """What the systems of one benchmark run share."""

    plan: Plan
    scratch: Path
    org: OrgClient
    keys: Keys
    postgres: Postgres


class System(ABC):
    """Processes of one system with their database and broker."""

    name: str
    database: str = ""
    """Its name in PostgreSQL; "" for one that keeps its data elsewhere."""

    def __init__(self, stage: Stage, root: Path = ROOT) -> None:
        self.root = root
        """The checkout whose code it runs."""
        self.plan, self.org, self.keys, self.postgres = stage.plan, stage.org, stage.keys, stage.postgres
        self.folder = stage.scratch / self.name.replace(" ", "-")
        self.group = Group(self.folder / "logs", root)
        self.port = free_port()
        self.event_url = ""

    @abstractmethod
    def start(self) -> None:
        """Make the database, start everything and send some events, so that every process is warm."""

    @abstractmethod
    def completed(self) -> int:
        """Events since `empty` whose record is stored as such."""

    @abstractmethod
    def empty(self) -> None:
        """Forget all events."""

    def stop(self) -> None:
        self.group.stop_all()

    def roots(self) -> list[int]:
        """Process ids of what is ours: web, workers, beat; not the broker."""
        return [pid for name, pid in self.group.pids().items() if name != "broker"]

    def broker_roots(self) -> list[int]:
        return [pid for name, pid in self.group.pids().items() if name == "broker"]

    def worker_names(self) -> list[str]:
        return [name for name in self.group.pids() if name.startswith("worker")]

    def job(self, **changes: Any) -> load.Job:
        """A job for the load generator."""
        job: load.Job = {
            "url": self.event_url,
            "private_key_file": str(self.keys.private),
            "users": 1,
            "connections": self.plan.connections,
            "count": 1,
            "seconds": 600.0,
            "run": secrets.token_hex(4),
            "org": self.org.url,
            "wait_seconds": 120.0,
            "one_at_a_time": False,
        }
        return job | changes  # type: ignore[return-value]

    def send(self, **changes: Any) -> load.Told:
        """Have the load generator do a job."""
        job = self.job(**changes)
        patience = min(job["seconds"], 600) + job["wait_seconds"] + 60
        if job["one_at_a_time"]:
            patience += job["count"]
        told: load.Told = json.loads(
            run([PYTHON, "-m", "benchmarks.load"], {}, seconds=patience, given=json.dumps(job))
        )
        return told

    def warm_up(self, events: int = 300) -> None:
        self.org.reset()
        told = self.send(users=self.plan.users, count=events)
        if told["accepted"] != events or not told["org"] or told["org"]["records"] != events:
            raise BenchmarkFailed(f"{self.name}: of {events} events to warm up: {told}\n{self._logs()}")
        self.settle(events)
        self.empty()

    def settle(self, events: int, seconds: float = 120) -> None:
        """Wait until the results of so many events are stored."""
        self.group.wait_until(
            lambda: self.completed() >= events,
            f"{self.name} stores {events} results ({self.completed()} so far)",
            seconds,
        )

    def _logs(self) -> str:
        return "\n".join(self.group.tail(name) for name in self.group.pids())

    def _start_redis(self) -> str:
        server = shutil.which("redis-server")
        if server is None:
            raise BenchmarkFailed("redis-server is missing. On Debian: apt-get install redis-server")
        port = free_port()
        command = [server, "--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no"]
        self.group.spawn("broker", [*command, "--dir", str(self.folder)], {})
        return f"redis://{HOST}:{port}/0"

    def _await_web(self, path: str) -> None:
        def answers() -> bool:
            try:
                return requests.get(f"http://{HOST}:{self.port}{path}", timeout=2).status_code < 500
            except requests.RequestException:
                return False

        self.group.wait_until(answers, f"{self.name} starts", 90)


class ByHand(System):
    """The baseline: gunicorn, PostgreSQL, Celery on Redis, one task per event."""

    name = "by hand"

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.database = stage.postgres.create("by_hand")
        self.environment: dict[str, str] = {}

    def start(self) -> None:
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "benchmarks.by_hand.settings",
            "SECRET_KEY": secrets.token_urlsafe(40),
            "DATABASE_URL": self.postgres.url_of(self.database),
            "CELERY_BROKER_URL": self._start_redis(),
            "USER_TOKEN_PUBLIC_KEY_FILE": str(self.keys.public),
        }
        run([PYTHON, "-m", "benchmarks.by_hand", "migrate", "--verbosity", "0"], self.environment)
        with closing(self.postgres.connect(self.database)) as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO leads_account (user_id, instance_url, access_token) VALUES (%s, %s, %s)",
                [(load.user_name(n), self.org.url, f"00D!{n}") for n in range(self.plan.users)],
            )
        plan = self.plan
        web = [f"{BIN}/gunicorn", "--bind", f"{HOST}:{self.port}", "--workers", str(plan.web_processes)]
        web += ["--worker-class", "gthread", "--threads", str(plan.web_threads), "--keep-alive", "75"]
        self.group.spawn("web", [*web, "benchmarks.by_hand.wsgi:application"], self.environment)
        self.start_workers(plan.worker_processes, plan.worker_threads)
        self._await_web("/empty")
        self.event_url = f"http://{HOST}:{self.port}/events"
        self.warm_up()

    def start_workers(self, processes: int, threads: int) -> None:
        """Start so many workers in place of those that run."""
        for name in self.worker_names():
            self.group.stop(name)
        command = [f"{BIN}/celery", "-A", "benchmarks.by_hand", "worker", "--pool", "threads"]
        command += ["--concurrency", str(threads), "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
        for number in range(processes):
            self.group.spawn(f"worker-{number}", [*command, "--hostname", f"by-hand-{number}@bench"], self.environment)

    def completed(self) -> int:
        return int(self.postgres.value("SELECT count(*) FROM leads_result WHERE error IS NULL", of=self.database))

    def empty(self) -> None:
        with closing(self.postgres.connect(self.database)) as connection:
            connection.execute("TRUNCATE leads_event, leads_result")
