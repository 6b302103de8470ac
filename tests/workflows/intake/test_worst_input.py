"""The worst that can be sent, in groups with healthy events: no answer is a 5xx, and every healthy event is stored once."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import hypothesis
import pytest
from django.db import connection
from hypothesis import strategies as st

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
from workflows.models import Event, Run

pytestmark = pytest.mark.django_db(transaction=True)

_numbers = count()

TEXTS = st.text(max_size=20) | st.sampled_from(
    ["\x00", "\ud800", "\udc00x", "\uffff", "\u202e", "a\x00b", "{{ trigger.key }}", "\N{NO-BREAK SPACE}", "é" * 300]
)
NUMBERS = (
    st.integers()
    | st.floats()
    | st.sampled_from([2**63, 2**64, -(2**63) - 1, 10**30, 10**4000, 1e308, 5e-324, float("nan"), float("-inf")])
)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


def written(value: object) -> bytes:
    """JSON, if Python's writer can: with NaN, with half pairs as escapes, with integers of any size."""
    return json.dumps(value).encode()


@st.composite
def nestings(draw):
    opens, closes = draw(st.sampled_from([(b"[", b"]"), (b'{"a":', b"}"), (b'[{"":', b"}]")]))
    levels = draw(st.sampled_from([98, 99, 100, 101, 253, 254, 255, 512, 1023, 1024, 1025, 20_000]))
    return opens * levels + b"1" + closes * draw(st.sampled_from([levels, levels - 1, levels + 1]))


LITERALS = nestings() | st.sampled_from(
    [
        b"1e400",
        b"-1e999999999999",
        b"1E-400",
        b"0.1234567890123456789012",
        b"1" * 5000,
        b"-" + b"9" * 400,
        b"1." + b"0" * 9000,
    ]
    + [
        b'"\\u0000"',
        b'"\\ud800"',
        b'"\\udfff\\ud800"',
        b'"\x00"',
        b'"\xff\xfe"',
        b'"\xed\xa0\x80"',
        b"Infinity",
        b"-NaN",
    ]
)


@st.composite
def bodies(draw):
    """An event's bytes, with the worst somewhere in it, and often broken afterwards."""
    value = draw(VALUES.map(written) | LITERALS)
    key = draw(TEXTS.map(written))
    body = draw(
        st.sampled_from(
            [
                b'{"name": "Lead Created", "payload": {%b: %b}}' % (key, value),
                b'{"name": "Lead Created", "payload": {"key": %b}}' % value,
                b'{"name": "Lead Created", "payload": %b}' % value,
                b'{"name": %b, "payload": {}}' % value,
                b'{%b: %b, "name": "Lead Created"}' % (key, value),
                b'{"name": "Lead Created", "name": %b, "payload": {"a": 1, "a": %b}}' % (key, value),
                value,
            ]
        )
    )
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(body)))
        gone = draw(st.integers(0, 3))
        body = body[:at] + draw(st.binary(max_size=3)) + body[at + gone :]
    return body


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Idempotency-Key": st.sampled_from(["", "k", "é", "k" * 255, "k" * 256, "a\x00b", "\x7f", "{}"]),
        "X-Paragon-Credential": st.sampled_from(
            ["", "ext:", "ext:é", "0" * 36, "x" * 5000, "00000000-0000-0000-0000-000000000000"]
        ),
        "X-Paragon-Configuration-Id": st.sampled_from(["", "ext:a", "é"]),
        "Content-Encoding": st.sampled_from(["", "gzip", "GZIP ", "br", "gzip, gzip", "é"]),
    },
)
CONTENT_TYPES = st.sampled_from(
    ["application/json", "", "auto", "a/b; charset=utf-16", "a/b; charset=", "charset", "é", "a/b;" * 500]
)


@st.composite
def requests(draw):
    body, headers = draw(bodies()), draw(HEADERS)
    if draw(st.booleans()) and "gzip" in headers.get("Content-Encoding", "").lower():
        body = gzip.compress(body) + draw(st.sampled_from([b"", b"\x00", b"rest"]))
        body = body[: len(body) - draw(st.sampled_from([0, 0, 1, 9]))]
    return body, headers, draw(CONTENT_TYPES)


def make_target(name):
    project = make_project(name=name)
    make_signing_key(project)
    make_app_event(project)
    integration = make_integration(project)
    workflow = make_workflow(integration, draft=lead_definition(order_by="{{ trigger.key }}"))
    switch_on(workflow, make_credential(integration, make_connected_user(project)))
    return project


def send(project, body, headers, content_type="application/json"):
    try:
        return WsgiClient().post(
            f"/projects/{project.pk}/sdk/events/trigger",
            body,
            headers=bearer(user_token()) | headers,
            content_type=content_type,
        )
    finally:
        connection.close()


def test_no_input_is_answered_with_a_5xx_and_no_healthy_neighbour_notices(monkeypatch, caplog):
    monkeypatch.setattr("workflows.engine.ringing.ring", lambda lanes: None)
    acme, globex = make_target("Acme"), make_target("Globex")

    def healthy(project):
        number = next(_numbers)
        body = written({"name": "Lead Created", "payload": {"number": number}})
        return number, send(project, body, {"Idempotency-Key": f"healthy-{number}"})

    with ThreadPoolExecutor(8) as pool:

        @hypothesis.settings(max_examples=60, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
        @hypothesis.given(st.lists(requests(), min_size=2, max_size=6))
        def attack(worst):
            sent = [pool.submit(send, acme, *each) for each in worst[:1]]
            beside = [pool.submit(healthy, acme), pool.submit(healthy, globex)]
            sent += [pool.submit(send, acme, *each) for each in worst[1:]]
            beside.append(pool.submit(healthy, globex))

            for future in sent:
                answer = future.result()
                assert answer.status_code in {201, 400, 404, 409, 413, 415}, answer.content
                assert answer.status_code == 201 or answer.json()["message"]
            for future in beside:
                number, answer = future.result()
                assert answer.status_code == 201, answer.content
                stored = Event.objects.get(payload__number=number)
                assert str(stored.pk) == answer.json()["event_id"] and len(answer.json()["runs"]) == 1

        attack()

    assert "event.crashed" not in caplog.text and "group_failed" not in caplog.text
    assert Run.objects.filter(event__project=globex).count() == Event.objects.filter(project=globex).count()
