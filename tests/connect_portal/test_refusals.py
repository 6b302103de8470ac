"""What the SDK hears when something is wrong: always JSON, always with CORS headers, 401 only for a dead token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from django.test import Client

from tests.connect_portal.conftest import Cast, Sdk
from tests.factories import bearer, make_member, public_pem, user_token

ROUTES = [
    ("GET", "/sdk/me"),
    ("PATCH", "/sdk/me"),
    ("GET", "/sdk/integrations"),
    ("DELETE", "/sdk/integrations/22222222-2222-4222-8222-222222222222"),
    ("POST", "/sdk/credentials"),
    ("GET", "/sdk/credentials?integration=salesforce"),
    ("GET", "/sdk/credentials/33333333-3333-4333-8333-333333333333"),
    ("PATCH", "/sdk/credentials/33333333-3333-4333-8333-333333333333"),
    ("POST", "/sdk/credentials/33333333-3333-4333-8333-333333333333/complete-setup"),
    ("POST", "/sdk/credentials/33333333-3333-4333-8333-333333333333/configurations"),
    ("PATCH", "/sdk/credentials/33333333-3333-4333-8333-333333333333/configurations"),
    ("DELETE", "/sdk/credentials/33333333-3333-4333-8333-333333333333/configurations"),
    ("POST", "/sdk/workflows/55555555-5555-4555-8555-555555555555"),
    ("DELETE", "/sdk/workflows/55555555-5555-4555-8555-555555555555"),
    ("GET", "/sdk/actions/session-id/abc123"),
    ("DELETE", "/sdk/actions/session-id/abc123"),
    ("GET", "/v2/sdk/actions/build-oauth?action=salesforce"),
    ("POST", "/sdk/triggers/55555555-5555-4555-8555-555555555555?"),
    ("GET", "/sdk/proxy/salesforce/services/data/v62.0/query?q=x"),
    ("POST", "/sdk/actions"),
    ("GET", "/triggers?integrations=salesforce"),
    ("POST", "/sdk/resources/r1/connect"),
]


def bad_tokens(project_id: Any) -> dict[str, str]:
    now = int(time.time())
    claims = {"sub": "ana", "iat": now, "exp": now + 60}
    return {
        "unsigned": jwt.encode(claims, "", algorithm="none"),
        "expired": user_token("ana", iat=now - 7200, exp=now - 3600),
        "without exp": user_token("ana", exp=None),
        "HS256 with the public key": _hs256(claims),
        "another tenant's key": user_token("ana", 1),
        "not a token": "abc",
    }


def _hs256(claims: dict[str, Any]) -> str:

    def part(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + "." + part(json.dumps(claims).encode())
    return head + "." + part(hmac.new(public_pem().encode(), head.encode(), hashlib.sha256).digest())


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_refuses_a_strangers_token_in_json_that_a_page_can_read(
    cast: Cast, globex: Cast, method: str, path: str
) -> None:
    strangers = Sdk(cast.project, "ana", 1)

    answer = strangers(method, path)

    body = answer.json()
    assert answer.status_code == 401 and body["status"] == 401
    assert body["code"] == "token_signature" and body["message"]
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert not cast.project.connected_users.exclude(external_id__in=["ana", "ben"]).exists()


def test_no_kind_of_bad_token_reads_the_users_state(cast: Cast) -> None:
    for kind, token in bad_tokens(cast.project.pk).items():
        answer = Client().get(f"/projects/{cast.project.pk}/sdk/me", headers=bearer(token))
        assert answer.status_code == 401, kind
        assert answer.json()["message"], kind


def test_a_session_of_the_dashboard_counts_for_nothing(cast: Cast, client: Client) -> None:
    client.force_login(make_member(cast.project).user)

    assert client.get(f"/projects/{cast.project.pk}/sdk/me").status_code == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_lets_a_page_ask_first_whether_it_may_send_any_header(cast: Cast, method: str, path: str) -> None:
    address = (
        f"/v2/projects/{cast.project.pk}{path[3:]}" if path.startswith("/v2") else f"/projects/{cast.project.pk}{path}"
    )

    answer = Client().options(
        address,
        headers={
            "Origin": "https://app.acme.example",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,x-my-own",
        },
    )

    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Access-Control-Allow-Headers"] == "authorization,x-my-own"
    assert method in answer["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize("path", ["/sdk/nothing-here", "/sdk/me/", "/sdk/workflows/not-a-uuid"])
def test_an_unknown_address_is_json_with_cors_headers_and_no_redirect(cast: Cast, path: str) -> None:
    answer = cast.sdk("GET", path)

    assert answer.status_code == 404 and answer.json()["code"] == "not_found"
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_a_crash_is_json_with_cors_headers_and_tells_no_secret(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("connect_portal.api.me.credentials_of", crash)

    answer = cast.sdk("GET", "/sdk/me")

    assert answer.status_code == 500 and answer.json()["code"] == "server_error"
    assert "hunter2" not in answer.content.decode() and answer["Access-Control-Allow-Origin"] == "*"


def test_the_dashboard_is_not_opened_to_other_origins(client: Client, db: None) -> None:
    for path in ("/", "/accounts/login/", "/ui"):
        assert "Access-Control-Allow-Origin" not in client.get(path, headers={"Origin": "https://evil.example"})


@pytest.mark.parametrize("content_type", ["auto", "text/plain", "application/json; charset=utf-8"])
def test_a_body_is_read_as_json_whatever_it_is_called(cast: Cast, content_type: str) -> None:
    answer = Client().generic(
        "PATCH",
        f"/projects/{cast.project.pk}/sdk/me",
        '{"meta": {"plan": "pro"}}',
        content_type=content_type,
        headers=bearer(user_token("ana")),
    )

    cast.ana.refresh_from_db()
    assert answer.status_code == 204 and cast.ana.meta == {"plan": "pro"}


def test_a_body_that_is_not_json_is_refused_with_the_place(cast: Cast) -> None:
    answer = Client().generic(
        "PATCH",
        f"/projects/{cast.project.pk}/sdk/me",
        '{"meta": }',
        content_type="auto",
        headers=bearer(user_token("ana")),
    )

    assert answer.status_code == 400 and "column" in answer.json()["message"]


def test_calls_that_are_not_built_yet_say_so(cast: Cast) -> None:
    for method, path in ROUTES[-5:]:
        answer = cast.sdk(method, path)
        assert (answer.status_code, answer.json()["code"]) == (501, "not_built_yet"), path


def test_every_built_route_is_in_the_schema(client: Client) -> None:
    paths = client.get("/api/schema/", headers={"Accept": "application/json"}).json()["paths"]

    sdk = {path.removeprefix("/projects/{project_id}") for path in paths if "/sdk/" in path}
    assert {"/sdk/me", "/sdk/integrations", "/sdk/credentials", "/sdk/workflows/{workflow_id}"} <= sdk
    assert "/v2/projects/{project_id}/sdk/actions/build-oauth" in sdk
