"""`enableWorkflow()` and `disableWorkflow()`."""

import pytest

from tests.connect_portal.conftest import Cast
from tests.factories import lead_definition, make_workflow
from workflows import switching
from workflows.models import WorkflowSetting

REGION = {"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": True}


def test_a_workflow_goes_on_and_off_and_keeps_its_values(cast: Cast) -> None:
    credential = cast.connect()
    address = f"/sdk/workflows/{cast.workflow.pk}"

    on = cast.sdk("POST", address, X_Paragon_Credential=str(credential.pk))
    setting = WorkflowSetting.objects.get()
    assert on.status_code == 204 and setting.is_enabled

    off = cast.sdk("DELETE", address, X_Paragon_Credential=str(credential.pk))
    setting.refresh_from_db()
    assert off.status_code == 204 and not setting.is_enabled


def test_a_workflow_with_a_required_setting_missing_stays_off_and_says_what_is_missing(cast: Cast) -> None:
    asking = make_workflow(cast.integration, draft=lead_definition(settings=[REGION]))
    cast.connect()

    answer = cast.sdk("POST", f"/sdk/workflows/{asking.pk}")

    assert (answer.status_code, answer.json()["code"], answer.json()["meta"]["missing"]) == (
        422,
        "setting_missing",
        ["Region"],
    )
    assert "Region" in answer.json()["message"]
    assert not WorkflowSetting.objects.filter(is_enabled=True).exists()


@pytest.mark.parametrize("source", ["own", "shared", "default"])
def test_a_required_setting_may_be_filled_in_any_of_three_places(cast: Cast, source: str) -> None:
    setting = REGION | ({"default": "eu"} if source == "default" else {})
    asking = make_workflow(cast.integration, draft=lead_definition(settings=[setting]))
    configuration = cast.connect().configurations.get()
    if source == "own":
        switching.save_settings(configuration, {str(asking.pk): {"settings": {"region": "eu"}}})
    if source == "shared":
        configuration.shared_settings = {"region": "eu"}
        configuration.save()

    assert cast.sdk("POST", f"/sdk/workflows/{asking.pk}").status_code == 204


def test_an_open_portals_account_of_another_integration_is_passed_over(cast: Cast, globex: Cast) -> None:
    credential = cast.connect()

    nobodys = cast.sdk("POST", f"/sdk/workflows/{cast.workflow.pk}", X_Paragon_Credential=str(globex.connect().pk))
    own = cast.sdk("POST", f"/sdk/workflows/{cast.workflow.pk}", X_Paragon_Credential=str(credential.pk))

    assert (nobodys.status_code, own.status_code) == (404, 204)


def test_without_an_account_there_is_nothing_to_switch(cast: Cast) -> None:
    answer = cast.sdk("POST", f"/sdk/workflows/{cast.workflow.pk}")

    assert (answer.status_code, answer.json()["code"]) == (404, "credential_not_found")


def test_another_tenants_and_undeployed_workflows_are_not_found(cast: Cast, globex: Cast) -> None:
    cast.connect()
    drafted = make_workflow(cast.integration, deployed=False)

    for workflow in (globex.workflow, drafted):
        answer = cast.sdk("POST", f"/sdk/workflows/{workflow.pk}")
        assert (answer.status_code, answer.json()["code"]) == (404, "workflow_not_found")
    assert not WorkflowSetting.objects.exists()


def test_what_the_builder_wants_on_is_switched_on_once_and_the_users_own_choice_stays(cast: Cast) -> None:
    wanted = make_workflow(cast.integration, enabled_by_default=True)
    waiting = make_workflow(cast.integration, enabled_by_default=True, draft=lead_definition(settings=[REGION]))
    configuration = cast.connect().configurations.get()

    assert switching.apply_defaults(configuration) == [wanted]
    switching.disable(configuration, wanted)
    assert switching.apply_defaults(configuration) == []

    states = switching.settings_map(configuration)
    assert not states[str(wanted.pk)]["enabled"] and not states[str(waiting.pk)]["enabled"]


def test_saving_one_workflow_decides_nothing_about_the_others(cast: Cast) -> None:
    configuration = cast.connect().configurations.get()
    other = make_workflow(cast.integration, enabled_by_default=True)

    switching.save_settings(configuration, {
        str(cast.workflow.pk): {"enabled": True, "settings": {}}, str(other.pk): {"enabled": False, "settings": {}},
    })  # fmt: skip

    assert WorkflowSetting.objects.get().workflow == cast.workflow
    assert switching.apply_defaults(configuration) == [other]


def test_values_of_settings_that_this_version_does_not_ask_for_are_kept(cast: Cast) -> None:
    asking = make_workflow(cast.integration, draft=lead_definition(settings=[REGION]))
    configuration = cast.connect().configurations.get()
    WorkflowSetting.objects.create(configuration=configuration, workflow=asking, values={"region": "eu", "older": 1})

    switching.save_settings(configuration, {str(asking.pk): {"settings": {"region": "us", "invented": 2}}})

    assert WorkflowSetting.objects.get().values == {"region": "us", "older": 1}
