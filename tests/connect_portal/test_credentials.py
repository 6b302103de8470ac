"""`/sdk/credentials` and its configurations."""

from typing import Any

import pytest

from integrations.models import Configuration
from tests.connect_portal.conftest import Cast
from tests.factories import lead_definition, make_workflow, switch_on
from workflows.models import WorkflowSetting

REGION = {"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": True}
LIMIT = {"id": "limit", "title": "Limit", "type": "NUMBER", "required": False}


def settings_of(cast: Cast) -> dict[str, Any]:
    return {str(row.workflow_id): (row.is_enabled, row.values) for row in WorkflowSetting.objects.all()}


def test_an_account_is_found_by_id_by_external_id_and_by_ext(cast: Cast) -> None:
    credential = cast.connect(external_id="main-org")

    for selector in (str(credential.pk), "main-org", "ext:main-org"):
        body = cast.sdk("GET", f"/sdk/credentials/{selector}").json()
        assert (body["id"], body["status"], body["externalId"]) == (str(credential.pk), "VALID", "main-org")


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_another_users_account_is_not_found(cast: Cast, globex: Cast, method: str) -> None:
    body = {"config": {"sharedSettings": {"region": "eu"}}} if method == "PATCH" else None
    for theirs in (cast.connect(cast.ben), globex.connect()):
        answer = cast.sdk(method, f"/sdk/credentials/{theirs.pk}", body)
        assert answer.status_code == 404 and answer.json()["code"] == "credential_not_found"
        assert theirs.provider_id not in answer.content.decode()
    assert not Configuration.objects.exclude(shared_settings={}).exists()


def test_what_the_callback_has_connected_is_taken_over_as_often_as_asked(cast: Cast) -> None:
    credential = cast.connect()
    body = {
        "integrationId": str(cast.integration.pk),
        "config": {},
        "payload": {"credentialId": str(credential.pk)},
        "installOptions": {},
    }

    for _ in range(2):
        assert cast.sdk("POST", "/sdk/credentials", body).json()["id"] == str(credential.pk)


def test_keys_can_not_be_saved_for_an_integration_that_is_connected_by_logging_in(cast: Cast) -> None:
    answer = cast.sdk(
        "POST", "/sdk/credentials", {"integrationId": str(cast.integration.pk), "payload": {"apiKey": "k"}}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "connects_by_login")


def test_settings_replace_what_was_there_for_each_workflow(cast: Cast) -> None:
    asking = make_workflow(cast.integration, draft=lead_definition(settings=[REGION, LIMIT]))
    credential = cast.connect()
    switch_on(asking, credential, region="eu", limit=3)
    body = {"config": {"workflowSettings": {str(asking.pk): {"enabled": True, "settings": {"region": "us"}}}}}

    answer = cast.sdk("PATCH", f"/sdk/credentials/{credential.pk}", body).json()

    assert answer["errors"] == [] and answer["credential"]["id"] == answer["id"] == str(credential.pk)
    assert settings_of(cast)[str(asking.pk)] == (True, {"region": "us"})


@pytest.mark.parametrize(
    ("values", "words"),
    [({"region": ""}, "Region must be filled in"), ({"region": "eu", "limit": "ten"}, "Limit must be a number")],
)
def test_settings_that_do_not_fit_are_named_and_not_stored(cast: Cast, values: dict[str, Any], words: str) -> None:
    asking = make_workflow(cast.integration, draft=lead_definition(settings=[REGION, LIMIT]))
    credential = cast.connect()
    switch_on(asking, credential, region="eu", limit=3)
    changes = {
        str(asking.pk): {"enabled": True, "settings": values},
        str(cast.workflow.pk): {"enabled": True, "settings": {}},
    }

    answer = cast.sdk("PATCH", f"/sdk/credentials/{credential.pk}", {"config": {"workflowSettings": changes}}).json()

    assert len(answer["errors"]) == 1 and words in answer["errors"][0]
    assert settings_of(cast) == {
        str(asking.pk): (True, {"region": "eu", "limit": 3}),
        str(cast.workflow.pk): (True, {}),
    }


def test_shared_settings_leave_the_workflows_alone(cast: Cast) -> None:
    make_workflow(cast.integration, draft=lead_definition(settings=[REGION]))
    credential = cast.connect()
    switch_on(cast.workflow, credential)

    answer = cast.sdk(
        "PATCH", f"/sdk/credentials/{credential.pk}", {"config": {"sharedSettings": {"region": "eu"}}}
    ).json()

    assert answer["configurations"][0]["sharedSettings"] == {"region": "eu"}
    assert settings_of(cast) == {str(cast.workflow.pk): (True, {})}


def test_a_second_configuration_is_added_changed_and_removed_and_the_default_one_stays(cast: Cast) -> None:
    credential = cast.connect()
    base = f"/sdk/credentials/{credential.pk}/configurations"

    added = cast.sdk("POST", base, {"externalId": "ext:emea"}).json()["configurations"]
    again = cast.sdk("POST", base, {"externalId": "emea"})
    changed = cast.sdk("PATCH", base, {"meta": {"team": "EMEA"}}, X_Paragon_Configuration_Id="ext:emea").json()
    default = cast.sdk("DELETE", base)
    removed = cast.sdk("DELETE", base, X_Paragon_Configuration_Id=added[1]["id"])

    assert [(found["isDefault"], found["externalId"]) for found in added] == [(True, None), (False, "emea")]
    assert again.status_code == 409
    assert [found["configMeta"] for found in changed["configurations"]] == [{}, {"team": "EMEA"}]
    assert (default.status_code, removed.status_code) == (409, 204)
    assert credential.configurations.get().is_default


def test_the_account_behind_an_integration_is_read_without_its_access_token(cast: Cast) -> None:
    cast.connect(provider_data={"instance_url": "https://na1.example"})

    body = cast.sdk("GET", "/sdk/credentials?integration=salesforce&includeAccountAuth=true").json()

    assert body["type"] == "salesforce" and body["providerData"]["instance_url"] == "https://na1.example"
    assert body["accountAuth"] == {}
