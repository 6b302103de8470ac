"""A web process that is asked to stop: for a while it refuses, what was begun is finished and answered, then it closes."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from django.db import connection

from tests.factories import (
    bearer,
    make_app_event,
    make_connected_user,
    make_credential,
    make_integration,
    make_project,
    make_signing_key,
    make_workflow,
    switch_on,
    user_token,
)
from tests.support.processes import ROOT, database_url, environment
from workflows.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

NEVER = "60"
"""A linger that no test sees the end of."""
WITHOUT_SHARED_MEMORY = """
import tempfile

def refuse(*args, **options):
    raise OSError("Read-only file system")

tempfile.mkstemp = tempfile.mkdtemp = refuse
from config import serving
serving.main()
"""


@contextmanager
def writes_held_up():
    """Nobody else can write an event meanwhile."""
    if connection.vendor == "sqlite":
        import sqlite3

        holder = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
    else:
        holder = psycopg.connect(database_url())
        holder.execute("LOCK TABLE workflows_event IN ACCESS EXCLUSIVE MODE")
    try:
        yield
    finally:
        holder.close()


class Web:
    """A running web process, with a project that takes events."""

    def __init__(self, process, url, log):
        self.process, self.url, self._log = process, url, log
        project = make_project()
        make_signing_key(project)
        make_app_event(project)
        integration = make_integration(project)
        switch_on(make_workflow(integration), make_credential(integration, make_connected_user(project)))
        self._event_url = f"{url}/projects/{project.pk}/sdk/events/trigger"

    @property
    def port(self):
        return urlsplit(self.url).port

    @property
    def log(self):
        return self._log.read_text()

    def get(self, path):
        return requests.get(f"{self.url}{path}", timeout=30)

    def send_event(self):
        return requests.post(
            self._event_url,
            json.dumps({"name": "Lead Created", "payload": {}}),
            headers=bearer(user_token()) | {"Content-Type": "application/json"},
            timeout=30,
        )

    @contextmanager
    def events_in_hand(self, count):
        """Within the block, so many events wait for the database; gives what they are answered: statuses, or "cut".

        They are with threads of the web process by then: it hands requests over in their turn, and later ones are answered.
        """
        self.send_event()  # the first takes longest
        answers, are_sent = [], threading.Barrier(count + 1)

        def send():
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            body = json.dumps({"name": "Lead Created", "payload": {}})
            link.request("POST", urlsplit(self._event_url).path, body, bearer(user_token()))
            are_sent.wait()
            try:
                answers.append(link.getresponse().status)
            except (http.client.HTTPException, OSError):
                answers.append("cut")
            link.close()

        senders = [threading.Thread(target=send) for _ in range(count)]
        with writes_held_up():
            for sender in senders:
                sender.start()
            are_sent.wait()
            for _ in range(3):
                self.get("/healthz/live")
            yield answers
        for sender in senders:
            sender.join()

    def ask_to_stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def is_listening(self):
        try:
            self.get("/healthz/live")
        except requests.ConnectionError:
            return False
        return True

    def is_stopping(self):
        return self.get("/healthz/live").status_code == 503

    def workers(self):
        parent = self.process.pid
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def wait_until(is_so, seconds=60):
    ends_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends_at, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def start_web(tmp_path):
    processes = []

    def start(*program, **variables):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = tmp_path / "web.log"
        with log.open("wb") as file:
            processes.append(
                subprocess.Popen(
                    [
                        *(sys.executable, *(program or ("-m", "config.serving")), "--port", str(port)),
                        *("--workers", "1", "--blocking-threads", "8"),
                    ],
                    cwd=ROOT,
                    env=environment(PLAIN_STATIC="true", **variables),
                    stdout=file,
                    stderr=subprocess.STDOUT,
                )
            )
        web = Web(processes[-1], f"http://127.0.0.1:{port}", log)
        wait_until(web.is_listening)
        return web

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_while_it_lingers_new_events_are_refused_and_those_in_hand_are_stored(start_web):
    web = start_web(WEB_LINGER_SECONDS=NEVER)
    kept = requests.Session()
    with web.events_in_hand(3) as answers:
        kept.get(f"{web.url}/healthz/live", timeout=30)

        web.ask_to_stop()
        wait_until(web.is_stopping)
        refused, page, kept_answer = web.send_event(), web.get("/accounts/login/"), kept.get(f"{web.url}/", timeout=30)
        probes = [web.get(path) for path in ("/healthz", "/healthz/live")]
    refused_with_room = web.send_event()
    web.ask_to_stop()

    assert web.process.wait(60) == 0
    for each in (refused, refused_with_room):
        assert each.status_code == 503 and each.json()["code"] == each.json()["error"]["code"] == "stopping"
        assert each.headers["Retry-After"] == "5"
    assert page.status_code == kept_answer.status_code == 200
    for probe in probes:
        assert probe.status_code == 503 and probe.json()["web"] == {"ok": False, "message": "is about to stop"}
    assert {each.headers["Connection"] for each in (refused, page, kept_answer, *probes)} == {"close"}
    assert answers == [201] * 3 and Event.objects.count() == 4
    assert "web.lingers" in web.log and "ERROR" not in web.log


def test_when_the_linger_is_over_it_closes_and_what_takes_too_long_is_cut(start_web):
    web = start_web(WEB_LINGER_SECONDS="3", WEB_FINISH_SECONDS="3")
    with web.events_in_hand(1) as answers:
        web.ask_to_stop()
        wait_until(web.is_stopping)  # it lingers: it answers, and refuses
        wait_until(lambda: not web.is_listening())
        still_at_work = web.process.poll() is None
        ended = web.process.wait(60)

    assert still_at_work and ended == 0
    assert answers == ["cut"]  # PostgreSQL may have stored it all the same, when the lock was free again


def test_a_worker_that_is_started_meanwhile_refuses_too_and_a_second_signal_ends_it(start_web):
    web = start_web(WEB_LINGER_SECONDS=NEVER)
    [worker] = web.workers()

    web.ask_to_stop()
    wait_until(web.is_stopping)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: web.workers() not in ([], [worker]) and web.is_listening())
    refused = web.send_event()
    web.ask_to_stop()

    assert web.process.wait(60) == 0
    assert refused.status_code == 503 and refused.json()["code"] == "stopping"
    assert Event.objects.count() == 0


def test_ctrl_c_closes_at_once_and_finishes_what_is_in_hand(start_web):
    web = start_web(WEB_LINGER_SECONDS=NEVER)
    with web.events_in_hand(3) as answers:
        web.ask_to_stop(signal.SIGINT)
        wait_until(lambda: not web.is_listening())
        still_at_work = web.process.poll() is None

    assert still_at_work and answers == [201] * 3
    assert Event.objects.count() == 4
    assert web.process.wait(60) == 0


def test_without_a_linger_it_closes_at_once(start_web):
    web = start_web(WEB_LINGER_SECONDS="0")
    web.ask_to_stop()

    assert web.process.wait(60) == 0
    assert "web.lingers" not in web.log


def test_where_no_memory_can_be_shared_it_serves_all_the_same_and_closes_at_once(start_web):
    web = start_web("-c", WITHOUT_SHARED_MEMORY, WEB_LINGER_SECONDS=NEVER)
    served = web.send_event()
    web.ask_to_stop()

    assert web.process.wait(60) == 0
    assert served.status_code == 201
    assert "WARNING config.serving web.closes_at_once error=Read-only file system" in web.log
