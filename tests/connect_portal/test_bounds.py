"""What a user of one customer's app can make the SDK's calls keep, and how much of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from connect_portal.api.base import MAX_BODY_BYTES, MAX_META_BYTES, SdkView
from connect_portal.api.configurations import MAX_CONFIGURATIONS
from connect_portal.api.unbuilt import Unbuilt
from integrations.models import Configuration
from tests.connect_portal.conftest import Cast
from tests.factories import bearer, lead_definition, make_workflow, switch_on, user_token
from workflows.models import WorkflowSetting
from workflows.switching import MAX_VALUES_BYTES

REGION = {"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": True}
LIMIT = {"id": "limit", "title": "Limit", "type": "NUMBER", "required": False}
MANY = [
    {"id": f"text_{number}", "title": f"Text {number}", "type": "TEXTAREA_NO_VARS", "required": False}
    for number in range(8)
]
UNKEPT = [
    '"a\\u0000b"',
    '{"deep": ["a\\u0000"]}',
    '{"a\\u0000": 1}',
    '"\\ud800"',
    "1e400",
    "9" * 400,
    "[" * 300 + "]" * 300,
]


def calls_with_bodies(patterns: list[URLPattern | URLResolver], path: str = "/") -> Iterator[tuple[str, str]]:
    """Every call of the SDK that has a body, by method and address, as the address table has them."""
    for each in patterns:
        address = path + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from calls_with_bodies(each.url_patterns, address)
            continue
        view = getattr(each.callback, "view_class", None) or getattr(each.callback, "cls", None)
        if isinstance(view, type) and issubclass(view, SdkView):
            for method in ("POST", "PUT", "PATCH"):
                if issubclass(view, Unbuilt) or hasattr(view, method.lower()):
                    yield method, address


CALLS = sorted(calls_with_bodies(get_resolver().url_patterns))


def test_the_address_table_has_the_calls_that_keep_something() -> None:
    assert {("PATCH", "/projects/<id:project_id>/sdk/me"), ("POST", "/projects/<id:project_id>/sdk/actions")} <= set(
        CALLS
    )
    assert len(CALLS) >= 10


@pytest.mark.parametrize(("method", "address"), CALLS)
def test_a_large_body_is_refused_by_every_call(cast: Cast, method: str, address: str) -> None:
    path = address.replace("<id:project_id>", str(cast.project.pk))
    for name in ("id:workflow_id", "str:workflow_id", "str:credential_id", "str:integration_id", "str:resource_id"):
        path = path.replace(f"<{name}>", "55555555-5555-4555-8555-555555555555")
    path = path.replace("<path:address>", "salesforce/query")
    assert "<" not in path

    answer = Client(raise_request_exception=False).generic(
        method, path, b'{"meta": "' + b"x" * 1_000_000 + b'"}', "application/json", headers=bearer(user_token("ana"))
    )

    body = answer.json()
    assert (answer.status_code, body["code"], body["meta"]["limit_bytes"]) == (413, "body_too_large", MAX_BODY_BYTES)
    assert answer["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("value", UNKEPT, ids=lambda value: value[:20])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/sdk/me", '{"meta": {"Name": %s}}'),
        ("PATCH", "/sdk/credentials/main", '{"config": {"sharedSettings": {"region": %s}}}'),
        ("PATCH", "/sdk/credentials/main", '{"config": {"workflowSettings": {"x": {"settings": {"region": %s}}}}}'),
        ("POST", "/sdk/credentials/main/configurations", '{"externalId": %s}'),
        ("PATCH", "/sdk/credentials/main/configurations", '{"meta": {"a": %s}}'),
        ("POST", "/sdk/credentials", '{"integrationId": %s}'),
        ("POST", "/sdk/credentials", '{"integrationId": "salesforce", "payload": {"credentialId": %s}}'),
    ],
)
def test_what_no_database_keeps_is_refused_in_words(cast: Cast, method: str, path: str, body: str, value: str) -> None:
    cast.connect(external_id="main")

    answer = raw(cast, method, path, body % value)

    assert answer.status_code == 400 and answer.json()["code"] == "bad_request" and len(answer.json()["message"]) > 20
    cast.ana.refresh_from_db()
    assert cast.ana.meta == {} and Configuration.objects.count() == 1


def raw(cast: Cast, method: str, path: str, body: str = "", **headers: str) -> HttpResponse:
    return Client(raise_request_exception=False).generic(
        method,
        f"/projects/{cast.project.pk}{path}",
        body,
        content_type="application/json",
        headers=bearer(user_token("ana")) | headers,
    )


@pytest.mark.parametrize(
    "header", ['{"Name": "a\\u0000"}', "[" * 300, '{"a": 1e400}', "\xff", "[]", f'{{"a": "{"x" * 50_001}"}}']
)
def test_metadata_in_a_header_is_as_bounded_as_in_a_body(cast: Cast, header: str) -> None:
    answer = raw(cast, "GET", "/sdk/me", **{"X-Paragon-User-Metadata": header})

    cast.ana.refresh_from_db()
    assert (answer.status_code, cast.ana.meta) == (400, {})


@pytest.mark.parametrize("path", ["/sdk/me", "/sdk/credentials/main/configurations"])
def test_metadata_is_kept_up_to_its_bound_and_refused_above_it(cast: Cast, path: str) -> None:
    cast.connect(external_id="main")
    most = "x" * (MAX_META_BYTES - len('{"a":""}'))

    kept = cast.sdk("PATCH", path, {"meta": {"a": most}})
    refused = cast.sdk("PATCH", path, {"meta": {"a": most + "x"}})

    assert kept.status_code < 300 and refused.status_code == 400 and "50,000 bytes" in refused.json()["message"]


def test_shared_settings_that_nobody_asks_for_are_not_kept(cast: Cast) -> None:
    make_workflow(cast.integration, draft=lead_definition(settings=[REGION]))
    credential = cast.connect()

    answer = save(cast, {"region": "eu", "other": "x" * 100_000})

    assert answer["errors"] == [] and answer["configurations"][0]["sharedSettings"] == {"region": "eu"}
    assert credential.configurations.get().shared_settings == {"region": "eu"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"region": "eu", "limit": "ten"}, "Limit must be a number"),
        ({"region": {"a": [1] * 10_000}}, "Region must be a text"),
        ({f"text_{number}": "x" * 10_000 for number in range(8)}, f"at most {MAX_VALUES_BYTES:,} bytes"),
    ],
)
def test_shared_settings_that_do_not_fit_are_named_and_none_is_kept(cast: Cast, values: Any, words: str) -> None:
    make_workflow(cast.integration, draft=lead_definition(settings=[REGION, LIMIT, *MANY]))
    credential = cast.connect()
    save(cast, {"region": "us"})

    answer = save(cast, values)

    assert len(answer["errors"]) == 1 and words in answer["errors"][0]
    assert credential.configurations.get().shared_settings == {"region": "us"}


def test_a_shared_value_may_fit_one_of_the_workflows_that_ask_for_it_in_their_own_ways(cast: Cast) -> None:
    for kind in ("NUMBER", "TEXT_NO_VARS"):
        make_workflow(cast.integration, draft=lead_definition(settings=[{**LIMIT, "type": kind}]))
    cast.connect()

    assert [save(cast, {"limit": value})["errors"] for value in (3, "three")] == [[], []]
    assert "must be" in save(cast, {"limit": [3]})["errors"][0]


def test_values_of_one_workflow_are_bounded_all_together(cast: Cast) -> None:
    asking = make_workflow(cast.integration, draft=lead_definition(settings=MANY))
    switch_on(asking, cast.connect(external_id="main"), text_1="a")
    entry = {"settings": {f"text_{number}": "x" * 10_000 for number in range(8)}}

    answer = cast.sdk(
        "PATCH", "/sdk/credentials/main", {"config": {"workflowSettings": {str(asking.pk): entry}}}
    ).json()

    assert f"at most {MAX_VALUES_BYTES:,} bytes" in answer["errors"][0]
    assert WorkflowSetting.objects.get().values == {"text_1": "a"}


def test_an_account_has_so_many_configurations_and_no_more(cast: Cast) -> None:
    credential = cast.connect(external_id="main")
    address = "/sdk/credentials/main/configurations"
    for number in range(MAX_CONFIGURATIONS - 1):
        Configuration.objects.create(credential=credential, is_default=False, external_id=f"nr-{number}")

    refused = cast.sdk("POST", address, {"externalId": "more"})
    removed = cast.sdk("DELETE", address, X_Paragon_Configuration_Id="nr-7")
    taken = cast.sdk("POST", address, {"externalId": "more"})

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_configurations")
    assert "Remove one" in refused.json()["message"]
    assert (removed.status_code, taken.status_code) == (204, 200)
    assert credential.configurations.count() == MAX_CONFIGURATIONS


def save(cast: Cast, values: Any) -> dict[str, Any]:
    selector = cast.ana.credentials.get().pk
    answer = cast.sdk("PATCH", f"/sdk/credentials/{selector}", {"config": {"sharedSettings": values}})
    found: dict[str, Any] = json.loads(answer.content)
    return found
