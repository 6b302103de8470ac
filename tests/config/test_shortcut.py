"""The event endpoint's way past Django: what Django would have done for it is done all the same."""

import io
import json
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import get_resolver
from django.urls.converters import UUIDConverter

from lib import stopping
from lib.address_ids import IdConverter
from tests.factories import LEAD_CREATED, bearer, make_app_event, make_project, make_signing_key, user_token
from tests.support.wsgi import WsgiClient
from workflows.models import Event

pytestmark = pytest.mark.django_db

EVENT = json.dumps({"name": "Lead Created", "payload": LEAD_CREATED})


@pytest.fixture
def path():
    project = make_project()
    make_signing_key(project)
    make_app_event(project)
    return f"/projects/{project.pk}/sdk/events/trigger"


def send(path, body=EVENT, **environ):
    return WsgiClient().post(path, body, headers=bearer(user_token()), **environ)


def test_pages_of_any_origin_may_read_its_answers(path):
    accepted, refused = send(path), WsgiClient().post(path, EVENT)

    assert (accepted.status_code, refused.status_code) == (201, 401)
    for answer in (accepted, refused):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.headers["Content-Type"] == "application/json"
        assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_a_body_of_no_declared_length_is_read_where_the_server_knows_its_end(path):
    chunked = {"CONTENT_LENGTH": None, "wsgi.input_terminated": True}

    assert send(path, **chunked).status_code == 201
    long = io.BytesIO(EVENT.encode() + b" " * 2_000_000)
    answer = send(path, **{**chunked, "wsgi.input": long})

    assert answer.status_code == 413 and Event.objects.count() == 1
    assert long.tell() < 1_100_000  # the rest is not worth reading


def test_a_body_whose_end_nobody_knows_is_not_waited_for(path):
    assert send(path, CONTENT_LENGTH=None).json()["code"] == "bad_event"


def test_no_more_is_read_than_was_declared(path):
    answer = send(path, EVENT + "{}", CONTENT_LENGTH=str(len(EVENT)))

    assert answer.status_code == 201


def test_an_error_of_ours_is_answered_in_json_and_logged(path, monkeypatch, caplog):
    def broken(*_, **__):
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr("workflows.intake.answering.receive_with_others", broken)

    answer = send(path)

    assert answer.status_code == 500 and answer.json()["code"] == "server_error"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    [record] = [record for record in caplog.records if record.message == "event.crashed"]
    assert record.exc_info and record.project and "ZeroDivisionError" in caplog.text


def test_while_the_process_stops_each_answer_ends_its_connection(path, monkeypatch):
    assert "Connection" not in send(path).headers
    monkeypatch.setattr(stopping, "has_begun", lambda: True)

    answer = send(path)

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and answer.json()["code"] == "stopping"
    assert answer.headers["Connection"] == "close" and answer.headers["Retry-After"] == "5"


def test_an_id_in_capitals_is_the_same_project(path):
    in_capitals = "/projects/" + path.split("/")[2].upper() + "/sdk/events/trigger"

    assert send(in_capitals).status_code == send("/v2" + in_capitals).status_code == 201
    assert Client().post(in_capitals, EVENT, content_type="text/plain", headers=bearer(user_token())).status_code == 201
    assert Client().get(in_capitals.replace("events/trigger", "me"), headers=bearer(user_token())).status_code == 200


def test_every_address_with_an_id_takes_it_in_capitals():
    def converters(patterns):
        for each in patterns:
            yield from each.pattern.converters.values()
            yield from converters(getattr(each, "url_patterns", ()))

    kinds = {type(converter) for converter in converters(get_resolver().url_patterns)}

    assert IdConverter in kinds and UUIDConverter not in kinds


def test_other_methods_and_other_addresses_are_djangos(path):
    assert send(path, REQUEST_METHOD="PUT").status_code == 405
    assert send(path + "s").status_code == 404
    assert send(path, SCRIPT_NAME="/isthmus").status_code == 201
