"""Requests that come together share a commit, and each gets its own answer."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from django.test import Client

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
from workflows.intake import grouping
from workflows.models import Event, Run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project(monkeypatch):
    monkeypatch.setattr("workflows.engine.ringing.ring", lambda lanes: None)
    project = make_project()
    make_signing_key(project)
    make_app_event(project)
    integration = make_integration(project)
    workflow = make_workflow(integration)
    for number in range(4):
        switch_on(workflow, make_credential(integration, make_connected_user(project, f"user-{number}")))
    return project


def send(project, number, *, name="Lead Created", key=""):
    try:
        return Client().post(
            f"/projects/{project.pk}/sdk/events/trigger",
            json.dumps({"name": name, "payload": {"number": number}}),
            content_type="application/json",
            headers=bearer(user_token(f"user-{number % 4}")) | ({"Idempotency-Key": key} if key else {}),
        )
    finally:
        connection.close()


def test_forty_requests_at_a_time_are_each_stored_once_and_answered_for_themselves(project, monkeypatch):
    sizes = []
    receive_all = grouping.receive_all
    monkeypatch.setattr(grouping, "receive_all", lambda arrivals: sizes.append(len(arrivals)) or receive_all(arrivals))

    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(
                lambda number: send(project, number, name="Nope" if number % 10 == 9 else "Lead Created"), range(80)
            )
        )

    stored = {event.payload["number"]: str(event.pk) for event in Event.objects.all()}
    for number, answer in enumerate(answers):
        if number % 10 == 9:
            assert answer.status_code == 404
        else:
            assert answer.status_code == 201 and answer.json()["event_id"] == stored[number]
    assert len(stored) == Run.objects.count() == 72
    assert max(sizes) > 1, "nothing was ever shared"


def test_one_key_sent_many_times_at_once_starts_one_run(project):
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: send(project, 0, key="same"), range(24)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["event_id"] for answer in answers}) == Run.objects.count() == 1


def test_a_database_that_is_away_is_said_to_everyone_in_the_group_and_leaves_no_one_waiting(project, monkeypatch):
    def away(arrivals):
        raise OperationalError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(grouping, "receive_all", away)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: send(project, number), range(16)))

    assert {answer.status_code for answer in answers} == {503}
    assert answers[0].headers["Retry-After"] and answers[0].json()["code"] == "database_unavailable"
    assert send(project, 1).status_code == 201
