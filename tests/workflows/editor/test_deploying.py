"""Deploying: freezing the draft as the version that runs; and taking it back."""

import pytest
from django.urls import reverse

from projects.models import AuditEntry
from tests.factories import (
    lead_definition,
    make_connected_user,
    make_credential,
    make_integration,
    make_member,
    make_workflow,
    switch_on,
)
from workflows import deploying
from workflows.deploying import DeployState
from workflows.errors import NotDeployable, NothingToDeploy
from workflows.models import WorkflowVersion

pytestmark = pytest.mark.django_db


def edit(workflow, **changes):
    workflow.draft = lead_definition(**changes)
    workflow.save(update_fields=["draft"])


def url(workflow, name="deploy-workflow"):
    return reverse(f"workflows:{name}", args=[workflow.pk])


def post(client, workflow, name="deploy-workflow", **body):
    return client.post(url(workflow, name), {"revision": 1} | body, content_type="application/json")


def test_a_deploy_freezes_the_draft_and_makes_it_live(workflow):
    ana = make_member(workflow.integration.project, name="Ana").user

    version = deploying.deploy(workflow, by=ana, note="first")

    workflow.refresh_from_db()
    assert workflow.live_version == version
    assert (version.number, version.note, version.app_event, version.created_by) == (1, "first", "Lead Created", ana)
    edit(workflow, steps=[])
    version.refresh_from_db()
    assert version.definition["steps"][0]["key"] == "create_lead"
    assert AuditEntry.objects.get().action == "workflow.deployed"


def test_the_draft_that_runs_already_is_not_deployed_again(workflow):
    deploying.deploy(workflow, by=None)

    with pytest.raises(NothingToDeploy):
        deploying.deploy(workflow, by=None)

    assert WorkflowVersion.objects.count() == 1


def test_each_deploy_takes_the_next_number(workflow):
    deploying.deploy(workflow, by=None)
    edit(workflow, order_by="{{ trigger.email }}")

    assert deploying.deploy(workflow, by=None).number == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"trigger": None}, "trigger_missing"),
        ({"trigger": {"type": "app_event"}}, "app_event_missing"),
        ({"trigger": {"type": "app_event", "app_event": "Nobody Sends"}}, "app_event_unknown"),
        ({"steps": []}, "steps_missing"),
        ({"steps": [{"key": "a", "type": "salesforce.create_record", "name": "A"}]}, "record_type_missing"),
        ({"steps": [{"key": "a", "type": "salesforce.paint", "name": "A"}]}, "step_type_unknown"),
    ],
)
def test_what_is_missing_keeps_a_draft_from_being_deployed(workflow, change, code):
    edit(workflow, **change)

    with pytest.raises(NotDeployable) as refused:
        deploying.deploy(workflow, by=None)

    assert code in [problem["code"] for problem in refused.value.ids["problems"]]
    workflow.refresh_from_db()
    assert workflow.live_version is None


def test_an_empty_required_field_and_an_unknown_path_are_named(workflow):
    definition = lead_definition()
    definition["steps"][0]["inputs"]["fields"] = {"LastName": "{{ trigger.surname }}", "Company": ""}
    workflow.draft = definition
    workflow.save()

    found = {problem.field: problem.message for problem in deploying.check(workflow)}

    assert set(found) == {"fields.LastName", "fields.Company"}
    assert "trigger.surname" in found["fields.LastName"]


def test_the_four_states_are_told_apart(workflow):
    assert deploying.deploy_state(workflow) == DeployState.NEVER

    deploying.deploy(workflow, by=None)
    workflow.refresh_from_db()
    assert deploying.deploy_state(workflow) == DeployState.LIVE

    edit(workflow, order_by="{{ trigger.email }}")
    assert deploying.deploy_state(workflow) == DeployState.EDITED

    deploying.undeploy(workflow, by=None)
    workflow.refresh_from_db()
    assert deploying.deploy_state(workflow) == DeployState.OFF


def test_an_undeploy_keeps_the_versions_and_is_audited_once(workflow):
    deploying.deploy(workflow, by=None)

    deploying.undeploy(workflow, by=None)
    deploying.undeploy(workflow, by=None)

    workflow.refresh_from_db()
    assert workflow.live_version is None
    assert workflow.versions.count() == 1
    assert [entry.action for entry in AuditEntry.objects.order_by("at")] == ["workflow.deployed", "workflow.undeployed"]


def test_only_present_accounts_count_as_switched_on(workflow):
    integration = workflow.integration
    here = make_credential(integration, make_connected_user(integration.project, "one"))
    gone = make_credential(integration, make_connected_user(integration.project, "two"), removed_at="2026-01-01T00:00Z")
    switch_on(workflow, here)
    switch_on(workflow, gone)

    assert deploying.users_switched_on(workflow) == 1


def test_the_review_says_what_differs_in_words(ana, workflow):
    deploying.deploy(workflow, by=None)
    definition = lead_definition()
    definition["steps"][0]["inputs"]["fields"]["Email"] = "{{ trigger.email | downcase }}"
    workflow.draft = definition
    workflow.save()

    review = ana.get(url(workflow)).json()

    assert (review["liveVersion"], review["nextVersion"], review["state"]) == (1, 2, "edited_since")
    assert len(review["changes"]) == 1
    assert "Email" in review["changes"][0]["text"]
    assert "downcase" in review["changes"][0]["text"]


def test_a_deploy_from_the_page_answers_with_the_version(ana, workflow):
    answer = post(ana, workflow, note="  first  ").json()

    assert (answer["version"], answer["state"], answer["liveVersion"]) == (1, "live", 1)
    assert WorkflowVersion.objects.get().note == "first"


def test_a_refused_deploy_lists_what_is_missing(ana, workflow):
    edit(workflow, steps=[], trigger=None)

    response = post(ana, workflow)

    assert response.status_code == 422
    assert {problem["code"] for problem in response.json()["problems"]} == {"trigger_missing", "steps_missing"}
    assert not WorkflowVersion.objects.exists()


def test_deploying_the_same_twice_is_refused_in_a_friendly_way(ana, workflow):
    post(ana, workflow)

    response = post(ana, workflow)

    assert response.status_code == 409
    assert "runs already" in response.json()["error"]["message"]
    assert WorkflowVersion.objects.count() == 1


def test_a_draft_that_changed_since_it_was_looked_at_is_not_deployed(ana, workflow):
    response = post(ana, workflow, revision=7)

    assert response.status_code == 409
    assert not WorkflowVersion.objects.exists()


def test_an_undeploy_from_the_page(ana, workflow):
    post(ana, workflow)

    answer = post(ana, workflow, "undeploy-workflow").json()

    assert (answer["state"], answer["liveVersion"]) == ("undeployed", None)


@pytest.mark.parametrize("name", ["deploy-workflow", "undeploy-workflow"])
def test_a_stranger_deploys_and_undeploys_nothing(stranger, workflow, name):
    deploying.deploy(workflow, by=None)

    assert post(stranger, workflow, name).status_code == 404
    workflow.refresh_from_db()
    assert workflow.live_version.number == 1


@pytest.mark.parametrize("name", ["deploy-workflow", "undeploy-workflow"])
def test_a_viewer_deploys_and_undeploys_nothing(raj, workflow, name):
    deploying.deploy(workflow, by=None)
    edit(workflow, order_by="{{ trigger.email }}")

    assert post(raj, workflow, name).status_code == 403
    workflow.refresh_from_db()
    assert workflow.live_version.number == 1


def test_a_step_output_may_be_read_by_the_steps_below(integration, project):
    definition = lead_definition()
    task = {"record_type": "Task", "fields": {"Subject": "Call", "WhoId": "{{ steps.create_lead.id }}"}}
    definition["steps"].append({"key": "call", "type": "salesforce.create_record", "name": "Call", "inputs": task})
    workflow = make_workflow(integration, deployed=False, draft=definition)

    assert [p.message for p in deploying.check(workflow) if p.field == "fields.WhoId"] == []
    definition["steps"].reverse()
    workflow.draft = definition
    assert [p.code for p in deploying.check(workflow) if p.field == "fields.WhoId"] == ["step_not_upstream"]


def test_another_projects_app_events_do_not_count(integration):
    other = make_integration(make_member().project)
    workflow = make_workflow(other, deployed=False)

    assert "app_event_unknown" in [problem.code for problem in deploying.check(workflow)]
