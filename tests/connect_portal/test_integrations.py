"""`/sdk/integrations`: what the SDK shows, and disconnecting."""

import pytest

from integrations.models import Credential
from tests.connect_portal.conftest import Cast
from tests.factories import lead_definition, make_workflow

REGION = {
    "id": "region",
    "title": "Region",
    "type": "ENUM",
    "required": True,
    "values": [{"value": "eu", "label": "Europe"}],
}


def test_every_integration_comes_with_its_workflows_and_inputs(cast: Cast) -> None:
    asking = make_workflow(cast.integration, name="By region", draft=lead_definition(settings=[REGION]))

    [item] = cast.sdk("GET", "/sdk/integrations").json()

    values = item["configs"][0]["values"]
    assert (item["id"], item["type"], item["name"], item["isActive"]) == (
        str(cast.integration.pk),
        "salesforce",
        "Salesforce",
        True,
    )
    assert item["authenticationType"] == "oauth" and item["needPreOauthInputs"] is False
    assert {workflow["description"] for workflow in item["workflows"]} == {"Sync leads", "By region"}
    assert set(values["workflowMeta"]) == {str(cast.workflow.pk), str(asking.pk)}
    [asked] = values["workflowMeta"][str(asking.pk)]["inputs"]
    source = item["sdkIntegrationConfig"]["dataSources"][asked["sourceType"]]
    assert source["values"] == [{"value": "eu", "label": "Europe"}]


def test_an_inactive_integration_is_listed_as_such(cast: Cast) -> None:
    cast.integration.is_active = False
    cast.integration.save()

    [item] = cast.sdk("GET", "/sdk/integrations").json()

    assert item["isActive"] is False and len(item["configs"]) == 1


def test_another_tenants_integrations_are_not_listed(cast: Cast, globex: Cast) -> None:
    [item] = cast.sdk("GET", "/sdk/integrations").json()

    assert item["id"] == str(cast.integration.pk)


def test_disconnecting_forgets_the_tokens_and_keeps_the_row(cast: Cast) -> None:
    credential = cast.connect()

    answer = cast.sdk("DELETE", f"/sdk/integrations/{cast.integration.pk}", X_Paragon_Credential=str(credential.pk))

    credential.refresh_from_db()
    assert answer.status_code == 204 and credential.removed_at is not None
    assert credential.tokens == {"access_token": "", "refresh_token": ""}
    assert cast.sdk("GET", "/sdk/me").json()["integrations"]["salesforce"]["enabled"] is False


def test_with_two_accounts_disconnecting_asks_for_one_by_name(cast: Cast) -> None:
    cast.connect(external_id="first")
    second = cast.connect(external_id="second", provider_id="00D000000000002EAA")

    unnamed = cast.sdk("DELETE", f"/sdk/integrations/{cast.integration.pk}")
    named = cast.sdk("DELETE", f"/sdk/integrations/{cast.integration.pk}", X_Paragon_Credential="ext:second")

    assert (unnamed.status_code, unnamed.json()["code"], named.status_code) == (409, "several_accounts", 204)
    assert [found.external_id for found in Credential.objects.present()] == ["first"]
    assert Credential.objects.get(pk=second.pk).removed_at is not None


@pytest.mark.parametrize("whose", ["another user's", "another tenant's", "nobody's"])
def test_what_is_not_yours_can_not_be_disconnected_and_does_not_show(cast: Cast, globex: Cast, whose: str) -> None:
    theirs = {"another user's": cast.connect(cast.ben), "another tenant's": globex.connect()}.get(whose)
    selector = str(theirs.pk) if theirs else "12345678-1234-4234-8234-123456789012"

    answer = cast.sdk("DELETE", f"/sdk/integrations/{cast.integration.pk}", X_Paragon_Credential=selector)

    assert (answer.status_code, answer.json()["code"]) == (404, "credential_not_found")
    assert theirs is None or Credential.objects.present().filter(pk=theirs.pk).exists()


def test_another_tenants_integration_is_not_found(cast: Cast, globex: Cast) -> None:
    cast.connect()

    answer = cast.sdk("DELETE", f"/sdk/integrations/{globex.integration.pk}")

    assert (answer.status_code, answer.json()["code"]) == (404, "integration_not_found")
