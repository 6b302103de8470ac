"""A database that takes no writes, or has no room, is said to apps and to probes; nothing is accepted that is not stored."""

import json
import sqlite3
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from config import health
from projects import database_refusals
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
from tests.support.wsgi import WsgiClient
from workflows.models import Event, Run, WorkerPulse

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(health, "KEPT_SECONDS", -1.0)
    monkeypatch.setattr("workflows.engine.ringing.ring", lambda lanes: None)
    database_refusals.forget()
    yield
    database_refusals.forget()


@pytest.fixture
def project():
    project = make_project()
    make_signing_key(project)
    make_app_event(project)
    integration = make_integration(project)
    switch_on(make_workflow(integration), make_credential(integration, make_connected_user(project)))
    WorkerPulse.objects.create(name="one", beat_at=timezone.now())
    return project


def send(project):
    return WsgiClient().post(
        f"/projects/{project.pk}/sdk/events/trigger",
        json.dumps({"name": "Lead Created", "payload": {"note": "x" * 900_000}}),
        content_type="application/json",
        headers=bearer(user_token()),
    )


def run_sql(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def read_only():
    if connection.vendor == "sqlite":
        run_sql("PRAGMA query_only = ON")
    else:
        run_sql("SET default_transaction_read_only = on")
    try:
        yield
    finally:
        run_sql(
            "PRAGMA query_only = OFF" if connection.vendor == "sqlite" else "SET default_transaction_read_only = off"
        )


@contextmanager
def full():
    """No room for another page; PostgreSQL, whose disk is not ours to fill, refuses with the same SQLSTATE."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")  # free pages inside the file would do for a while
            cursor.execute("PRAGMA max_page_count")
            [before] = cursor.fetchone()
            cursor.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size instead: no page more
        try:
            yield
        finally:
            run_sql(f"PRAGMA max_page_count = {before}")
        return
    run_sql(
        "CREATE FUNCTION no_room() RETURNS trigger AS "
        "$$BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END$$ "
        "LANGUAGE plpgsql",
        "CREATE TRIGGER no_room BEFORE INSERT ON workflows_event EXECUTE FUNCTION no_room()",
    )
    try:
        yield
    finally:
        run_sql("DROP TRIGGER no_room ON workflows_event", "DROP FUNCTION no_room()")


@pytest.mark.parametrize(("trouble", "code"), [(read_only, "database_read_only"), (full, "disk_full")])
def test_an_event_is_refused_with_a_reason_and_a_time_and_taken_again_afterwards(project, trouble, code):
    with trouble():
        refused = send(project)
    counts = (Event.objects.count(), Run.objects.count())
    taken = send(project)

    assert refused.status_code == 503 and int(refused.headers["Retry-After"]) > 0
    assert refused.json()["code"] == refused.json()["error"]["code"] == code
    assert "nothing was stored" in refused.json()["message"]
    assert counts == (0, 0)
    assert taken.status_code == 201


def test_health_says_that_the_database_takes_no_writes(project):
    with read_only():
        answer = Client().get("/healthz")
    after = Client().get("/healthz")

    assert answer.status_code == 503 and answer.json()["database"]["ok"] is False
    assert "takes no writes" in answer.json()["database"]["message"]
    assert after.status_code == 200


def test_health_tells_for_a_while_of_a_disk_that_was_full(project, monkeypatch):
    with full():
        send(project)
    during = Client().get("/healthz")
    monkeypatch.setattr(health, "REFUSAL_REMEMBERED_SECONDS", 0.0)
    after = Client().get("/healthz")

    assert during.status_code == 503 and "disk is full" in during.json()["database"]["message"]
    assert after.status_code == 200


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="whose disk is another machine's")
def test_health_warns_before_sqlites_disk_is_full(project, monkeypatch):
    monkeypatch.setattr(health, "MIN_FREE_BYTES", 1 << 62)

    answer = Client().get("/healthz")

    assert answer.status_code == 503 and "MB" in answer.json()["database"]["message"]


def test_a_database_file_that_may_not_be_written_is_read_only_and_a_missing_one_is_away(tmp_path):
    path = tmp_path / "a.sqlite3"
    sqlite3.connect(path).execute("CREATE TABLE a (b)")

    def error_of(uri, statement):
        try:
            sqlite3.connect(uri, uri=True).execute(statement)
        except sqlite3.OperationalError as exc:
            error = OperationalError(str(exc))
            error.__cause__ = exc
            return error
        raise AssertionError("it worked")

    read_only_error = error_of(f"file:{path}?mode=ro", "INSERT INTO a VALUES (1)")
    missing_error = error_of(f"file:{tmp_path}/none/b.sqlite3?mode=rw", "SELECT 1")

    assert database_refusals.refusal_of(read_only_error).code == "database_read_only"
    assert database_refusals.refusal_of(missing_error).code == "database_unavailable"


def test_an_error_of_the_statement_is_no_refusal_of_the_database():
    assert database_refusals.refusal_of(ValueError("no")) is None
