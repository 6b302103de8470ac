"""An integration's Settings: who changes them, what is refused, and the local sandbox org in one click."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse

from integrations import connecting
from integrations.models import Integration
from projects.models import AuditEntry
from tests.support.sandbox import SandboxOrg
from tests.workflows.history.conftest import Acme

URL = "/integrations/salesforce/settings/"
FILL = "/integrations/salesforce/settings/local-org/"
HTMX = {"HX-Request": "true"}


def form(**changes: str) -> dict[str, str]:
    return {
        "client_id": "3MVG9.key",
        "client_secret": "s3cret",
        "environment": "production",
        "domain": "",
        "scopes": "api refresh_token",
        "description": "Leads, where you work.",
        "overview": "Long words.",
        "api_reserve_percent": "30",
        "is_active": "on",
    } | changes


@pytest.fixture
def org(running_org: SandboxOrg, settings: Any) -> SandboxOrg:
    """A sandbox org beside this deployment, which logs in there."""
    settings.SANDBOX_ORG_URL = settings.SALESFORCE_LOGIN_URL = running_org.url
    return running_org


def body_of(client: Client, url: str = URL) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_an_admin_saves_the_app_and_the_portals_texts(ines, acme):
    response = ines.post(URL, form(), follow=True)

    integration = Integration.objects.get(pk=acme.integration.pk)
    assert (integration.client_id, integration.client_secret, integration.is_active) == ("3MVG9.key", "s3cret", True)
    assert (integration.description, integration.overview) == ("Leads, where you work.", "Long words.")
    assert (integration.scopes, integration.api_reserve_percent) == (["api", "refresh_token"], 30)
    assert "Salesforce is active." in response.content.decode()


def test_looking_at_the_settings_makes_no_integration(stranger, acme):
    body = body_of(stranger)

    assert "Consumer key" in body
    assert not Integration.objects.exclude(pk=acme.integration.pk).exists()


def test_a_first_save_makes_the_projects_own_integration(stranger, acme):
    stranger.post(URL, form(client_id="globex"))

    acme.integration.refresh_from_db()
    assert acme.integration.client_id == "key"
    assert Integration.objects.get(client_id="globex").project.name == "Globex"


def test_an_empty_secret_keeps_the_stored_one(ines, acme):
    ines.post(URL, form(client_secret=""))

    assert Integration.objects.get(pk=acme.integration.pk).client_secret == "secret"


def test_the_stored_secret_stands_nowhere_on_the_page(ines, acme):
    body = body_of(ines)

    assert 'value="secret"' not in body and acme.integration.client_secret_sealed not in body
    assert "Leave this empty to keep it" in body


def test_a_refused_secret_is_not_sent_back(ines):
    body = ines.post(URL, form(client_id="two words", client_secret="typed-secret")).content.decode()

    assert "typed-secret" not in body


def test_the_redirect_url_is_shown_to_be_copied(ines):
    assert f'value="{connecting.redirect_uri()}" readonly' in body_of(ines)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"client_id": ""}, "Enter the app&#x27;s consumer key"),
        ({"client_id": "two words"}, "That is not a consumer key"),
        ({"environment": "my_domain", "domain": ""}, "Enter the org&#x27;s My Domain"),
        ({"environment": "my_domain", "domain": "evil.example.com"}, "is not a host of Salesforce"),
        ({"environment": "moon"}, "not one of the available choices"),
        ({"scopes": "ap\u00ed"}, "is not a scope"),
        ({"api_reserve_percent": "99"}, "less than or equal to 90"),
        ({"api_reserve_percent": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_is_said_in_place_and_nothing_is_saved(ines, acme, changes, message):
    before = Integration.objects.filter(pk=acme.integration.pk).values().get()

    response = ines.post(URL, form(**changes), headers=HTMX)

    body = response.content.decode()
    assert response.status_code == 422 and message in body
    assert body.lstrip().startswith('<section class="card" id="settings-form"')
    assert Integration.objects.filter(pk=acme.integration.pk).values().get() == before


def test_after_a_refusal_the_form_keeps_what_was_typed(ines):
    body = ines.post(URL, form(client_id="two words", overview="My long text"), headers=HTMX).content.decode()

    assert 'value="two words"' in body and "My long text" in body


def test_saving_by_htmx_leads_to_the_page_anew(ines):
    response = ines.post(URL, form(), headers=HTMX)

    assert response["HX-Redirect"] == URL


def test_a_change_stands_in_the_audit_log_without_the_secret(ines, acme):
    ines.post(URL, form())

    entry = AuditEntry.objects.get(action="integration.settings_saved")
    assert "client_secret" in entry.details["changed"]
    assert "s3cret" not in str(entry.details)


@pytest.mark.parametrize("who", ["ana", "raj"])
def test_only_admins_change_settings_and_fill_them_in(request, acme, who, settings):
    settings.SANDBOX_ORG_URL = "http://127.0.0.1:9"
    client = request.getfixturevalue(who)
    before = Integration.objects.filter(pk=acme.integration.pk).values().get()

    assert client.post(URL, form()).status_code == 403
    assert client.post(FILL).status_code == 403

    assert Integration.objects.filter(pk=acme.integration.pk).values().get() == before
    body = body_of(client)
    assert "<fieldset disabled>" in body and "Use the local sandbox org" not in body


def test_the_local_org_is_offered_only_where_one_runs(ines, settings):
    settings.SANDBOX_ORG_URL = ""

    assert "Use the local sandbox org" not in body_of(ines)
    assert ines.post(FILL).status_code == 404


def test_one_click_fills_the_form_and_registers_our_redirect_url(ines, acme, org):
    response = ines.post(FILL, headers=HTMX)

    app = requests.get(f"{org.url}/__org/app", timeout=30).json()
    body = response.content.decode()
    assert response.status_code == 200
    assert f'value="{app["client_id"]}"' in body and f'value="{app["client_secret"]}"' in body
    assert connecting.redirect_uri() in app["redirect_uris"]
    acme.integration.refresh_from_db()
    assert acme.integration.client_id == "key", "nothing is saved before the builder saves"


def test_what_one_click_filled_in_can_be_saved(ines, acme, org):
    app = requests.get(f"{org.url}/__org/app", timeout=30).json()
    ines.post(FILL)

    ines.post(URL, form(client_id=app["client_id"], client_secret=app["client_secret"]))

    acme.integration.refresh_from_db()
    assert acme.integration.client_secret == app["client_secret"]


def test_the_redirect_urls_of_others_stay(ines, org):
    others = ["http://localhost:1234/callback"]
    requests.post(f"{org.url}/__org/app", json={"redirect_uris": others}, timeout=30)

    ines.post(FILL)

    uris = requests.get(f"{org.url}/__org/app", timeout=30).json()["redirect_uris"]
    assert uris == [*others, connecting.redirect_uri()]


def test_an_org_that_does_not_answer_is_named(ines, settings):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    settings.SANDBOX_ORG_URL = settings.SALESFORCE_LOGIN_URL = url

    response = ines.post(FILL, headers=HTMX)

    assert response.status_code == 422
    assert f"Nothing answers at {url}" in response.content.decode()


def test_a_server_that_is_no_sandbox_org_is_named(ines, org, settings):
    settings.SANDBOX_ORG_URL = f"{org.url}/somewhere"

    body = ines.post(FILL, headers=HTMX).content.decode()

    assert "is not the sandbox org" in body


def test_a_deployment_that_logs_in_elsewhere_says_how_to_use_the_local_org(ines, org, settings):
    settings.SALESFORCE_LOGIN_URL = "https://login.salesforce.com"

    body = ines.post(FILL, headers=HTMX).content.decode()

    assert f"SALESFORCE_LOGIN_URL={org.url}" in body


def test_an_org_that_is_the_sandbox_host_is_filled_in_as_sandbox(ines, org, settings):
    settings.SALESFORCE_LOGIN_URL, settings.SALESFORCE_SANDBOX_LOGIN_URL = "https://login.salesforce.com", org.url

    body = ines.post(FILL, headers=HTMX).content.decode()

    assert 'value="sandbox" id="id_environment_1" checked' in body


def test_the_settings_are_reached_from_the_overview(ana, acme: Acme):
    assert f'href="{URL}"' in ana.get(reverse("workflows:integration", args=["salesforce"])).content.decode()
