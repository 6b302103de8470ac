"""`/metrics` tells who may know what was counted and what waits, and costs the hot path next to nothing."""

import base64
import json
import os
import subprocess
import sys
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
import requests
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config import metrics
from integrations import budgeting
from tests.factories import (
    bearer,
    make_app_event,
    make_connected_user,
    make_credential,
    make_integration,
    make_project,
    make_run,
    make_signing_key,
    make_workflow,
    switch_on,
    user_token,
)
from tests.support.processes import ROOT
from workflows.metrics import backlog, counting, exposing
from workflows.models import Lane, RunState, WorkerPulse

TOKEN = "a-token-of-the-tests"


@pytest.fixture(autouse=True)
def _fresh(settings, monkeypatch):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(backlog, "KEPT_SECONDS", -1.0)
    monkeypatch.setattr(backlog, "KEPT_FACTOR", -1)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def scrape():
    answer = Client().get("/metrics", headers=bearer(TOKEN) | {"Host": "10.1.2.3:8000"})
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain")
    return families_of(answer.content.decode())


def families_of(text):
    """{(name, labels without the process): sum over the processes}"""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(sorted((key, value) for key, value in sample.labels.items() if key != "process"))
            found[sample.name, labels] = found.get((sample.name, labels), 0.0) + sample.value
    return found


def value(found, name, **labels):
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer wrong",
        "Bearer " + TOKEN + "x",
        "Basic ???",
        basic(TOKEN, ""),
        basic("prometheus", "wrong"),
        TOKEN,
    ],
)
def test_who_has_not_the_token_is_told_how_to_come_in_and_nothing_else(authorization):
    answer = Client().get("/metrics", headers={"Authorization": authorization} if authorization else {})

    assert answer.status_code == 401 and answer.json()["error"]["code"] == "metrics_token"
    assert "Bearer" in answer.headers["WWW-Authenticate"] and b"isthmus_" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("authorization", ["Bearer " + TOKEN, "bearer " + TOKEN, basic("prometheus", TOKEN)])
def test_the_token_opens_as_bearer_and_as_the_password_of_basic(authorization):
    assert Client().get("/metrics", headers={"Authorization": authorization}).status_code == 200


@pytest.mark.django_db
def test_an_empty_token_opens_to_nobody(settings):
    settings.METRICS_TOKEN = ""

    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_events_are_counted_by_what_was_answered_and_timed(monkeypatch):
    monkeypatch.setattr("workflows.engine.ringing.ring", lambda lanes: None)
    project = make_project()
    make_signing_key(project)
    make_app_event(project)
    integration = make_integration(project)
    switch_on(make_workflow(integration), make_credential(integration, make_connected_user(project)))

    def send(name="Lead Created", token=None, key=""):
        Client().post(
            f"/projects/{project.pk}/sdk/events/trigger",
            json.dumps({"name": name, "payload": {}}),
            content_type="application/json",
            headers=bearer(token or user_token()) | ({"Idempotency-Key": key} if key else {}),
        )

    before = scrape()
    send()
    send(key="once")
    send(key="once")
    send(name="Nope")
    send(token="not a token")
    after = scrape()

    def more(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    codes = {
        dict(labels)["code"]: after[name, labels] - before.get((name, labels), 0)
        for name, labels in after
        if name == "isthmus_intake_requests_total"
    }
    assert {code: number for code, number in codes.items() if number} == {
        "accepted": 2,
        "repeated": 1,
        "unknown_app_event": 1,
        "token_malformed": 1,
    }
    assert more("isthmus_intake_seconds_count") == 5 and more("isthmus_intake_seconds_sum") > 0
    assert more("isthmus_intake_commit_events_count") == 4
    assert value(after, "isthmus_backlog_runs") == 2


@pytest.mark.django_db
def test_the_backlog_is_told_as_the_database_knows_it():
    now = timezone.now()
    project = make_project()
    integration = make_integration(project)
    workflow = make_workflow(integration)
    first, second, gone = (
        make_credential(
            integration,
            make_connected_user(project, name),
            provider_id=f"00D{name}",
            api_limit=1000,
            api_used=used,
            api_checked_at=now,
        )
        for name, used in (("one", 900), ("two", 10), ("three", 999))
    )
    Lane.objects.update_or_create(credential=first, defaults={"crashes": 2})
    type(gone).objects.filter(pk=gone.pk).update(removed_at=now, status="INVALID")
    Lane.objects.filter(pk=second.pk).update(
        paused_until=now + timedelta(hours=1), lease_token=uuid4(), leased_until=now + timedelta(seconds=30)
    )

    def add(credential, state, wake_at):
        make_run(workflow=workflow, credential=credential, state=state, wake_at=wake_at)

    for ago in (100, 50):
        add(first, RunState.QUEUED, now - timedelta(seconds=ago))
    add(second, RunState.QUEUED, now - timedelta(seconds=9000))
    add(first, RunState.WAITING, now + timedelta(hours=1))
    for state in (RunState.PARKED, RunState.ASKING, RunState.SUCCEEDED, RunState.FAILED):
        add(first, state, now)
    WorkerPulse.objects.create(name="a", beat_at=now - timedelta(seconds=4))
    WorkerPulse.objects.create(name="b", beat_at=now - timedelta(days=1))

    found = scrape()

    gauges = (
        "backlog_runs",
        "paused_runs",
        "waiting_runs",
        "parked_runs",
        "asking_runs",
        "lanes_leased",
        "lanes_paused",
        "lanes_stuck",
    )
    assert {name: value(found, f"isthmus_{name}") for name in gauges} == {
        "backlog_runs": 2,
        "paused_runs": 1,
        "waiting_runs": 1,
        "parked_runs": 1,
        "asking_runs": 1,
        "lanes_leased": 1,
        "lanes_paused": 1,
        "lanes_stuck": 1,
    }
    assert 100 <= value(found, "isthmus_oldest_due_seconds") < 9000, "what a paused lane holds is not due"
    assert (
        4 <= value(found, "isthmus_worker_pulse_age_seconds") < 24 * 3600 and value(found, "isthmus_worker_hosts") == 1
    )
    assert value(found, "isthmus_org_api_calls_used", provider="salesforce", org="00Done") == 900
    assert value(found, "isthmus_org_api_calls_limit", provider="salesforce", org="00Dtwo") == 1000
    assert value(found, "isthmus_org_api_calls_spent_seconds", provider="salesforce", org="00Done") == 0
    assert value(found, "isthmus_org_api_calls_spent_seconds", provider="salesforce", org="00Dtwo") == float("inf")
    assert not any("00Dthree" in str(key) for key in found)
    assert value(found, "isthmus_credentials", status="valid") == 2
    assert value(found, "isthmus_database_up") == 1


@pytest.mark.django_db
def test_the_time_until_an_orgs_share_is_used_up_is_forecast():
    credential = make_credential(provider_id="00Dbusy")
    now = timezone.now()
    for minutes_ago, used in ((60, 400), (0, 600)):
        at = now - timedelta(minutes=minutes_ago)
        budgeting.note(credential, used=used, limit=1000, own_calls=1, now=at)

    left = value(scrape(), "isthmus_org_api_calls_spent_seconds", provider="salesforce", org="00Dbusy")

    assert 3590 < left <= 3600, "200 of the 800 are left, at 200 an hour"


@pytest.mark.django_db
def test_only_the_orgs_nearest_to_their_limit_get_a_series(monkeypatch):
    monkeypatch.setattr(backlog, "MAX_ORGS", 2)
    project = make_project()
    integration = make_integration(project)
    for number, used in enumerate((10, 900, 500)):
        user = make_connected_user(project, f"user-{number}")
        make_credential(
            integration, user, provider_id=f"org{used}", api_limit=1000, api_used=used, api_checked_at=timezone.now()
        )

    orgs = {dict(labels)["org"] for name, labels in scrape() if name == "isthmus_org_api_calls_used"}

    assert orgs == {"org900", "org500"}


@pytest.mark.django_db
def test_the_database_is_asked_once_however_many_scrape(monkeypatch, django_assert_num_queries):
    collector = backlog.BacklogCollector()
    monkeypatch.setattr(backlog, "KEPT_SECONDS", 60.0)
    list(collector.collect())

    with django_assert_num_queries(0):
        list(collector.collect())


@pytest.mark.django_db
def test_a_look_that_took_long_is_kept_for_long(monkeypatch, django_assert_num_queries):
    collector = backlog.BacklogCollector()
    monkeypatch.setattr(backlog, "KEPT_FACTOR", 1_000_000)
    list(collector.collect())

    with django_assert_num_queries(0):
        list(collector.collect())


@pytest.mark.django_db
def test_without_the_database_the_processes_counts_are_still_told(monkeypatch):
    def away(*_):
        raise OperationalError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(backlog, "_row", away)
        patched.setattr(connection, "close", lambda: None)  # it is the test's own
        found = scrape()

    assert value(found, "isthmus_database_up") == 0
    assert ("isthmus_intake_requests_total", (("code", "accepted"),)) in found


def test_what_every_process_of_the_host_counts_is_told_while_it_lives(tmp_path):
    code = (
        "import django; django.setup()\n"
        "from workflows.metrics import counting, exposing\n"
        "counting.lease_lost(); counting.runs_ended('failed', 3)\n"
        "print('counted', flush=True); input()\n"
        "print(exposing.processes_alone().decode(), flush=True)\n"
    )
    more = {"METRICS_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3"}
    begin = {"cwd": ROOT, "env": {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **more}, "text": True}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    killed, ended, teller = (subprocess.Popen([sys.executable, "-c", code], **begin, **pipes) for _ in range(3))
    try:
        for each in (killed, ended, teller):
            assert each.stdout.readline() == "counted\n"
        killed.kill()
        killed.wait()
        text, _ = teller.communicate("\n", timeout=30)
        left, _ = ended.communicate("\n", timeout=30)
    finally:
        for each in (killed, ended, teller):
            each.kill()

    found = families_of(text)
    assert value(found, "isthmus_lease_losses_total") == 2, "two live, one is gone"
    assert value(found, "isthmus_runs_ended_total", state="failed") == 6
    assert text.count("# TYPE isthmus_lease_losses_total") == 1
    assert value(families_of(left), "isthmus_lease_losses_total") == 1
    assert not list(tmp_path.rglob("*.db")), "who ends in order leaves nothing"


def test_a_folder_that_can_not_be_written_keeps_no_process_from_working(tmp_path):
    (tmp_path / "metrics").write_text("a file where the folder should be")
    code = (
        "import django; django.setup()\n"
        "from workflows.metrics import counting, exposing\n"
        "counting.lease_lost(); print(exposing.processes_alone().decode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "METRICS_DIR": str(tmp_path / "metrics"),
            "DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert value(families_of(done.stdout), "isthmus_lease_losses_total") == 1
    assert "metrics.not_shared" in done.stderr


def test_a_worker_tells_what_it_counted_on_a_port_of_its_own_to_who_has_the_token():
    with metrics.serve("127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        refused = requests.get(f"{url}/metrics", timeout=30)
        elsewhere = requests.get(f"{url}/", headers=bearer(TOKEN), timeout=30)
        told = requests.get(f"{url}/metrics", headers=bearer(TOKEN), timeout=30)
        server.shutdown()

    assert refused.status_code == 401 and refused.json()["code"] == "metrics_token"
    assert elsewhere.status_code == 404
    assert {answer.headers["X-Content-Type-Options"] for answer in (refused, elsewhere, told)} == {"nosniff"}
    assert told.status_code == 200 and "isthmus_lease_losses_total" in told.text
    assert "isthmus_backlog_runs" not in told.text


def test_two_workers_of_a_host_share_the_port():
    with metrics.serve("127.0.0.1", 0) as one, metrics.serve("127.0.0.1", one.server_port) as other:
        assert one.server_port == other.server_port
        for server in (one, other):
            server.shutdown()


def test_counting_an_event_takes_few_calls_however_many_were_counted_before():
    def calls_of_one():
        calls = []
        sys.setprofile(lambda frame, event, argument: calls.append(event))
        try:
            counting.request_answered("accepted", 0.01)
        finally:
            sys.setprofile(None)
        return sum(event in ("call", "c_call") for event in calls)

    counting.request_answered("accepted", 0.01)  # the first one makes the series
    first = calls_of_one()
    for _ in range(5_000):
        counting.request_answered("accepted", 0.01)

    assert calls_of_one() == first <= 40


def test_threads_lose_no_counts():
    def count():
        for _ in range(2_000):
            counting.lease_lost()

    before = value(families_of(exposing.processes_alone().decode()), "isthmus_lease_losses_total")
    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = value(families_of(exposing.processes_alone().decode()), "isthmus_lease_losses_total")

    assert after - before == 8_000
