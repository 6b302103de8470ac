"""Where the processes of one host count: files in a folder that they share, so that any of them can tell of all.

This is prometheus_client's multiprocess mode. It decides by an environment variable at its import, so `prepare` runs
before that. Files of processes that are gone are removed: each process has series of its own, and sums are made by the
query, which copes with series that end.
"""

import atexit
import logging
import os
import socket
import sys
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from django.conf import settings

log = logging.getLogger("workflows.metrics")

KINDS = ("counter", "histogram")
RESERVED_BYTES = 128 * 1024
"""For each file, taken at the start: a page that a full disk can not give later would end the process by SIGBUS."""


def prepare() -> Path | None:
    """Make this process's files and give their folder; None when that fails: the process then counts for itself."""
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if "prometheus_client" in sys.modules:
        log.warning("metrics.not_shared", extra={"error": "prometheus_client was imported before"})
        return None
    folder = Path(settings.METRICS_DIR) / socket.gethostname()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        forget_dead(folder)
        own = [folder / f"{kind}_{os.getpid()}.db" for kind in KINDS]
        for path in own:
            _reserve(path)
    except OSError as exc:
        log.warning("metrics.not_shared", extra={"error": str(exc)})
        return None
    for path in own:
        atexit.register(path.unlink, missing_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    return folder


def _reserve(path: Path) -> None:
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, RESERVED_BYTES)
    draft.rename(path)


def files_by_process(folder: Path) -> dict[int, list[str]]:
    """The files of processes that live; the others' are removed."""
    forget_dead(folder)
    files: dict[int, list[str]] = defaultdict(list)
    for path in folder.glob("*.db"):
        files[_process_of(path)].append(str(path))
    return files


def forget_dead(folder: Path) -> None:
    for path in folder.glob("*_*"):
        if not _lives(_process_of(path)):
            path.unlink(missing_ok=True)


def _process_of(path: Path) -> int:
    """ "counter_4711.db" is 4711's."""
    number = path.stem.rpartition("_")[2]
    return int(number) if number.isdigit() else 0


def _lives(process: int) -> bool:
    if process <= 0:
        return False
    with suppress(PermissionError):  # another user's, so there is one
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True
