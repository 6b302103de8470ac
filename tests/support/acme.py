"""examples/acme as a running process: the customer's app on an origin of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
STOP_SECONDS = 20


class Acme:
    """`with Acme(isthmus_url=…, project_id=…, signing_key=…) as acme: page.goto(acme.url)`."""

    def __init__(self, *, isthmus_url: str, project_id: str, signing_key: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="acme-")
        key_file = Path(self._folder.name) / "key.pem"
        key_file.write_text(signing_key)
        self._port = _free_port()
        self.url = f"http://localhost:{self._port}"
        self._environment = os.environ | {
            "ACME_PORT": str(self._port),
            "ACME_PROJECT_ID": project_id,
            "ACME_SIGNING_KEY_FILE": str(key_file),
            "ISTHMUS_URL": isthmus_url,
        }

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([sys.executable, "-m", "examples.acme"], cwd=ROOT, env=self._environment)
        ends_at = time.monotonic() + START_SECONDS
        while time.monotonic() < ends_at and self._process.poll() is None:
            try:
                if requests.get(f"{self.url}/healthz", timeout=1).ok:
                    return self
            except requests.ConnectionError:
                time.sleep(0.05)
        self.__exit__(None, None, None)
        raise RuntimeError("examples.acme did not start.")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.exit_code = self._stop()
        self._folder.cleanup()

    def _stop(self) -> int:
        self._process.terminate()
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
