"""SIGTERM to the web process: what was begun is finished and answered, nothing new is taken."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

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


@pytest.fixture
def web():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            *(str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(port), "--workers", "1", "--blocking-threads", "8", "--no-ws", "--respawn-failed-workers"),
            "config.wsgi:application",
        ],
        cwd=ROOT,
        env=environment(PLAIN_STATIC="true"),
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                requests.get(f"{url}/healthz", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield process, url
    finally:
        process.kill()
        process.wait()


def test_events_in_hand_are_stored_and_answered_and_then_the_process_ends(web):
    process, url = web
    project = make_project()
    make_signing_key(project)
    make_app_event(project)
    integration = make_integration(project)
    switch_on(make_workflow(integration), make_credential(integration, make_connected_user(project)))
    answers = []

    def send():
        answers.append(
            requests.post(
                f"{url}/projects/{project.pk}/sdk/events/trigger",
                json.dumps({"name": "Lead Created", "payload": {}}),
                headers=bearer(user_token()) | {"Content-Type": "application/json"},
                timeout=30,
            ).status_code
        )

    send()
    senders = [threading.Thread(target=send) for _ in range(3)]
    with writes_held_up():
        for sender in senders:
            sender.start()
        time.sleep(1)  # they have been read, and wait for the database
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
        still_at_work = process.poll() is None
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{url}/healthz", timeout=2)
    for sender in senders:
        sender.join(30)

    assert still_at_work and answers == [201] * 4
    assert Event.objects.count() == 4
    assert process.wait(20) == 0
