"""Processes that a benchmark starts, and ends by their ids whatever happens."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
STOP_SECONDS = 15.0
_PR_SET_PDEATHSIG = 1


class BenchmarkFailed(Exception):
    """Something did not start, did not answer or lost an event; the message says what, and where its log is."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end_with_parent() -> None:
    ctypes.CDLL("libc.so.6", use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Group:
    """Processes with names, each a session of its own, so that its children end with it. They run in the checkout `root`."""

    def __init__(self, log_dir: Path, root: Path = ROOT) -> None:
        self.log_dir, self._root = log_dir, root
        log_dir.mkdir(parents=True, exist_ok=True)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def spawn(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start `command` as `name`; what it says goes to `<log_dir>/<name>.log`."""
        with (self.log_dir / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                list(command),
                cwd=self._root,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - no thread of ours holds a lock while we start processes
            )

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._running.items()}

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process and its children, if they still run."""
        self._send(self._running[name], number)

    def wait_until(self, is_ready: Callable[[], bool], what: str, seconds: float = 60, every: float = 0.05) -> None:
        """Ask `every` so many seconds, until it `is_ready`.

        Raises BenchmarkFailed when a process ends meanwhile or the time is over.
        """
        ends_at = time.monotonic() + seconds
        while not is_ready():
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise BenchmarkFailed(f"{name} ended with {process.returncode} while {what}.\n{self.tail(name)}")
            if time.monotonic() > ends_at:
                logs = "\n".join(self.tail(name) for name in self._running)
                raise BenchmarkFailed(f"Not done within {seconds:.0f} s: {what}.\n{logs}")
            time.sleep(every)

    def tail(self, name: str) -> str:
        """The end of a process's log."""
        path = self.log_dir / f"{name}.log"
        return f"--- {path}\n{path.read_text(errors='replace')[-1500:]}" if path.exists() else ""

    def stop(self, name: str) -> None:
        """End one process, politely, then for sure, with all its children."""
        process = self._running.pop(name, None)
        if process is None:
            return
        self._send(process, signal.SIGCONT)
        if process.poll() is None:
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        self._send(process, signal.SIGKILL)
        process.wait()

    def kill(self, name: str) -> None:
        """SIGKILL, to it and its children, as a lost machine would have it."""
        process = self._running.pop(name)
        self._send(process, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        for process in self._running.values():
            self._send(process, signal.SIGCONT)
            if process.poll() is None:
                process.terminate()
        for name in list(self._running):
            self.stop(name)

    @staticmethod
    def _send(process: subprocess.Popen[bytes], number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    seconds: float = 300,
    given: str = "",
    root: Path = ROOT,
) -> str:
    """Run a command to its end, in the checkout `root`; gives its standard output.

    Raises BenchmarkFailed with what it said.
    """
    try:
        done = subprocess.run(
            list(command),
            cwd=root,
            env={**os.environ, **environment},
            input=given,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            preexec_fn=_end_with_parent,
        )
    except subprocess.TimeoutExpired as exc:
        raise BenchmarkFailed(f"`{' '.join(command)}` was not done within {seconds:.0f} s.") from exc
    if done.returncode:
        raise BenchmarkFailed(f"`{' '.join(command)}` failed:\n{(done.stderr or done.stdout).strip()[-3000:]}")
    return done.stdout
