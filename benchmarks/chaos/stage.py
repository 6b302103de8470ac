"""Everything that is going to be killed: Isthmus's processes, their database and broker; and the org."""

from __future__ import annotations

import base64
import json
import re
import secrets
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kombu import Connection

from benchmarks.chaos.plan import FAULTS, LIMITED_FAULT, Plan
from benchmarks.cluster import Cluster
from benchmarks.processes import BIN, BenchmarkFailed, Group, free_port, run
from tests.support.sandbox import SandboxOrg

HOST = "127.0.0.1"
SEEDING = [sys.executable, "-m", "benchmarks.chaos.seeding"]


class Stage:
    """`with Stage(plan, folder) as stage`: it all runs, with a project whose users are connected."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self.group = Group(folder / "logs")
        self.org = SandboxOrg(folder / "org")
        self.cluster = Cluster(folder / "postgres") if plan.database == "postgresql" else None
        self.web_ports = [free_port() for _ in range(plan.web_processes)]
        self.private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.path = ""
        self.reconnected = 0
        self.environment: dict[str, str] = {}
        self._broker_port = free_port()
        self._vhost = ""
        self._ending = ExitStack()

    def __enter__(self) -> Stage:
        try:
            self._start()
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    @property
    def web_names(self) -> list[str]:
        return [f"web-{number}" for number in range(self.plan.web_processes)]

    @property
    def worker_names(self) -> list[str]:
        return [f"worker-{number}" for number in range(self.plan.worker_processes)]

    def _start(self) -> None:
        (self.folder / "org").mkdir()
        (self.folder / "data").mkdir()
        self.org.start()
        self._ending.callback(self.org.stop)
        if self.cluster:
            self.cluster.make()
            self._ending.callback(self.cluster.stop)
        self._ending.callback(self.group.stop_all)
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(self.folder / "data"),
            "DATABASE_URL": self.cluster.url if self.cluster else f"sqlite:///{self._sqlite_file}",
            "CELERY_BROKER_URL": self._make_broker(),
            "BASE_URL": f"http://{HOST}:{self.web_ports[0]}",
            "SALESFORCE_LOGIN_URL": self.org.url,
            "SALESFORCE_TIMEOUT_SECONDS": "10",
            "SALESFORCE_SETTLE_SECONDS": "3",
            "SECRET_KEY": secrets.token_urlsafe(40),
            "ENCRYPTION_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            "PLAIN_STATIC": "true",
            "WEB_LINGER_SECONDS": "0",
            "LANE_LEASE_SECONDS": "15",  # a third of it after a crash: a busy machine keeps that too
            "SWEEP_SECONDS": "1",
        }
        run([sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"], self.environment)
        self._seed()
        for name in [*self.web_names, *self.worker_names]:
            self.start(name)
        self.group.wait_until(self._is_well, "web processes and workers start", 90, every=0.2)

    @property
    def _sqlite_file(self) -> Path:
        return self.folder / "data" / "isthmus.sqlite3"

    def start(self, name: str) -> None:
        """Start a web process or a worker, for the first time or again."""
        kind, _, number = name.partition("-")
        if kind == "web":
            command = [sys.executable, "-m", "config.serving", "--host", HOST, "--port"]
            command += [str(self.web_ports[int(number)]), "--workers", "1", "--blocking-threads", "16"]
            command += ["--backlog", "1024"]
        else:
            command = [f"{BIN}/celery", "-A", "config", "worker", "--pool", "threads", "--loglevel", "INFO"]
            command += ["--concurrency", str(self.plan.worker_threads), "--hostname", f"{name}@chaos"]
            command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        self.group.spawn(name, command, self.environment)

    def kill(self, name: str) -> None:
        self.group.kill(name)

    def starts_of(self, worker: str) -> int:
        """How often a worker has said that it is ready."""
        log = self.folder / "logs" / f"{worker}.log"
        return log.read_bytes().count(b"@chaos ready.")

    def _is_well(self) -> bool:
        try:
            return all(requests.get(f"http://{HOST}:{port}/healthz", timeout=3).ok for port in self.web_ports)
        except requests.RequestException:
            return False

    def _seed(self) -> None:
        public = self.folder / "public.pem"
        public.write_bytes(
            self.private_key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        app = self.org.app()
        users = []
        for number, name in enumerate(self.plan.user_names):
            self.org.user(self._org_user(name))
            grant = self.org.grant(self._org_user(name))
            plan = self.plan
            kind = {
                "is_ordered": plan.is_ordered(number),
                "is_limited": plan.is_limited(number),
                "kind": plan.kind(number),
            }
            users.append({"name": name, **kind, "grant": grant})
        for workflow, names in self.plan.limited_names.items():
            self.org.watch(workflow, [self._org_user(name) for name in names])
        wanted = {
            "public_key_file": str(public),
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "limit": self.plan.limit,
            "users": users,
        }
        seeded = run(SEEDING, self.environment, given=json.dumps(wanted))
        self.path = f"/projects/{json.loads(seeded)['project_id']}/sdk/events/trigger"

    def arm_faults(self) -> None:
        """Have the org fail from here, until the end. Of two faults of a kind the first one strikes."""
        for name in self.plan.limited_names["free"]:
            self.org.faults(**LIMITED_FAULT, username=self._org_user(name))
        for fault in FAULTS:
            self.org.faults(**fault)

    @staticmethod
    def _org_user(name: str) -> str:
        return f"{name}@org.example"

    def reconnect(self) -> None:
        """What users do whose connection turned invalid: a worker was killed while Salesforce gave it new tokens."""
        invalid = self.rows(
            "SELECT u.external_id FROM integrations_credential c JOIN projects_connecteduser u ON u.id = c.user_id"
            " WHERE c.status = 'INVALID'"
        )
        if invalid:
            grants = {name: self.org.grant(self._org_user(name)) for (name,) in invalid}
            done = json.loads(run([*SEEDING, "reconnect"], self.environment, given=json.dumps(grants)))
            self.reconnected += done["reconnected"]

    # The broker.

    def _make_broker(self) -> str:
        if self.plan.broker == "redis":
            self._start_redis()
            return f"redis://{HOST}:{self._broker_port}/0"
        if self.plan.broker == "rabbitmq":
            self._vhost = f"chaos-{secrets.token_hex(4)}"
            run(["rabbitmqctl", "-q", "add_vhost", self._vhost], {}, seconds=60)
            self._ending.callback(run, ["rabbitmqctl", "-q", "delete_vhost", self._vhost], {}, seconds=60)
            run(["rabbitmqctl", "-q", "set_permissions", "-p", self._vhost, "guest", ".*", ".*", ".*"], {}, seconds=60)
            return f"amqp://guest:guest@{HOST}:5672/{self._vhost}"
        return "filesystem://"

    def _start_redis(self) -> None:
        server = shutil.which("redis-server")
        if server is None:
            raise BenchmarkFailed("redis-server is missing. On Debian: apt-get install redis-server")
        command = [server, "--bind", HOST, "--port", str(self._broker_port), "--save", "", "--appendonly", "no"]
        self.group.spawn("broker", [*command, "--dir", str(self.folder)], {})

    def empty_broker(self) -> None:
        """Lose every message: a Redis of ours dies and comes back with nothing; a queue is purged; files are deleted."""
        if self.plan.broker == "redis":
            self.kill("broker")
            self._start_redis()
        elif self.plan.broker == "rabbitmq":
            with Connection(self.environment["CELERY_BROKER_URL"]) as connection:
                connection.default_channel.queue_purge("isthmus")
        else:
            for file in (self.folder / "data" / "broker" / "messages").iterdir():
                file.unlink(missing_ok=True)

    def set_aside(self) -> set[str]:
        """The runs that a worker has set aside, because one before it was killed while it was at them."""
        logs = [(self.folder / "logs" / f"{name}.log").read_text(errors="replace") for name in self.worker_names]
        return {run for log in logs for run in re.findall(r"run\.set_aside .*?\brun=([0-9a-f-]{36})", log)}

    # The database, read from outside.

    def rows(self, statement: str) -> Sequence[tuple[Any, ...]]:
        if self.cluster:
            with psycopg.connect(self.cluster.url, autocommit=True, connect_timeout=5) as server:
                return server.execute(statement).fetchall()
        with closing(sqlite3.connect(self._sqlite_file, timeout=20)) as file:
            return file.execute(statement).fetchall()

    def open_runs(self) -> int:
        """Runs that somebody has to go on with; one that asks a person does not go on by itself."""
        statement = (
            "SELECT count(*) FROM workflows_run WHERE state NOT IN ('succeeded', 'failed', 'cancelled', 'asking')"
        )
        return int(self.rows(statement)[0][0])

    def held_slots(self) -> int:
        """Slots that a lane holds under a lease that lives; one whose lease has ended is free."""
        statement = (
            "SELECT count(*) FROM workflows_slot s JOIN workflows_lane l ON l.credential_id = s.lane_id"
            " WHERE l.lease_token = s.lease_token AND l.leased_until > CURRENT_TIMESTAMP"
        )
        return int(self.rows(statement)[0][0])
