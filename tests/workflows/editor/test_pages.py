"""The editor's page and what surrounds it: new, rename, duplicate, delete, versions, forms."""

import json

import pytest
from django.urls import reverse

from projects.models import AuditEntry
from tests.factories import LEAD_CREATED, lead_definition, make_app_event, make_credential, make_project, make_workflow
from workflows import deploying
from workflows.models import AppEvent, Workflow

pytestmark = pytest.mark.django_db


def url(name, workflow, *more):
    return reverse(f"workflows:{name}", args=[workflow.pk, *more])


def post_json(client, name, workflow, body):
    return client.post(url(name, workflow), body, content_type="application/json")


def data_of(response):
    return response.context["data"]


def test_a_new_workflow_opens_in_the_editor_under_a_free_name(ana, integration):
    first = ana.post(reverse("workflows:create-workflow", args=["salesforce"]))
    second = ana.post(reverse("workflows:create-workflow", args=["salesforce"]))

    made = Workflow.objects.filter(integration=integration).order_by("created_at")
    assert [workflow.name for workflow in made] == ["New workflow", "New workflow 2"]
    assert [first["Location"], second["Location"]] == [url("editor", workflow) for workflow in made]
    assert AuditEntry.objects.filter(action="workflow.created").count() == 2


def test_an_unknown_provider_has_no_workflows(ana):
    assert ana.post(reverse("workflows:create-workflow", args=["zebra"])).status_code == 404


def test_the_page_carries_the_draft_and_what_the_scripts_need(ana, workflow):
    data = data_of(ana.get(url("editor", workflow)))

    assert data["definition"]["steps"][0]["key"] == "create_lead"
    assert data["readOnly"] is False
    assert data["actions"][0]["type"] == "salesforce.create_record"
    assert [event["name"] for event in data["appEvents"]] == ["Lead Created"]
    assert data["example"] == LEAD_CREATED
    assert data["summaries"] == {"create_lead": "Create a Lead"}
    assert data["problems"] == []


def test_the_page_escapes_what_could_end_its_script(ana, workflow):
    workflow.draft = lead_definition(order_by="</script><script>alert(1)</script>")
    workflow.save()

    assert "<script>alert" not in ana.get(url("editor", workflow)).content.decode()


def test_an_unfinished_draft_opens_all_the_same(ana, integration):
    workflow = Workflow.objects.create(integration=integration, name="Bare", draft={})

    response = ana.get(url("editor", workflow))

    assert response.status_code == 200
    assert {problem["code"] for problem in data_of(response)["problems"]} == {"trigger_missing", "steps_missing"}


def test_a_viewer_may_look_at_everything_and_change_nothing(raj, workflow):
    response = raj.get(url("editor", workflow))

    assert response.status_code == 200
    assert data_of(response)["readOnly"] is True
    assert "data-deploy" not in response.content.decode()
    assert post_json(raj, "describe-workflow", workflow, {"name": "Mine"}).status_code == 403
    assert post_json(raj, "editor-app-event", workflow, {"name": "Mine", "example": "{}"}).status_code == 403
    assert raj.post(url("duplicate-workflow", workflow)).status_code == 403
    assert raj.post(url("delete-workflow", workflow)).status_code == 403
    assert raj.post(reverse("workflows:create-workflow", args=["salesforce"])).status_code == 403
    assert [row.name for row in Workflow.objects.all()] == ["Sync leads"]
    assert [row.name for row in AppEvent.objects.all()] == ["Lead Created"]


def test_a_stranger_finds_nothing_and_changes_nothing(stranger, workflow):
    deploying.deploy(workflow, by=None)
    for name, more in [("editor", []), ("workflow-versions", []), ("workflow-version", [1])]:
        assert stranger.get(url(name, workflow, *more)).status_code == 404
    for name in ("describe-workflow", "step-form", "editor-app-event"):
        body = {"name": "Mine", "example": "{}", "type": "salesforce.create_record"}
        assert post_json(stranger, name, workflow, body).status_code == 404
    for name in ("duplicate-workflow", "delete-workflow"):
        assert stranger.post(url(name, workflow)).status_code == 404
    assert stranger.post(url("restore-version", workflow, 1)).status_code == 404
    assert [row.name for row in Workflow.objects.all()] == ["Sync leads"]
    assert AppEvent.objects.count() == 1


def test_name_and_description_change(ana, workflow):
    response = post_json(ana, "describe-workflow", workflow, {"name": " Leads ", "description": "For you"})

    workflow.refresh_from_db()
    assert response.status_code == 200
    assert (workflow.name, workflow.description) == ("Leads", "For you")


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "Taken"])
def test_a_name_that_can_not_be_is_refused_in_words(ana, workflow, name):
    make_workflow(workflow.integration, name="Taken")

    response = post_json(ana, "describe-workflow", workflow, {"name": name})

    workflow.refresh_from_db()
    assert response.status_code == 422
    assert response.json()["error"]["message"]
    assert workflow.name == "Sync leads"


def test_a_copy_has_a_name_of_its_own_and_is_not_deployed(ana, workflow):
    deploying.deploy(workflow, by=None)

    ana.post(url("duplicate-workflow", workflow))

    copy = Workflow.objects.exclude(pk=workflow.pk).get()
    assert (copy.name, copy.live_version, copy.draft) == ("Sync leads (copy)", None, workflow.draft)


def test_a_workflow_that_is_not_deployed_is_deleted(ana, workflow):
    ana.post(url("delete-workflow", workflow))

    assert not Workflow.objects.exists()
    assert AuditEntry.objects.get().action == "workflow.deleted"


def test_a_deployed_workflow_is_not_deleted(ana, workflow):
    deploying.deploy(workflow, by=None)

    response = ana.post(url("delete-workflow", workflow), follow=True)

    assert Workflow.objects.filter(pk=workflow.pk).exists()
    assert "Undeploy it before you delete it" in response.content.decode()


def test_versions_are_listed_newest_first(ana, workflow):
    deploying.deploy(workflow, by=None, note="first")
    workflow.draft = lead_definition(order_by="{{ trigger.email }}")
    workflow.save()
    deploying.deploy(workflow, by=None)

    versions = ana.get(url("workflow-versions", workflow)).json()["versions"]

    assert [(version["number"], version["isLive"], version["note"]) for version in versions] == [
        (2, True, ""),
        (1, False, "first"),
    ]


def test_a_version_is_shown_as_it_was_and_can_not_be_changed(ana, workflow):
    deploying.deploy(workflow, by=None)
    workflow.draft = lead_definition(steps=[])
    workflow.save()

    data = data_of(ana.get(url("workflow-version", workflow, 1)))

    assert (data["version"], data["readOnly"]) == (1, True)
    assert len(data["definition"]["steps"]) == 1
    assert ana.get(url("workflow-version", workflow, 2)).status_code == 404


def test_a_restored_version_is_the_draft_and_what_runs_stays(ana, workflow):
    deploying.deploy(workflow, by=None)
    workflow.draft = lead_definition(order_by="{{ trigger.email }}")
    workflow.save()
    deploying.deploy(workflow, by=None)

    ana.post(url("restore-version", workflow, 1))

    workflow.refresh_from_db()
    assert workflow.draft["order_by"] is None
    assert workflow.draft_revision == 2
    assert workflow.live_version.number == 2


def test_a_viewer_restores_nothing(raj, workflow):
    deploying.deploy(workflow, by=None)

    assert raj.post(url("restore-version", workflow, 1)).status_code == 403
    workflow.refresh_from_db()
    assert workflow.draft_revision == 1


def test_the_form_of_a_step_follows_its_record_type(ana, workflow):
    body = {"type": "salesforce.create_record", "inputs": {"record_type": "Lead"}, "source": ""}

    form = post_json(ana, "step-form", workflow, body).json()

    fields = {field["name"]: field for field in form["fields"]}
    assert form["source"] == "Salesforce's standard objects"
    assert form["summary"] == "Create a Lead"
    assert fields["fields.LastName"]["required"] is True
    assert ["Open - Not Contacted", "Open - Not Contacted"] in fields["fields.Status"]["choices"]


def test_the_form_without_a_record_type_asks_for_one(ana, workflow):
    form = post_json(ana, "step-form", workflow, {"type": "salesforce.create_record", "inputs": {}}).json()

    assert [field["name"] for field in form["fields"] if field["required"]] == ["record_type"]


@pytest.mark.parametrize("body", [{"type": "salesforce.paint"}, {}])
def test_an_unknown_type_of_step_has_no_form(ana, workflow, body):
    assert post_json(ana, "step-form", workflow, body).status_code == 404


@pytest.mark.parametrize("source", ["nonsense", "00000000-0000-4000-8000-000000000000", 7])
def test_an_account_that_is_not_there_gives_the_standard_objects(ana, workflow, source):
    body = {"type": "salesforce.create_record", "inputs": {}, "source": source}

    assert post_json(ana, "step-form", workflow, body).json()["source"] == "Salesforce's standard objects"


def test_connected_accounts_are_offered_as_sources_of_record_types(ana, workflow):
    make_credential(workflow.integration, provider_data={"org_name": "Initech", "username": "bill@initech.example"})

    sources = data_of(ana.get(url("editor", workflow)))["sources"]

    assert [source["label"] for source in sources] == ["Salesforce's standard objects", "Initech: bill@initech.example"]


def test_another_projects_account_is_no_source(ana, workflow):
    other = make_credential()
    body = {"type": "salesforce.create_record", "inputs": {}, "source": str(other.pk)}

    assert len(data_of(ana.get(url("editor", workflow)))["sources"]) == 1
    assert post_json(ana, "step-form", workflow, body).json()["source"] == "Salesforce's standard objects"


def test_an_app_event_is_made_from_the_trigger_panel(ana, workflow, project):
    body = {"name": "Invoice Paid", "description": "", "example": json.dumps({"total": 1})}

    response = post_json(ana, "editor-app-event", workflow, body)

    assert response.status_code == 201
    assert AppEvent.objects.for_project(project).get(name="Invoice Paid").example == {"total": 1}


def test_an_app_event_with_invalid_json_is_refused_with_line_and_column(ana, workflow):
    response = post_json(ana, "editor-app-event", workflow, {"name": "Invoice Paid", "example": '{\n "a": ]}'})

    assert response.status_code == 422
    assert response.json()["error"]["fields"]["example"][0].startswith("Line 2, column 7:")
    assert AppEvent.objects.count() == 1


def test_another_projects_app_events_are_not_offered(ana, workflow):
    make_app_event(make_project(name="Globex"), "Globex Secret")

    assert "Globex Secret" not in ana.get(url("editor", workflow)).content.decode()
