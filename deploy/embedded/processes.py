"""The processes and their supervisor: written as a configuration, started, watched, stopped."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import requests

from config import data_folder
from deploy.embedded.layout import ROOT, Layout
from lib.parenthood import die_with_parent

BIN = Path(sys.executable).parent
STOP_SECONDS = 20


class StackError(Exception):
    """The group did not start; the message says why."""


def _programs(layout: Layout) -> Mapping[str, str]:
    python = sys.executable
    threads = os.environ.get("WORKER_THREADS") or "8"
    return {
        "web": (
            f"{python} -m config.serving --host {layout.host} --port {layout.port} --workers 1 --blocking-threads 8 "
            f"--backlog 1024"
        ),
        "worker": (
            f"{BIN}/celery -A config worker --pool threads --concurrency {threads} --loglevel INFO "
            f"--without-gossip --without-mingle --without-heartbeat"
        ),
        "sandbox_org": f"{python} -m sandbox_org --host 127.0.0.1 --port {layout.sandbox_port} --data-dir {layout.data_dir}",
        "acme": f"{python} -m examples.acme",
    }


def _configuration(layout: Layout) -> str:
    """supervisord's configuration. A process that dies is started again at once, however often."""
    sections = [
        f"""[supervisord]
nodaemon=true
logfile={layout.logs}/supervisord.log
logfile_maxbytes=5MB
pidfile={layout.run_dir}/supervisord.pid
childlogdir={layout.logs}
directory={ROOT}
umask=077
"""
    ]
    for name, command in _programs(layout).items():
        sections.append(
            f"""[program:{name}]
command={command.replace("%", "%%")}
directory={ROOT}
umask=077
autostart=true
autorestart=true
startsecs=1
startretries=1000000
stopsignal=TERM
stopwaitsecs={STOP_SECONDS}
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={layout.logs}/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
"""
        )
    return "\n".join(sections)


class Stack:
    """The running group."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._supervisor: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Migrate, collect static files, start everything and wait until it answers. Raises StackError."""
        layout = self.layout
        data_folder.make(layout.data_dir)
        for folder in (layout.logs, layout.run_dir, layout.data_dir / "acme"):
            folder.mkdir(parents=True, exist_ok=True)
        self._check_ports()
        manage(layout, "migrate", "--no-input", "--verbosity", "0")
        manage(layout, "collectstatic", "--no-input", "--verbosity", "0")
        configuration = layout.run_dir / "supervisord.conf"
        configuration.write_text(_configuration(layout))
        self._supervisor = subprocess.Popen(
            [str(BIN / "supervisord"), "-c", str(configuration)],
            cwd=ROOT,
            env={**os.environ, **layout.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no thread runs yet
        )
        self._wait_until_up()

    def _check_ports(self) -> None:
        layout = self.layout
        for name, port in (
            ("PORT", layout.port),
            ("SANDBOX_PORT", layout.sandbox_port),
            ("ACME_PORT", layout.acme_port),
        ):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as exc:
                    raise StackError(
                        f"Port {port} is in use. Stop what runs there (`make stop`, if it is an Isthmus of this folder), "
                        f"or choose another by {name}=…"
                    ) from exc

    def _wait_until_up(self, seconds: float = 120) -> None:
        layout, ends_at = self.layout, time.monotonic() + seconds
        waiting = {
            "web, database, broker and worker": f"http://127.0.0.1:{layout.port}/healthz",
            "sandbox org": f"http://127.0.0.1:{layout.sandbox_port}/services/data",
            "Acme": f"http://127.0.0.1:{layout.acme_port}/healthz",
        }
        last = ""
        while waiting:
            for name, url in list(waiting.items()):
                try:
                    response = requests.get(url, timeout=3)
                except requests.RequestException as exc:
                    last = f"{name}: {type(exc).__name__}"
                else:
                    if response.ok:
                        del waiting[name]
                    else:
                        last = f"{name}: {response.text[:300]}"
            if self._supervisor and self._supervisor.poll() is not None:
                raise StackError(f"The supervisor ended. See {layout.logs}/supervisord.log")
            if waiting and time.monotonic() > ends_at:
                raise StackError(
                    f"Not up within {seconds:.0f} s: {', '.join(waiting)}. Last: {last}. Logs: {layout.logs}"
                )
            time.sleep(0.1)

    def wait(self) -> int:
        """Stay until the supervisor ends by itself; gives its exit code."""
        assert self._supervisor
        return self._supervisor.wait()

    def stop(self) -> None:
        """Stop everything that was started, politely, then for sure."""
        if self._supervisor is None or self._supervisor.poll() is not None:
            return
        self._supervisor.terminate()
        try:
            self._supervisor.wait(STOP_SECONDS + 10)
        except subprocess.TimeoutExpired:
            os.killpg(self._supervisor.pid, signal.SIGKILL)


def manage(layout: Layout, *arguments: str, **environment: str) -> str:
    """Run a management command; gives its standard output. Raises StackError with what it said."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **layout.environment, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise StackError(f"`manage.py {' '.join(arguments)}` failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def stop_left_over(layout: Layout) -> bool:
    """Stop a group that was left running from this data folder; whether there was one."""
    pidfile = layout.run_dir / "supervisord.pid"
    try:
        pid = int(pidfile.read_text())
        if b"supervisord" not in Path(f"/proc/{pid}/cmdline").read_bytes():
            return False
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return False
    for _ in range((STOP_SECONDS + 10) * 10):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.1)
    return True
