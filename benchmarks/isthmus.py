"""Isthmus as a system under test: on PostgreSQL with a broker, or as the embedded default."""

import base64
import json
import secrets
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from uuid import UUID

import requests

from benchmarks import load
from benchmarks.org import HOST
from benchmarks.processes import BIN, ROOT, BenchmarkFailed, run
from benchmarks.systems import PYTHON, Stage, System

EMBEDDED_WEB_THREADS, EMBEDDED_WORKER_THREADS = 8, 8
"""As deploy/embedded starts them."""


class Isthmus(System):
    """Web and workers (each with beat as a thread) on PostgreSQL, as where one machine is outgrown."""

    name = "isthmus"

    def __init__(self, stage: Stage, name: str = "isthmus", *, is_embedded: bool = False, root: Path = ROOT) -> None:
        self.name = name
        super().__init__(stage, root)
        self.is_embedded = is_embedded
        """As the default is: SQLite, and a broker inside the data folder."""
        self.keeps_history = is_embedded
        """Whether `empty` leaves the rows and only stops counting them. SQLite's readers and writers share a file."""
        if not is_embedded:
            self.database = stage.postgres.create(name.replace("-", "_"))
        self._vhost = ""
        self._emptied_ms = 0
        self.environment: dict[str, str] = {}

    def start(self) -> None:
        self._set_environment()
        run([PYTHON, "manage.py", "migrate", "--no-input", "--verbosity", "0"], self.environment, root=self.root)
        wanted = {
            "public_key_file": str(self.keys.public),
            "users": [load.user_name(number) for number in range(self.plan.users)],
            "org": self.org.url,
        }
        seeded = run([PYTHON, "-m", "benchmarks.seeding"], self.environment, given=json.dumps(wanted), root=self.root)
        project_id = json.loads(seeded)["project_id"]
        self.event_url = f"http://{HOST}:{self.port}/projects/{project_id}/sdk/events/trigger"
        self.start_processes()

    def start_processes(self) -> None:
        """Start the broker, web, workers and beat, on the database as it is, and send some events."""
        plan = self.plan
        if not self.is_embedded:
            is_redis = plan.broker == "redis"
            self.environment["CELERY_BROKER_URL"] = self._start_redis() if is_redis else self._make_vhost()
        web_processes, web_threads = plan.web_processes, plan.web_threads
        worker_processes, worker_threads = plan.worker_processes, plan.worker_threads
        if self.is_embedded:
            web_processes, web_threads = 1, EMBEDDED_WEB_THREADS
            worker_processes, worker_threads = 1, EMBEDDED_WORKER_THREADS
        web = [PYTHON, "-m", "config.serving", "--host", HOST, "--port", str(self.port), "--backlog", "1024"]
        web += ["--workers", str(web_processes), "--blocking-threads", str(web_threads)]
        self.group.spawn("web", web, self.environment)
        worker = [f"{BIN}/celery", "-A", "config", "worker", "--pool", "threads", "--concurrency", str(worker_threads)]
        worker += ["--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        for number in range(worker_processes):  # each carries beat as a thread
            named = [*worker, "--hostname", f"{self.folder.name}-{number}@bench"]
            self.group.spawn(f"worker-{number}", named, self.environment)
        self.group.wait_until(self._is_well, f"{self.name} starts", 90, every=0.2)
        self.warm_up()

    def _set_environment(self) -> None:
        data_dir = self.folder / "data"
        data_dir.mkdir(parents=True, exist_ok=True)
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "BASE_URL": f"http://{HOST}:{self.port}",
            "SALESFORCE_LOGIN_URL": self.org.url,
            "SECRET_KEY": secrets.token_urlsafe(40),
            "ENCRYPTION_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            "PLAIN_STATIC": "true",
            "RETENTION_DAYS": "3650",  # nothing is dropped but by `benchmarks.dropping`
            "WEB_LINGER_SECONDS": "0",
        }
        if not self.is_embedded:
            self.environment["DATABASE_URL"] = self.postgres.url_of(self.database)

    def hold(self) -> None:
        """Stop all processes where they stand, so that they take nothing from what is measured."""
        for name in self.group.pids():
            self.group.signal(name, signal.SIGSTOP)

    def resume(self) -> None:
        for name in self.group.pids():
            self.group.signal(name, signal.SIGCONT)

    def _make_vhost(self) -> str:
        """A RabbitMQ vhost of our own, on the server of this machine."""
        if shutil.which("rabbitmqctl") is None:
            raise BenchmarkFailed("rabbitmqctl is missing. On Debian: apt-get install rabbitmq-server")
        self._vhost = f"bench-{secrets.token_hex(4)}"
        run(["rabbitmqctl", "-q", "add_vhost", self._vhost], {}, seconds=60)
        run(["rabbitmqctl", "-q", "set_permissions", "-p", self._vhost, "guest", ".*", ".*", ".*"], {}, seconds=60)
        return f"amqp://guest:guest@{HOST}:5672/{self._vhost}"

    def _is_well(self) -> bool:
        try:
            return requests.get(f"http://{HOST}:{self.port}/healthz", timeout=3).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        super().stop()
        if self._vhost:
            run(["rabbitmqctl", "-q", "delete_vhost", self._vhost], {}, seconds=60)
            self._vhost = ""

    def completed(self) -> int:
        # By the primary key, whose beginning is the time: it reads only what is new, however long the history is.
        statement = f"SELECT count(*) FROM workflows_run WHERE state = 'succeeded' AND id >= '{self._emptied_id()}'"
        if not self.is_embedded:
            return int(self.postgres.value(statement, of=self.database))
        with closing(sqlite3.connect(self.folder / "data" / "isthmus.sqlite3", timeout=20)) as connection:
            return int(connection.execute(statement).fetchone()[0])

    def _emptied_id(self) -> str:
        """The lowest id that a run made since `empty` can have; SQLite keeps ids without dashes."""
        lowest = UUID(int=self._emptied_ms << 80)
        return lowest.hex if self.is_embedded else str(lowest)

    def empty(self) -> None:
        if not self.keeps_history:
            with closing(self.postgres.connect(self.database)) as connection:
                connection.execute("TRUNCATE workflows_event, workflows_run, workflows_steprun CASCADE")
        time.sleep(0.01)  # into the next millisecond
        self._emptied_ms = time.time_ns() // 1_000_000
