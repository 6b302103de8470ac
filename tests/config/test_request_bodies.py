"""Bodies that never come, over raw sockets to the real web process: they hold nobody up, and are given up in time."""

import json
import socket
from contextlib import ExitStack

import pytest
import requests

from config.request_bodies import LARGE_AT_ONCE, PIECE_BYTES
from tests.factories import bearer, make_app_event, make_project, make_signing_key, user_token
from tests.support.processes import free_port, module_running, wait_until_open

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 2
SECONDS_FOR_A_PIECE = 2
FORM = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def port():
    port = free_port()
    options = ("--port", str(port), "--workers", "1", "--blocking-threads", str(THREADS))
    changes = {"PLAIN_STATIC": "true", "WEB_BODY_SECONDS": str(SECONDS_FOR_A_PIECE)}
    with module_running("config.serving", *options, **changes):
        wait_until_open(port)
        yield port


def opened(stack: ExitStack, port: int, sent: bytes) -> socket.socket:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
    connection.sendall(sent)
    return connection


def answer_on(connection: socket.socket) -> tuple[int, dict]:
    received = b""
    while b"\r\n\r\n" not in received or not received.endswith(b"}"):
        received += connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_bodies_that_never_come_hold_up_no_other_request_and_are_answered_408(port: int):
    half = FORM + b"Content-Length: 1000\r\n\r\na=b"
    chunked = FORM + b"Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n"
    with ExitStack() as stack:
        held = [opened(stack, port, sent) for sent in (half, chunked) for _ in range(10 * THREADS)]

        live = requests.get(f"http://127.0.0.1:{port}/healthz/live", timeout=SECONDS_FOR_A_PIECE)
        page = requests.get(f"http://127.0.0.1:{port}/accounts/login/", timeout=60)
        answers = [answer_on(connection) for connection in held]

    assert live.status_code == page.status_code == 200
    assert {(status, body["code"], body["error"]["code"]) for status, body in answers} == {
        (408, "body_timeout", "body_timeout")
    }


def test_a_client_that_stays_after_408_holds_nobody_up_either(port: int):
    with ExitStack() as stack:
        held = [opened(stack, port, FORM + b"Content-Length: 9\r\n\r\na=b") for _ in range(10 * THREADS)]
        for connection in held:
            answer_on(connection)

        assert requests.get(f"http://127.0.0.1:{port}/accounts/login/", timeout=60).status_code == 200


def test_a_body_that_drips_is_given_up_and_one_that_comes_late_but_whole_is_taken(port: int):
    project = make_project()
    make_signing_key(project)
    make_app_event(project)
    event = json.dumps({"name": "Lead Created", "payload": {"text": "x" * 200_000}}).encode()
    head = (
        f"POST /projects/{project.pk}/sdk/events/trigger HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {bearer(user_token())['Authorization']}\r\nContent-Length: {len(event)}\r\n\r\n"
    ).encode()
    with ExitStack() as stack:
        late, dripping = (opened(stack, port, head + event[:1000]) for _ in range(2))
        late.sendall(event[1000:])
        status, body = answer_on(late)
        for byte in event[1000:1003]:
            dripping.sendall(bytes([byte]))
        given_up, _ = answer_on(dripping)

    assert status == 201 and "event_id" in body
    assert given_up == 408


def test_large_bodies_that_stop_on_their_way_keep_no_other_large_body_out(port: int):
    project = make_project()
    make_signing_key(project)
    make_app_event(project)
    headers = {"Authorization": bearer(user_token())["Authorization"]}
    event = {"name": "Lead Created", "payload": {"text": "x" * 200_000}}
    begun = FORM + b"Content-Length: 900000\r\n\r\n" + b"x" * PIECE_BYTES
    with ExitStack() as stack:
        held = [opened(stack, port, begun) for _ in range(2 * LARGE_AT_ONCE)]

        sent = requests.post(
            f"http://127.0.0.1:{port}/projects/{project.pk}/sdk/events/trigger", json=event, headers=headers, timeout=60
        )
        answers = [answer_on(connection)[0] for connection in held]

    assert sent.status_code == 201
    assert set(answers) == {408}


@pytest.mark.parametrize("length", [b"Content-Length: 90000000", b"Transfer-Encoding: chunked"])
def test_a_body_larger_than_any_call_takes_is_answered_413_before_it_has_come(port: int, length: bytes):
    piece = b"f4240\r\n" + b"x" * 1_000_000 + b"\r\n"
    with ExitStack() as stack:
        connection = opened(stack, port, FORM + length + b"\r\n\r\n" + (piece * 3 if b"chunked" in length else b""))

        status, body = answer_on(connection)

    assert (status, body["code"]) == (413, "body_too_large")


def test_who_does_not_read_the_answers_holds_up_nobody(port: int):
    asked = b"GET /static/editor.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(5 * THREADS):
            opened(stack, port, asked * 20)

        assert requests.get(f"http://127.0.0.1:{port}/accounts/login/", timeout=60).status_code == 200
