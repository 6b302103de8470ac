"""Saving drafts: as one works, against the revision that one started from."""

import copy

import pytest
from django.urls import reverse

from tests.factories import lead_definition
from workflows.definition.errors import DefinitionError
from workflows.editor import saving
from workflows.errors import DraftConflict

pytestmark = pytest.mark.django_db


def save(client, workflow, definition, revision=1):
    url = reverse("workflows:save-draft", args=[workflow.pk])
    return client.post(url, {"definition": definition, "revision": revision}, content_type="application/json")


def changed(**fields):
    definition = lead_definition()
    definition["steps"][0]["inputs"]["fields"] |= fields
    return definition


def test_a_save_keeps_the_draft_and_counts_its_revision(ana, workflow):
    response = save(ana, workflow, changed(Email="<< trigger.email>>"))

    workflow.refresh_from_db()
    assert response.status_code == 200
    assert response.json()["revision"] == workflow.draft_revision == 2
    assert workflow.draft["steps"][0]["inputs"]["fields"]["Email"] == "{{ trigger.email }}"
    assert workflow.draft_saved_by.name == "Ana"


def test_the_answer_to_a_save_says_what_is_missing_and_what_may_be_read(ana, workflow):
    answer = save(ana, workflow, changed(LastName="", Email="{{ trigger.e_mail }}")).json()

    assert {(problem["step_key"], problem["field"]) for problem in answer["problems"]} == {
        ("create_lead", "fields.LastName"),
        ("create_lead", "fields.Email"),
    }
    assert "trigger.last_name" in [item["path"] for group in answer["variables"] for item in group["items"]]
    assert answer["state"] == "never_deployed"


def test_a_half_typed_template_is_kept_as_it_is(ana, workflow):
    response = save(ana, workflow, changed(Email="{{ trig"))

    workflow.refresh_from_db()
    assert response.status_code == 200
    assert workflow.draft["steps"][0]["inputs"]["fields"]["Email"] == "{{ trig"


def test_a_save_from_an_older_revision_is_refused_and_says_whose_is_newer(ana, workflow):
    save(ana, workflow, changed(Email="first"))
    response = save(ana, workflow, changed(Email="second"), revision=1)

    workflow.refresh_from_db()
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "draft_conflict"
    assert response.json()["error"]["revision"] == 2
    assert response.json()["error"]["saved_by"] == "Ana"
    assert workflow.draft["steps"][0]["inputs"]["fields"]["Email"] == "first"


def test_whoever_insists_may_overwrite_by_the_revision_named_in_the_refusal(ana, workflow):
    save(ana, workflow, changed(Email="first"))
    refused = save(ana, workflow, changed(Email="second"), revision=1).json()

    assert save(ana, workflow, changed(Email="second"), revision=refused["error"]["revision"]).status_code == 200
    workflow.refresh_from_db()
    assert workflow.draft["steps"][0]["inputs"]["fields"]["Email"] == "second"


def test_of_two_saves_from_one_revision_only_one_wins(workflow, ana):
    mine, theirs = copy.copy(workflow), copy.copy(workflow)
    saving.save_draft(theirs, changed(Email="theirs"), revision=1, by=None)

    with pytest.raises(DraftConflict):
        saving.save_draft(mine, changed(Email="mine"), revision=1, by=None)


@pytest.mark.parametrize(
    ("definition", "pointer"),
    [
        (None, ""),
        ({"steps": "none"}, "/steps"),
        ({"steps": [{"key": "1st", "type": "salesforce.create_record"}]}, "/steps/0/key"),
        ({"stepz": []}, "/stepz"),
        ({"trigger": {"type": "clock"}}, "/trigger/type"),
    ],
)
def test_a_wrong_shape_is_refused_with_its_place_and_nothing_changes(ana, workflow, definition, pointer):
    before = workflow.draft

    response = save(ana, workflow, definition)

    workflow.refresh_from_db()
    assert response.status_code == 422
    assert response.json()["error"]["pointer"] == pointer
    assert response.json()["error"]["message"]
    assert (workflow.draft, workflow.draft_revision) == (before, 1)


@pytest.mark.parametrize("body", ["not json", "[1]", '{"definition": {"order_by": "\\u0000"}, "revision": 1}'])
def test_a_body_that_can_not_be_read_is_refused(ana, workflow, body):
    url = reverse("workflows:save-draft", args=[workflow.pk])

    assert ana.post(url, body, content_type="application/json").status_code == 400


def test_a_stranger_saves_nothing(stranger, workflow):
    assert save(stranger, workflow, lead_definition(steps=[])).status_code == 404
    workflow.refresh_from_db()
    assert workflow.draft_revision == 1


def test_a_viewer_saves_nothing(raj, workflow):
    assert save(raj, workflow, lead_definition(steps=[])).status_code == 403
    workflow.refresh_from_db()
    assert workflow.draft_revision == 1


def test_a_definition_of_a_wrong_shape_never_reaches_the_database(workflow):
    with pytest.raises(DefinitionError):
        saving.save_draft(workflow, {"steps": 1}, revision=1, by=None)
