"""Replays with an edited payload: the page that shows what would be sent, and the run that comes of it."""

import json

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import AuditEntry
from tests.factories import LEAD_CREATED, lead_definition, make_event, make_run, make_step_run, make_workflow
from tests.workflows.history.conftest import Acme
from workflows.engine.rendering import forget_prepared
from workflows.history import editing, replaying
from workflows.history.replaying import replay
from workflows.models import Run, RunState, StepRun, StepState, Workflow, WorkflowVersion

HTMX = {"HX-Request": "true"}
EDITED = {**LEAD_CREATED, "last_name": "Mended"}


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying.ringing, "ring", lambda lanes: None)
    forget_prepared()


@pytest.fixture
def failed(acme: Acme) -> Run:
    """The Lead was created, the Contact that names it refused."""
    first = lead_definition()["steps"][0]
    fields = {"LastName": "{{ trigger.last_name }} <{{ steps.create_lead.id }}>"}
    second = {
        **first,
        "key": "create_contact",
        "name": "Create Contact",
        "inputs": {"record_type": "Contact", "fields": fields},
    }
    workflow = make_workflow(acme.integration, name="Two steps", draft=lead_definition(steps=[first, second]))
    run = make_run(workflow, acme.credential, state=RunState.FAILED, position=1, finished_at=timezone.now())
    make_step_run(run, "create_lead")
    make_step_run(run, "create_contact", position=1, state=StepState.FAILED, output=None, error={"code": "X"})
    return run


def url(run: Run) -> str:
    return reverse("workflows:replay-edited", args=[run.pk])


def text(payload: object) -> str:
    return json.dumps(payload, indent=2)


def outlook(client: Client, run: Run, payload: object, **form: str) -> str:
    response = client.post(url(run), {"payload": text(payload), **form}, headers=HTMX)
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_starts_from_the_runs_payload_and_shows_what_it_would_send(ana, failed):
    body = ana.get(url(failed)).content.decode()

    assert "&quot;last_name&quot;: &quot;Lind&quot;" in body
    assert "Create Contact" in body and "Lind &lt;00Q000000000001AAA&gt;" in body
    assert "Not done again: “Create Lead”" in body


def test_the_runs_page_leads_there_for_who_may_build(ana, raj, failed):
    page = reverse("workflows:run", args=[failed.pk])

    assert url(failed) in ana.get(page).content.decode()
    assert url(failed) not in raj.get(page).content.decode()


def test_what_would_be_sent_follows_the_edited_payload_and_nothing_is_written(ana, failed):
    from_failed = outlook(ana, failed, EDITED, **{"from": "failed"})
    from_start = outlook(ana, failed, EDITED, **{"from": "start"})

    assert "Mended &lt;00Q000000000001AAA&gt;" in from_failed and "the failed step on" in from_failed
    assert "Mended" in from_start and "bo@example.com" in from_start
    assert "Done again: “Create Lead”" in from_start and "a record may be created twice" in from_start
    assert Run.objects.count() == 1 and StepRun.objects.count() == 2 and not AuditEntry.objects.exists()


def test_without_scripts_the_page_itself_shows_it_and_keeps_what_was_typed(ana, failed):
    body = ana.post(url(failed), {"payload": text(EDITED), "from": "start", "act": "preview"}).content.decode()

    assert "&quot;last_name&quot;: &quot;Mended&quot;" in body and "Done again: “Create Lead”" in body
    assert Run.objects.count() == 1


def test_a_replay_reads_the_edited_payload_and_the_event_keeps_its_own(ana, failed):
    response = ana.post(url(failed), {"payload": text(EDITED), "from": "failed"}, follow=True)

    again = Run.objects.get(replay_of=failed)
    assert response.redirect_chain[-1][0] == reverse("workflows:run", args=[again.pk])
    assert (again.input, again.position, again.version_id) == (EDITED, 1, failed.version_id)
    assert [step.step_key for step in again.step_runs.all()] == ["create_lead"]
    failed.refresh_from_db()
    assert failed.input is None and failed.event.payload == LEAD_CREATED
    entry = AuditEntry.objects.get(action="run.replayed")
    assert entry.details["payload"] == "edited" and entry.actor.email == "ana@acme.example"
    assert "Mended" not in json.dumps(entry.details)


def test_from_the_start_on_the_live_version_every_step_is_done_again_with_it(ana, failed):
    live = WorkflowVersion.objects.create(
        workflow=failed.workflow, number=2, definition=lead_definition(), app_event="Lead Created"
    )
    Workflow.objects.filter(pk=failed.workflow_id).update(live_version=live)

    ana.post(url(failed), {"payload": text(EDITED), "from": "start", "version": "newest"})

    again = Run.objects.get(replay_of=failed)
    assert (again.input, again.position, again.version) == (EDITED, 0, live)
    assert not again.step_runs.exists()


def test_the_new_runs_page_shows_the_edited_payload_and_what_the_app_sent(ana, failed):
    body = ana.post(url(failed), {"payload": text(EDITED), "from": "failed"}, follow=True).content.decode()

    shown = body.partition("Edited payload")[2]
    assert "payload edited" in body and "with an edited payload" in body
    assert "Mended" in shown.partition("What your app sent")[0]
    assert "Mended" not in shown.partition("What your app sent")[2].partition("</details>")[0]
    document = reverse("workflows:run-document", args=[Run.objects.get(replay_of=failed).pk])
    assert ana.get(f"{document}?of=trigger").json() == EDITED
    assert ana.get(f"{document}?of=event").json() == LEAD_CREATED


def test_a_payload_left_or_made_again_as_the_app_sent_it_counts_as_not_edited(acme):
    run = make_run(acme.workflow, acme.credential, state=RunState.FAILED, input=EDITED)

    again = replay(run, from_start=True, by=None, payload=dict(reversed(LEAD_CREATED.items())))

    assert again.input is None
    assert AuditEntry.objects.get(action="run.replayed").details["payload"] == ""


def test_true_in_the_place_of_one_is_an_edit(acme):
    event = make_event(acme.credential.user, payload={"count": 1})
    run = make_run(acme.workflow, acme.credential, event=event, state=RunState.FAILED)

    assert replay(run, from_start=True, by=None, payload={"count": True}).input == {"count": True}


def test_an_edited_run_is_edited_further_beside_what_the_app_sent(ana, acme):
    run = make_run(acme.workflow, acme.credential, state=RunState.FAILED, input=EDITED)

    body = ana.get(url(run)).content.decode()

    assert "&quot;last_name&quot;: &quot;Mended&quot;" in body
    assert "&quot;last_name&quot;: &quot;Lind&quot;" in body.partition("What your app sent")[2]


def test_the_edited_payload_decides_whom_the_run_waits_for(acme):
    ordered = make_workflow(acme.integration, draft=lead_definition(order_by="{{ trigger.email }}"))
    run = make_run(ordered, acme.credential, state=RunState.FAILED)

    assert replay(run, from_start=True, by=None, payload={"email": "new@example.com"}).order_key == "new@example.com"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ('{\n  "a": 1,\n}', "Line 2, column 9: Remove this comma"),
        ("[1]", "Line 1, column 1: The payload must be an object"),
        ("", "Line 1, column 1: The payload is empty"),
    ],
)
def test_what_is_no_json_object_comes_back_as_typed_with_line_and_column(ana, failed, given, says):
    page = ana.post(url(failed), {"payload": given, "from": "failed"})
    fragment = ana.post(url(failed), {"payload": given, "from": "failed"}, headers=HTMX)

    assert page.status_code == fragment.status_code == 422
    assert says in page.content.decode() and says in fragment.content.decode()
    assert Run.objects.count() == 1


def test_a_payload_is_as_long_as_an_event_may_be_and_no_longer(ana, failed):
    longest = "x" * (settings.EVENT_MAX_BYTES - len('{"a":""}'))
    too_long = ana.post(url(failed), {"payload": json.dumps({"a": "é" * 600_000}, ensure_ascii=False)})

    assert editing.read_payload(f'{{"a":"{longest}"}}') == {"a": longest}
    assert too_long.status_code == 422 and "an event may have 1,000,000" in too_long.content.decode()
    assert "more than 1,000,000 characters" in ana.post(url(failed), {"payload": "x" * 1_000_001}).content.decode()
    assert Run.objects.count() == 1


def test_a_large_payload_is_edited_without_the_spaces_that_would_make_it_too_large():
    payload = {"items": [1] * 200_000}

    assert editing.read_payload(editing.as_text(payload)) == payload
    assert "\n" in editing.as_text({"items": [1]})


def test_what_was_typed_stays_when_the_account_is_gone(ana, acme, failed):
    type(acme.credential).objects.filter(pk=acme.credential.pk).update(removed_at=timezone.now())

    response = ana.post(url(failed), {"payload": text(EDITED), "from": "start"})

    body = response.content.decode()
    assert response.status_code == 409 and "disconnected the account" in body
    assert "&quot;last_name&quot;: &quot;Mended&quot;" in body and Run.objects.count() == 1


def test_a_run_that_goes_on_is_not_edited(ana, acme):
    run = make_run(acme.workflow, acme.credential, state=RunState.ASKING)

    for response in (ana.get(url(run), follow=True), ana.post(url(run), {"payload": "{}"}, follow=True)):
        assert "This run has not ended yet" in response.content.decode()
    assert Run.objects.count() == 1


@pytest.mark.parametrize(("who", "status"), [("stranger", 404), ("raj", 403)])
def test_who_may_not_replay_sees_no_payload_and_starts_nothing(request, failed, who, status):
    client = request.getfixturevalue(who)

    for headers in ({}, HTMX):
        for response in (
            client.get(url(failed), headers=headers),
            client.post(url(failed), {"payload": text(EDITED)}, headers=headers),
        ):
            assert response.status_code == status
            assert "bo@example.com" not in response.content.decode()
    assert Run.objects.count() == 1
