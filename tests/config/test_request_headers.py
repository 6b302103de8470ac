"""Headers that a server can not read: the event is refused, since without them it would be another one."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.config.test_graceful_stop import start_web  # noqa: F401 - a fixture
from tests.factories import bearer, make_app_event, make_project, make_signing_key, user_token
from tests.support.wsgi import WsgiClient
from workflows.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

BODY = json.dumps({"name": "Lead Created", "payload": {}}).encode()
VALUES = ["commande-é-1".encode(), "commande-é-1".encode("latin-1"), "order – 1".encode(), b"\xff", b"", b"  "]
NAMES = ["Idempotency-Key", "X-Paragon-Credential", "X-Paragon-Configuration-Id"]


def send_bytes(url, path, header):
    """The status and body of an answer to a request with this header line, sent as it is."""
    to = urlsplit(url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {to.netloc}\r\nAuthorization: {bearer(user_token())['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\nConnection: close\r\n"
    )
    with socket.create_connection((to.hostname, to.port), timeout=30) as connection:
        connection.sendall(head.encode() + header + b"\r\n\r\n" + BODY)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_the_web_server_hands_on_that_there_was_a_header_it_could_not_read(start_web):  # noqa: F811
    web = start_web()
    path = urlsplit(web._event_url).path

    for name in NAMES:
        for value in VALUES:
            status, body = send_bytes(web.url, path, f"{name}: ".encode() + value)
            assert (
                status == 400
                and body["code"] == "bad_header"
                and name in body["message"]
                and "ASCII" in body["message"]
            )
    assert Event.objects.count() == 0

    status, _ = send_bytes(web.url, path, b"Idempotency-Key: order-1")
    assert status == 201 and Event.objects.count() == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["commande-é-1", "", " ", "a\x01b"])
def test_a_server_that_hands_on_other_characters_is_told_the_same(name, value):
    project = make_project()
    make_signing_key(project)
    make_app_event(project)

    answer = WsgiClient().post(
        f"/projects/{project.pk}/sdk/events/trigger", BODY, headers=bearer(user_token()) | {name: value}
    )

    assert answer.status_code == 400 and answer.json()["code"] == "bad_header"
    assert Event.objects.count() == 0
