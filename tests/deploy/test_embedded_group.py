"""`make demo` and `make run`: what they print, that they can be done again, and that what dies is started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import requests

from deploy.embedded.layout import Layout
from tests.support.stack import environment_of, own_database, running_stack
from tests.support.workers import wait_until

ROOT = Path(__file__).resolve().parents[2]
FACTS = {
    *(
        "ok",
        "base_url",
        "sandbox_url",
        "acme_url",
        "login",
        "sandbox_login",
        "sandbox_app",
        "project_id",
        "integration_id",
    ),
    *("workflow_id", "app_event", "user_id", "signing_key_file", "event_id", "run_id", "lead", "seconds"),
}
pytestmark = pytest.mark.xdist_group("stack")


def demo(environment: dict[str, str], **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.embedded", "demo"],
        cwd=ROOT,
        env={**os.environ, **environment, "ONCE": "1", **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.timeout(400)
def test_the_demo_ends_with_one_line_of_facts_and_can_be_done_again(tmp_path: Path) -> None:
    environment = environment_of(tmp_path)
    with own_database():
        first = demo(environment)
        assert first.returncode == 0, first.stdout + first.stderr
        facts = json.loads(first.stdout.strip().splitlines()[-1])
        second = demo(environment)
        assert second.returncode == 0, second.stdout + second.stderr

    assert set(facts) == FACTS and facts["ok"] is True
    assert set(facts["seconds"]) == {"setup", "start", "event_to_lead"}
    assert facts["lead"]["Company"] == "Lind & Daughters" and facts["lead"]["Id"].startswith("00Q")
    assert "PRIVATE KEY" in Path(facts["signing_key_file"]).read_text()
    again = json.loads(second.stdout.strip().splitlines()[-1])
    assert again["project_id"] == facts["project_id"]
    assert again["lead"]["Id"] != facts["lead"]["Id"]


@pytest.mark.timeout(400)
def test_the_demo_works_on_a_folder_that_was_made_with_other_ports(tmp_path: Path) -> None:
    with own_database():
        first, second = demo(environment_of(tmp_path)), demo(environment_of(tmp_path))

    assert first.returncode == 0 and second.returncode == 0, second.stdout + second.stderr
    before, after = (json.loads(each.stdout.strip().splitlines()[-1]) for each in (first, second))
    assert before["sandbox_url"] != after["sandbox_url"] and before["project_id"] == after["project_id"]
    assert f"anew: the org was at {before['sandbox_url']}" in second.stdout
    assert after["lead"]["Title"] == "Head of Sales" and after["lead"]["Id"] != before["lead"]["Id"]


@pytest.mark.timeout(300)
def test_all_that_a_start_writes_is_for_its_account_alone_and_sigint_stops_it_where_a_script_has_had_it_ignored(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    with own_database():
        started = subprocess.Popen(
            [sys.executable, "-m", "deploy.embedded", "run"],
            cwd=ROOT,
            env={**os.environ, **environment_of(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509 - nothing else runs here
        )
        assert started.stdout
        said = list(iter(started.stdout.readline, "Ctrl-C stops everything.\n"))
        open_to_others = {
            str(path.relative_to(folder))
            for path in [folder, *folder.rglob("*")]
            if path.stat().st_mode & 0o077 and "static" not in path.parts  # what browsers are served
        }
        started.send_signal(signal.SIGINT)
        rest = started.communicate(timeout=60)[0]

    assert open_to_others == set()
    assert started.returncode == 0 and "Stopping" in rest
    assert not any("isthmus-demo-1234" in line for line in said)  # there is no such account in a fresh folder


@pytest.mark.timeout(400)
def test_a_run_on_the_demos_folder_says_that_its_log_in_is_known_and_louder_where_others_reach_it(
    tmp_path: Path,
) -> None:
    with own_database():
        assert demo(environment_of(tmp_path)).returncode == 0
        here, elsewhere = (first_words(environment_of(tmp_path) | {"HOST": host}) for host in ("127.0.0.1", "0.0.0.0"))

    assert "builder@acme.example with the password isthmus-demo-1234, which everybody knows" in here
    assert "WARNING" not in here
    assert "WARNING" in elsewhere and "HOST is 0.0.0.0" in elsewhere


def first_words(environment: dict[str, str]) -> str:
    """What `make run` prints until it is up; it is stopped then."""
    started = subprocess.Popen(
        [sys.executable, "-m", "deploy.embedded", "run"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout
    said = "".join(iter(started.stdout.readline, "Ctrl-C stops everything.\n"))
    started.terminate()
    started.communicate(timeout=60)
    return said


def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        failed = demo(environment_of(tmp_path), PORT=str(taken.getsockname()[1]))

    assert failed.returncode == 1
    assert "is in use" in failed.stderr and "PORT=" in failed.stderr


def test_a_port_that_is_none_is_refused(tmp_path: Path) -> None:
    failed = demo(environment_of(tmp_path), PORT="http")

    assert failed.returncode != 0 and "PORT=http is not a port number" in failed.stderr


@pytest.mark.timeout(300)
def test_whatever_dies_is_started_again(tmp_path: Path) -> None:
    with running_stack(tmp_path) as layout:
        for name, url in {
            "web": f"{layout.base_url}/healthz",
            "sandbox_org": f"{layout.sandbox_url}/services/data",
            "acme": f"{layout.acme_url}/healthz",
        }.items():
            killed = _pid(layout, name)
            children = _children(killed)
            os.kill(killed, signal.SIGKILL)
            is_back = wait_until(partial(_is_back, url, children), seconds=60)
            assert is_back, f"{name} did not come back, or left {children} behind"
        before = _pid(layout, "worker")
        os.kill(before, signal.SIGKILL)
        assert wait_until(lambda: _pid(layout, "worker") not in (0, before), seconds=60), "the worker did not come back"


def _is_back(url: str, children: list[int]) -> bool:
    return _answers(url) and not any(Path(f"/proc/{child}").exists() for child in children)


def _children(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(each) for each in listed if "resource_tracker" not in Path(f"/proc/{each}/cmdline").read_text()]


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _pid(layout: Layout, name: str) -> int:
    """The process's id, as the supervisor's child with that name in its command; 0 while there is none."""
    supervisor = int((layout.run_dir / "supervisord.pid").read_text())
    marks = {"web": "config.serving", "worker": "celery", "sandbox_org": "sandbox_org", "acme": "examples.acme"}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(fields[1]) == supervisor and fields[0] != "Z" and marks[name] in command:
            return int(stat.parent.name)
    return 0
