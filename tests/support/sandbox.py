"""A running sandbox org for tests: the real process, on a free port, with a data folder of its own."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
STOP_SECONDS = 30


class SandboxOrg:
    """Starts `python -m sandbox_org` on entering, stops it on leaving; the methods speak to its `/__org/` endpoints.

    `with SandboxOrg() as org: org.faults("slow", ms=300, count=1)`
    """

    def __init__(self, data_dir: Path | None = None, port: int = 0, **environment: str) -> None:
        """`environment` adds variables such as SANDBOX_USERNAME; a given `data_dir` outlives the process."""
        self._temporary = tempfile.TemporaryDirectory(prefix="sandbox-org-") if data_dir is None else None
        self.data_dir = data_dir or Path(self._temporary.name if self._temporary else ".")
        self._port = port
        self._environment = environment
        self._reader = threading.Thread()
        self._process: subprocess.Popen[str] | None = None
        self._listening = threading.Event()
        self.output: list[str] = []
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        if self._temporary is not None:
            self._temporary.cleanup()

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None, "the org is not running"
        return self._process

    def start(self) -> None:
        """Start the process and wait until it says where it listens. A second start keeps the port and the records."""
        command = [sys.executable, "-m", "sandbox_org", "--port", str(self._port), "--data-dir", str(self.data_dir)]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SANDBOX_")}
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment, **self._environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.url = ""
        self.output.clear()
        self._listening.clear()
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        if not self._listening.wait(START_SECONDS) or not self.url:
            self.stop()
            raise RuntimeError(f"sandbox_org did not start:\n{''.join(self.output)}")

    def _read(self, process: subprocess.Popen[str]) -> None:
        """Keep what the process says, and learn its address from it."""
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line)
            if match := re.search(r"listening on (http://\S+:(\d+))", line):
                self.url, self._port = match[1], int(match[2])
                self._listening.set()
        self._listening.set()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop the process with a signal; answers its exit code."""
        process = self.process
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._reader.join(STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
        return process.returncode

    def reset(self, *, keep_grants: bool = False) -> None:
        """No records, faults, counts and changed settings any more; no tokens either, unless they are kept."""
        self._call("POST", "reset", {"keep_grants": keep_grants})

    def faults(self, kind: str, **options: Any) -> Any:
        """Arm a fault: `faults("unavailable", count=2)`."""
        return self._call("POST", "faults", {"kind": kind, **options})

    def armed_faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "faults")
        return found

    def end_faults(self) -> None:
        self._call("DELETE", "faults")

    def records(self, name: str = "Lead", **params: Any) -> list[dict[str, Any]]:
        """The living records of an object in the order of creation."""
        found: list[dict[str, Any]] = self._call("GET", f"records/{name}", params=params)
        return found

    def count(self, name: str = "Lead") -> int:
        return int(self._call("GET", f"records/{name}", params={"count": 1})["count"])

    def calls(self) -> dict[str, Any]:
        """The counts by resource, by method and resource, by username and by status."""
        counts: dict[str, Any] = self._call("GET", "calls")
        return counts

    def watch(self, name: str, usernames: list[str]) -> None:
        """From here `calls()["at_once"][name]` is the most calls of these users that were under way at once."""
        self._call("POST", "calls/watch", {"name": name, "usernames": usernames})

    def app(self, **changes: Any) -> dict[str, Any]:
        """The default app; with changes, the app after them (`client_id` names another, `name` alone makes one)."""
        found: dict[str, Any] = self._call("POST" if changes else "GET", "app", changes or None)
        return found

    def user(self, username: str, password: str = "", **names: str) -> dict[str, Any]:
        """Make a user, who owns what is created in their name."""
        made: dict[str, Any] = self._call("POST", "users", {"username": username, "password": password, **names})
        return made

    def grant(self, username: str = "", client_id: str = "", **more: Any) -> dict[str, Any]:
        """An access and refresh token without the browser, in the form of a token reply."""
        reply: dict[str, Any] = self._call("POST", "grants", {"username": username, "client_id": client_id, **more})
        return reply

    def settings(self, **changes: Any) -> dict[str, Any]:
        shown: dict[str, Any] = self._call("POST" if changes else "GET", "settings", changes or None)
        return shown

    def _call(self, method: str, path: str, body: Any = None, params: dict[str, Any] | None = None) -> Any:
        reply = requests.request(method, f"{self.url}/__org/{path}", json=body, params=params, timeout=30)
        if not reply.ok:
            raise AssertionError(f"{method} /__org/{path} answered {reply.status_code}: {reply.text}")
        return reply.json()


@pytest.fixture(scope="session")
def running_org() -> Iterator[SandboxOrg]:
    """One for all tests of a process; who needs it empty resets it."""
    with SandboxOrg() as org:
        yield org


@pytest.fixture(scope="session")
def other_running_org(running_org: SandboxOrg) -> Iterator[SandboxOrg]:
    """A second org, with ids and people of its own, in which the same OAuth app is installed."""
    app = running_org.app()
    same_app = {"SANDBOX_CLIENT_ID": app["client_id"], "SANDBOX_CLIENT_SECRET": app["client_secret"]}
    with SandboxOrg(SANDBOX_INSTANCE="Sb7", SANDBOX_USERNAME="bo@other.example", **same_app) as org:
        yield org
