"""A step's form from a connected account's own describe, asked of a real (sandbox) org."""

import pytest
from django.urls import reverse

from integrations.providers.salesforce import pool
from tests.factories import make_credential, make_integration
from tests.support.sandbox import SandboxOrg


@pytest.fixture
def org(tmp_path, settings):
    with SandboxOrg(tmp_path) as org:
        settings.SALESFORCE_LOGIN_URL = settings.SALESFORCE_SANDBOX_LOGIN_URL = org.url
        settings.SALESFORCE_TIMEOUT_SECONDS = 5.0
        pool.clear()
        yield org
    pool.clear()


@pytest.fixture
def integration(org, project):
    app = org.app()
    return make_integration(project, client_id=app["client_id"], client_secret=app["client_secret"])


def connected(org, integration):
    granted = org.grant()
    data = {"instance_url": granted["instance_url"], "login_url": org.url, "org_name": "Initech", "username": "bill"}
    tokens = {"access_token": granted["access_token"], "refresh_token": granted["refresh_token"]}
    return make_credential(integration, tokens=tokens, provider_data=data)


def form_of(client, workflow, credential):
    body = {
        "type": "salesforce.create_record",
        "inputs": {"record_type": "Lead"},
        "source": str(credential.pk),
    }
    return client.post(reverse("workflows:step-form", args=[workflow.pk]), body, content_type="application/json").json()


def test_an_orgs_own_fields_stand_in_the_form_that_says_whose_they_are(ana, workflow, integration, org):
    form = form_of(ana, workflow, connected(org, integration))

    fields = {field["name"]: field for field in form["fields"]}
    assert form["source"] == "Initech"
    assert "fields.External_Id__c" in fields
    assert [value for value, _ in fields["external_id_field"]["choices"]] == ["External_Id__c"]


def test_an_org_that_is_away_leaves_the_standard_fields(ana, workflow, integration, org):
    credential = connected(org, integration)
    org.stop()

    form = form_of(ana, workflow, credential)

    assert form["source"] == "Salesforce's standard objects"
    assert "fields.LastName" in {field["name"] for field in form["fields"]}
