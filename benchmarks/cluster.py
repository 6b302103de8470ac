"""A PostgreSQL cluster of one's own, durable as in production, that may be stopped as by a power cut."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from benchmarks.processes import BenchmarkFailed, free_port

_PLACES = "/usr/lib/postgresql"


def _program(name: str) -> str:
    newest_first = sorted(Path(_PLACES).glob(f"*/bin/{name}"), reverse=True)
    found = str(newest_first[0]) if newest_first else shutil.which(name)
    if not found:
        raise BenchmarkFailed(f"{name} is missing. On Debian: apt-get install postgresql")
    return found


class Cluster:
    """In `folder`, on a free port. PostgreSQL refuses to run as root, so root starts it as `postgres`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self.stops = 0

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self._port}/postgres"

    def make(self) -> None:
        self._folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
            for parent in self._folder.parents:
                if parent.stat().st_uid == 0 and parent.name.startswith("isthmus-"):
                    parent.chmod(0o755)
        self._do("initdb", "-D", str(self._folder / "data"), "-U", "postgres", "--auth=trust", "--no-sync")
        self.start()

    def start(self) -> None:
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=on -c max_connections=200"
        data, log = str(self._folder / "data"), str(self._folder / "log")
        self._do("pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "-o", options, "start")

    def stop(self) -> None:
        """At once: no checkpoint, no good-bye to anybody; the next start recovers from the log."""
        self._do("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")

    def _do(self, name: str, *arguments: str) -> None:
        command = [_program(name), *arguments]
        if os.geteuid() == 0:
            command = ["su", "postgres", "-s", "/bin/sh", "-c", shlex.join(command)]
        done = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise BenchmarkFailed(f"{name} failed: {done.stderr.strip()[-1000:]}")
