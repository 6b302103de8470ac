"""Addresses with NUL in them, on the database of the run: PostgreSQL refuses it in any text."""

from __future__ import annotations

import pytest
from django.test import Client

from projects.models import Role
from tests.factories import bearer, make_integration, make_member, make_project, make_signing_key, user_token

pytestmark = pytest.mark.django_db
NUL = "a%00b"
SEARCHES = ("/users/?q=", "/app-events/?q=", "/activity/?q=", "/settings/audit/?action=", "/activity/?state=")
CALLS = {
    "GET /sdk/credentials/{nul}": 404,
    "PATCH /sdk/credentials/ext:{nul}": 404,
    "GET /sdk/credentials?integration={nul}": 404,
    "DELETE /sdk/integrations/{nul}": 404,
    "GET /sdk/actions/session-id/{nul}": 200,
    "DELETE /sdk/actions/session-id/{nul}": 204,
}


@pytest.mark.parametrize("address", SEARCHES)
def test_a_search_for_nul_finds_nothing(client: Client, address: str) -> None:
    member = make_member(make_project(), Role.ADMIN)
    client.force_login(member.user, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(address + NUL).status_code == 200


@pytest.mark.parametrize(("call", "status"), CALLS.items())
def test_an_id_with_nul_names_nothing(client: Client, call: str, status: int) -> None:
    project = make_project()
    make_signing_key(project)
    make_integration(project)
    method, _, path = call.format(nul=NUL).partition(" ")

    answer = client.generic(method, f"/projects/{project.pk}{path}", "{}", headers=bearer(user_token("ana")))

    assert answer.status_code == status


def test_a_popup_for_an_integration_with_nul_says_that_there_is_none(client: Client) -> None:
    project = make_project()
    make_signing_key(project)

    page = client.get(
        f"/projects/{project.pk}/sdk/actions/build-oauth?integrationId={NUL}&userToken={user_token('ana')}"
        f"&sessionId=z&originForPostMessage=http://localhost:3000"
    )

    assert page.status_code == 404
