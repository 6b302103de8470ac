"""Real workers on a real broker, ended with the block that starts them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import ROOT, environment
from tests.support.sandbox import SandboxOrg

CELERY = [sys.executable, "-m", "celery", "-A", "config", "worker"]
OPTIONS = "--pool threads --concurrency 4 --without-gossip --without-mingle"
QUEUE = f"test-{os.getpid()}"

Broker = tuple[str, Path]
"""Its address, and the data folder of the workers."""


def files_broker(folder: Path) -> Broker:
    return "filesystem://", folder


@contextmanager
def worker(broker: Broker, org: SandboxOrg, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """One worker of four threads, with its clock."""
    url, data_dir = broker
    settings = {"CELERY_BROKER_URL": url, "CELERY_QUEUE": QUEUE, "DATA_DIR": str(data_dir)}
    settings |= {"SALESFORCE_LOGIN_URL": org.url, "SWEEP_SECONDS": "0.5", "LANE_LEASE_SECONDS": "3"}
    with (data_dir / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [*CELERY, *OPTIONS.split(), "-Q", QUEUE],
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


def wait_until(is_so: Callable[[], bool], seconds: float = 40) -> bool:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if is_so():
            return True
        time.sleep(0.05)
    return False
