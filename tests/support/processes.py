"""Processes of the product that tests start against their own database, and end by their id."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from tests.support.hosts import Host

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """The test database, as another process reaches it."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT'] or 5432}/{given['NAME']}"


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that shares this test's database and secrets."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS),
        "DATA_DIR": str(settings.DATA_DIR),
        **more,
    }


@contextmanager
def module_running(
    module: str, *arguments: str, on: Host | None = None, **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m module`, killed with the block; on this machine or on another host."""
    command = [*(on.prefix if on else ()), sys.executable, "-m", module, *arguments]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=environment(**more), **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def run_module(module: str, *arguments: str, seconds: float = 60, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m module` to its end."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_open(port: int, seconds: float = 60) -> None:
    """Wait until somebody listens there."""
    ends_at = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=seconds).close()
        except OSError:
            assert time.monotonic() < ends_at, f"nobody listens on port {port}"
            time.sleep(0.05)
