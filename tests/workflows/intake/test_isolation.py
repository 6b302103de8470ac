"""Whatever one arrival raises, at whatever place, is answered to it alone; the others of its group are stored once."""

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
)

from integrations.models import Credential, CredentialStatus
from projects import database_refusals
from projects.user_tokens import UserToken
from tests.factories import (
    bearer,
    lead_definition,
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
from workflows.errors import BadEvent
from workflows.intake import grouping, receiving, writing
from workflows.intake.receiving import Arrival, Received, receive_all
from workflows.models import Event, IdempotencyKey, Run

pytestmark = pytest.mark.django_db(transaction=True)

POISON = {"poison": True}


@pytest.fixture(autouse=True)
def _no_bell(monkeypatch):
    monkeypatch.setattr("workflows.engine.ringing.ring", lambda lanes: None)
    yield
    database_refusals.forget()


def make_acme(**changes):
    """A project with a user whose workflow starts at each event."""
    project = make_project(**changes)
    make_signing_key(project)
    make_app_event(project)
    integration = make_integration(project)
    workflow = make_workflow(integration, draft=lead_definition(order_by="{{ trigger.key }}"))
    switch_on(workflow, make_credential(integration, make_connected_user(project)))
    return project


@pytest.fixture
def acme():
    return make_acme()


@pytest.fixture
def globex():
    return make_acme(name="Globex")


def send(project, payload, key=""):
    try:
        return WsgiClient().post(
            f"/projects/{project.pk}/sdk/events/trigger",
            json.dumps({"name": "Lead Created", "payload": payload}),
            headers=bearer(user_token()) | ({"Idempotency-Key": key} if key else {}),
        )
    finally:
        connection.close()


def send_in_one_group(monkeypatch, *calls):
    """The answers to calls that share a commit: each is begun while a first one, of its own, is held up."""
    gate, sizes, real = threading.Event(), [], grouping.receive_all

    def held(arrivals):
        if not sizes:
            gate.wait(60)
        sizes.append(len(arrivals))
        return real(arrivals)

    monkeypatch.setattr(grouping, "receive_all", held)
    answers = {}
    threads = []
    for number, call in enumerate(calls):
        threads.append(threading.Thread(target=lambda number=number, call=call: answers.update({number: call()})))
        threads[-1].start()
        while len(grouping._gathering._queue) < number or not grouping._gathering._is_led:
            time.sleep(0.001)
    gate.set()
    for thread in threads:
        thread.join()
    assert sizes == [1, len(calls) - 1]
    return [answers[number] for number in range(len(calls))]


def is_poisoned(payload):
    return payload.get("poison", False)


@contextmanager
def poisoned_writer(monkeypatch, error):
    real = writing.write

    def write(group):
        if any(is_poisoned(row[4]) for row in group.events):
            raise error
        return real(group)

    with monkeypatch.context() as patched:
        patched.setattr(writing, "write", write)
        yield


def raise_for_poison(real, error, payload_of, *given):
    if is_poisoned(payload_of(*given)):
        raise error
    return real(*given)


@contextmanager
def poisoned_place(monkeypatch, error, place):
    """One of the functions between the door and the writer fails for the poisoned event."""
    payload_of = {
        "order_key": lambda definition, payload: payload,
        "_event_row": lambda intent: intent.arrival.payload,
        "_intent": lambda arrival, known, now: arrival.payload,
    }[place]
    with monkeypatch.context() as patched:
        patched.setattr(receiving, place, partial(raise_for_poison, getattr(receiving, place), error, payload_of))
        yield


@contextmanager
def poisoned_table(monkeypatch, error):
    """The database itself refuses the poisoned event, in the middle of the group's statement."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "CREATE TRIGGER poison BEFORE INSERT ON workflows_event WHEN json_extract(NEW.payload, '$.poison') "
                "BEGIN SELECT RAISE(ABORT, 'poison'); END"
            )
        else:
            cursor.execute(
                "CREATE FUNCTION poison() RETURNS trigger AS $$BEGIN IF NEW.payload ? 'poison' THEN "
                f"RAISE EXCEPTION 'poison' USING ERRCODE = '{error}'; END IF; RETURN NEW; END$$ LANGUAGE plpgsql"
            )
            cursor.execute(
                "CREATE TRIGGER poison BEFORE INSERT ON workflows_event FOR EACH ROW EXECUTE FUNCTION poison()"
            )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("DROP TRIGGER poison")
            else:
                cursor.execute("DROP TRIGGER poison ON workflows_event")
                cursor.execute("DROP FUNCTION poison()")


PLACES = [
    *(
        pytest.param(partial(poisoned_writer, error=error("poison")), id=f"writer {error.__name__}")
        for error in (
            *(RecursionError, MemoryError, TypeError, OverflowError, UnicodeError, AssertionError, Exception),
            *(DataError, IntegrityError, ProgrammingError, InternalError, DatabaseError),
        )
    ),
    *(
        pytest.param(partial(poisoned_place, error=ZeroDivisionError("poison"), place=place), id=place)
        for place in ("order_key", "_event_row", "_intent")
    ),
    *(
        pytest.param(partial(poisoned_table, error=state), id=f"table {state}")
        for state in ("22003", "23514", "54000", "54001", "57014", "53200", "P0001", "XX000")
    ),
]


@pytest.mark.parametrize("poisoned", PLACES)
def test_one_poisoned_event_of_a_group_is_refused_and_the_others_are_stored_once(acme, globex, monkeypatch, poisoned):
    with poisoned(monkeypatch):
        first, good, bad, other, last = send_in_one_group(
            monkeypatch,
            lambda: send(acme, {"number": 0}),
            lambda: send(acme, {"number": 1}, key="one"),
            lambda: send(acme, POISON | {"number": 2}, key="two"),
            lambda: send(globex, {"number": 3}, key="three"),
            lambda: send(acme, {"number": 4}),
        )

    assert [answer.status_code for answer in (first, good, other, last)] == [201] * 4
    assert bad.status_code >= 400 and "poison" not in bad.json()["message"]
    stored = {event.payload["number"]: str(event.pk) for event in Event.objects.all()}
    assert stored == {0: first.json()["event_id"], 1: good.json()["event_id"], 3: other.json()["event_id"]} | {
        4: last.json()["event_id"]
    }
    assert Event.objects.count() == Run.objects.count() == 4
    assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"one", "three"}

    again = send(acme, POISON | {"number": 2}, key="two")
    assert (again.status_code, again.headers.get("Idempotency-Replayed")) == (201, None)
    repeated = send(acme, {"number": 1}, key="one")
    assert repeated.headers["Idempotency-Replayed"] == "true" and repeated.json() == good.json()
    assert Event.objects.count() == 5


def test_a_group_of_nothing_but_poison_refuses_each_and_is_over(acme, monkeypatch):
    with poisoned_writer(monkeypatch, TypeError("poison")):
        answers = send_in_one_group(
            monkeypatch,
            lambda: send(acme, {"number": 0}),
            *[lambda number=number: send(acme, POISON | {"number": number}) for number in range(1, 9)],
        )

    assert [answer.status_code for answer in answers] == [201] + [500] * 8
    assert send(acme, {"number": 10}).status_code == 201


def arrival(project, payload, **changes):
    token = UserToken(project.pk, "user-1", time.time() + 60, None, {})
    return replace(Arrival(token, "Lead Created", payload), **changes)


def nested(levels):
    value = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "payload",
    [nested(300), nested(5000), {"a": 10**30}, {"a": "\ud800"}, {"a": {1, 2}}, {1: 2}, {"key": 10**5000}],
    ids=["deep", "deeper", "long number", "surrogate", "set", "key", "thousands of digits"],
)
def test_what_no_writer_writes_harms_nobody_though_no_door_had_kept_it_out(acme, payload):
    before, culprit, after = receive_all(
        [arrival(acme, {"n": 1}), arrival(acme, payload, idempotency_key="k"), arrival(acme, {"n": 2})]
    )

    assert isinstance(before, Received) and isinstance(after, Received)
    assert isinstance(culprit, Exception)
    assert Event.objects.count() == Run.objects.count() == 2


def test_a_value_that_the_database_refuses_is_the_senders_to_mend(acme, monkeypatch):
    with poisoned_writer(monkeypatch, DataError("out of range")):
        answer = send(acme, POISON)

    assert answer.status_code == 400 and answer.json()["code"] == BadEvent.code
    assert "out of range" not in answer.json()["message"]


def test_a_database_that_goes_away_between_the_halves_refuses_only_what_it_has_not_stored(acme, monkeypatch):
    real, calls = writing.write, []

    def write(group):
        calls.append(len(group.events))
        if len(calls) == 1:
            raise TypeError("poison")
        if len(calls) > 2:
            raise OperationalError("gone")
        return real(group)

    monkeypatch.setattr(writing, "write", write)

    answers = receive_all([arrival(acme, {"n": number}) for number in range(8)])

    assert [isinstance(answer, Received) for answer in answers] == [True] * 4 + [False] * 4
    assert Event.objects.count() == 4
    assert calls == [8, 4, 4], "a database that is away was asked for each event"


def test_a_bell_that_fails_after_the_commit_has_nothing_stored_twice(acme, monkeypatch):
    def broken(lanes):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("workflows.engine.ringing.ring", broken)

    answers = send_in_one_group(monkeypatch, *[lambda number=number: send(acme, {"n": number}) for number in range(4)])

    assert [answer.status_code for answer in answers] == [201] * 4
    assert Event.objects.count() == Run.objects.count() == 4


def test_parked_events_are_stored_once_though_it_fails_to_look_whether_they_may_go_on(acme, monkeypatch):
    def broken(lanes):
        raise OperationalError("gone")

    Credential.objects.update(status=CredentialStatus.INVALID)
    monkeypatch.setattr("workflows.engine.parking.resume_valid", broken)

    answers = send_in_one_group(monkeypatch, *[lambda number=number: send(acme, {"n": number}) for number in range(4)])

    assert [answer.status_code for answer in answers] == [201] * 4
    assert Event.objects.count() == Run.objects.parked().count() == 4


def test_a_count_that_fails_after_the_commit_takes_no_answer_back(acme, monkeypatch):
    def broken(size):
        raise MemoryError

    monkeypatch.setattr(grouping.counting, "commit_shared", broken)

    assert send(acme, {"n": 1}).status_code == 201
