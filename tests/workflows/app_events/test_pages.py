"""The App Events pages: list, new, one, delete."""

import json

import pytest
from django.urls import reverse

from projects.models import AuditEntry, Role
from tests.factories import LEAD_CREATED, make_app_event, make_integration, make_member, make_project, make_workflow
from workflows.models import AppEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def ana(client, project):
    """Ana of Acme, signed in: a builder."""
    member = make_member(project, Role.BUILDER, name="Ana")
    client.force_login(member.user)
    return client


@pytest.fixture
def raj(client, project):
    """Raj of Acme, signed in: he may only read."""
    client.force_login(make_member(project, Role.VIEWER, name="Raj").user)
    return client


@pytest.fixture
def stranger(client):
    """Somebody of Globex, signed in."""
    client.force_login(make_member(make_project(name="Globex")).user)
    return client


def url(app_event: AppEvent, name: str = "app-event") -> str:
    return reverse(f"workflows:{name}", args=[app_event.pk])


def fields(**changes):
    return {"name": "Lead Created", "description": "", "example": json.dumps(LEAD_CREATED)} | changes


def test_a_visitor_is_sent_to_log_in(client, project):
    response = client.get(url(make_app_event(project)))

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_the_list_explains_itself_while_it_is_empty(ana):
    page = ana.get(reverse("workflows:app-events")).content.decode()

    assert "something that happens in your product" in page
    assert reverse("workflows:new-app-event") in page


def test_the_list_shows_own_app_events_and_nobody_elses(ana, project):
    make_app_event(project, "Lead Created")
    make_app_event(make_project(name="Globex"), "Globex Secret")

    page = ana.get(reverse("workflows:app-events")).content.decode()

    assert "Lead Created" in page
    assert "Globex Secret" not in page


def test_a_search_answers_with_the_list_alone(ana, project):
    make_app_event(project, "Lead Created")
    make_app_event(project, "Invoice Paid", description="money came in")

    by_name = ana.get(reverse("workflows:app-events"), {"q": "lead"}, headers={"HX-Request": "true"}).content.decode()
    by_description = ana.get(reverse("workflows:app-events"), {"q": "money"}).content.decode()

    assert "Lead Created" in by_name
    assert "Invoice Paid" not in by_name
    assert "<html" not in by_name
    assert "Invoice Paid" in by_description


def test_a_search_that_finds_nothing_says_so(ana, project):
    make_app_event(project)

    assert "Nothing matches “zebra”" in ana.get(reverse("workflows:app-events"), {"q": "zebra"}).content.decode()


def test_the_list_is_paged(ana, project):
    for number in range(30):
        make_app_event(project, f"Event {number:02}")

    first = ana.get(reverse("workflows:app-events")).content.decode()
    second = ana.get(reverse("workflows:app-events"), {"page": 2}).content.decode()

    assert "Event 24" in first
    assert "Event 25" not in first
    assert "Event 29" in second


def test_a_new_app_event_is_kept_and_audited(ana, project):
    response = ana.post(reverse("workflows:new-app-event"), fields(description="from the form"))

    app_event = AppEvent.objects.get(project=project)
    assert response["Location"] == url(app_event)
    assert (app_event.name, app_event.description, app_event.example) == ("Lead Created", "from the form", LEAD_CREATED)
    assert AuditEntry.objects.get(project=project).action == "app_event.created"


def test_the_new_form_starts_with_an_example_to_overwrite(ana):
    assert "Lovelace" in ana.get(reverse("workflows:new-app-event")).content.decode()


@pytest.mark.parametrize("example", ['{"a": 1,\n  "b": oops}', '["not", "an object"]', ""])
def test_invalid_json_comes_back_as_it_was_typed_with_line_and_column(ana, example):
    response = ana.post(reverse("workflows:new-app-event"), fields(name="My event", example=example))

    page = response.content.decode()
    assert response.status_code == 422
    assert response.context["form"]["example"].value() == example
    assert "Line " in page
    assert ", column " in page
    assert 'value="My event"' in page
    assert not AppEvent.objects.exists()


def test_the_error_names_the_very_place(ana):
    page = ana.post(reverse("workflows:new-app-event"), fields(example='{"a": 1,\n  "b": oops}')).content.decode()

    assert "Line 2, column 8: A value is missing here" in page
    assert 'data-line="2" data-column="8"' in page


def test_a_name_can_not_be_taken_twice_in_a_project(ana, project):
    make_app_event(project)
    make_app_event(make_project(name="Globex"), "Other")

    assert ana.post(reverse("workflows:new-app-event"), fields()).status_code == 422
    assert ana.post(reverse("workflows:new-app-event"), fields(name="Other")).status_code == 302
    assert AppEvent.objects.filter(project=project, name="Lead Created").count() == 1


def test_an_app_event_that_nobody_listens_to_may_be_renamed(ana, project):
    app_event = make_app_event(project)

    ana.post(url(app_event), fields(name="Lead Made", example='{"id": 1}'))

    app_event.refresh_from_db()
    assert (app_event.name, app_event.example) == ("Lead Made", {"id": 1})


def test_an_app_event_that_a_workflow_listens_to_keeps_its_name(ana, project):
    app_event = make_app_event(project)
    make_workflow(make_integration(project), deployed=False)

    response = ana.post(url(app_event), fields(name="Lead Made"))

    app_event.refresh_from_db()
    assert response.status_code == 422
    assert app_event.name == "Lead Created"


def test_the_example_of_a_used_app_event_may_change(ana, project):
    app_event = make_app_event(project)
    make_workflow(make_integration(project))

    ana.post(url(app_event), fields(example='{"id": 1}'))

    app_event.refresh_from_db()
    assert app_event.example == {"id": 1}


def test_the_page_links_the_workflows_that_listen_in_draft_or_live(ana, project):
    app_event = make_app_event(project)
    integration = make_integration(project)
    live = make_workflow(integration, name="Live one")
    draft = make_workflow(integration, name="Draft one", deployed=False)
    moved = make_workflow(integration, name="Moved one")
    moved.draft = moved.draft | {"trigger": {"type": "app_event", "app_event": "Other"}}
    moved.save()

    response = ana.get(url(app_event))

    assert [(i.workflow, i.is_live, i.is_draft) for i in response.context["listeners"]] == [
        (draft, False, True),
        (live, True, True),
        (moved, True, False),
    ]
    assert reverse("workflows:editor", args=[live.pk]) in response.content.decode()


def test_another_projects_workflow_of_the_same_event_name_does_not_count(ana, project):
    app_event = make_app_event(project)
    make_workflow(make_integration(make_project(name="Globex")))

    assert ana.get(url(app_event)).context["listeners"] == []


def test_the_snippets_carry_this_projects_values(ana, project, settings):
    settings.BASE_URL = "https://isthmus.acme.example"
    app_event = make_app_event(project, 'It\'s "done"', example={"ok": True, "none": None})

    sdk, curl, python = (snippet.code for snippet in ana.get(url(app_event)).context["snippets"])

    assert f'authenticate("{project.pk}"' in sdk
    assert f"curl -X POST https://isthmus.acme.example/projects/{project.pk}/sdk/events/trigger" in curl
    assert "It'\\''s" in curl
    assert '"ok": True' in python
    compile(python, "snippet", "exec")


def test_an_unused_app_event_is_deleted(ana, project):
    app_event = make_app_event(project)

    response = ana.post(url(app_event, "delete-app-event"))

    assert response["Location"] == reverse("workflows:app-events")
    assert not AppEvent.objects.exists()
    assert AuditEntry.objects.get().action == "app_event.deleted"


@pytest.mark.parametrize("deployed", [True, False])
def test_a_used_app_event_is_not_deleted(ana, project, deployed):
    app_event = make_app_event(project)
    make_workflow(make_integration(project), deployed=deployed, name="Sync leads")

    response = ana.post(url(app_event, "delete-app-event"))

    assert response.status_code == 409
    assert "Sync leads" in response.content.decode()
    assert AppEvent.objects.filter(pk=app_event.pk).exists()


def test_a_stranger_finds_nothing_and_changes_nothing(stranger, project):
    app_event = make_app_event(project)

    assert stranger.get(url(app_event)).status_code == 404
    assert stranger.post(url(app_event), fields(name="Mine")).status_code == 404
    assert stranger.post(url(app_event, "delete-app-event")).status_code == 404
    app_event.refresh_from_db()
    assert app_event.name == "Lead Created"


def test_a_viewer_may_look_and_change_nothing(raj, project):
    app_event = make_app_event(project)

    page = raj.get(url(app_event))

    assert page.status_code == 200
    assert "Delete" not in page.content.decode()
    assert raj.get(reverse("workflows:app-events")).status_code == 200
    assert raj.get(reverse("workflows:new-app-event")).status_code == 403
    assert raj.post(reverse("workflows:new-app-event"), fields(name="Mine")).status_code == 403
    assert raj.post(url(app_event), fields(name="Mine")).status_code == 403
    assert raj.post(url(app_event, "delete-app-event")).status_code == 403
    assert [row.name for row in AppEvent.objects.all()] == ["Lead Created"]


def test_a_name_that_somebody_takes_at_the_same_moment_is_refused_too(ana, project, monkeypatch):
    make_app_event(project)
    monkeypatch.setattr("workflows.app_events.forms.AppEventForm.clean_name", lambda form: form.cleaned_data["name"])

    response = ana.post(reverse("workflows:new-app-event"), fields())

    assert response.status_code == 422
    assert "There is an App Event “Lead Created” already." in response.content.decode()
