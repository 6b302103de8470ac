"""Real workers on a real broker, ended with the block that starts them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kombu import Connection

from tests.support.hosts import Host
from tests.support.processes import ROOT, environment
from tests.support.sandbox import SandboxOrg

CELERY = [sys.executable, "-m", "celery", "-A", "config", "worker"]
OPTIONS = "--pool threads --concurrency 4 --without-gossip --without-mingle --loglevel INFO"
QUEUE = f"test-{os.getpid()}"

Broker = tuple[str, Path]
"""Its address, and the data folder of the workers."""


BROKERS = {
    "redis": ("127.0.0.1", 6379, "redis://127.0.0.1:6379/11"),
    "rabbitmq": ("127.0.0.1", 5672, "amqp://guest:guest@127.0.0.1:5672//"),
}


@contextmanager
def running_broker(name: str) -> Iterator[str]:
    """Its address; the tests' queue is gone with the block. Skips the test where it does not answer, but not in CI."""
    host, port, url = BROKERS[name]
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{name} does not answer on this machine")
    yield url
    with Connection(url) as link:
        link.default_channel.queue_delete(QUEUE)


def files_broker(folder: Path) -> Broker:
    return "filesystem://", folder


@contextmanager
def worker(
    broker: Broker, org: SandboxOrg, *, on: Host | None = None, **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    """One worker of four threads, with its clock; on this machine or on another host."""
    url, data_dir = broker
    settings = {"CELERY_BROKER_URL": url, "CELERY_QUEUE": QUEUE, "DATA_DIR": str(data_dir)}
    settings |= {"SALESFORCE_LOGIN_URL": org.url, "SWEEP_SECONDS": "0.5", "LANE_LEASE_SECONDS": "3"}
    with (data_dir / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [*(on.prefix if on else ()), *CELERY, *OPTIONS.split(), "-Q", QUEUE],
            cwd=ROOT,
            env=environment(**settings | more),
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> bool:
    """Ask until it is so; gives whether it was. Nothing depends on how long it takes: a busy machine takes longer."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if is_so():
            return True
        time.sleep(0.05)
    return False
