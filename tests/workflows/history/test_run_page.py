"""A run's page: the path with everything that happened on it, and what a builder may do."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import AccountLogin
from tests.factories import lead_definition, make_event, make_run, make_step_run, make_workflow
from tests.workflows.history.conftest import Acme
from workflows.engine import ringing
from workflows.models import Lane, Run, RunState, StepRun, StepState

HTMX = {"HX-Request": "true"}
ERROR = {
    "class": "permanent",
    "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "message": "The company's name is not in the register.",
    "fields": ["Company"],
    "status": 400,
    "advice": "Change the value, or ask the org's administrator.",
}


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ringing, "ring", lambda lanes: None)


@pytest.fixture
def failed(acme: Acme) -> Run:
    """Two steps: the first created a Lead, the second was refused."""
    first = lead_definition()["steps"][0]
    second = {**first, "key": "create_task", "name": "Create Task", "inputs": {"record_type": "Task", "fields": {}}}
    workflow = make_workflow(acme.integration, name="Two steps", draft=lead_definition(steps=[first, second]))
    run = make_run(workflow, acme.credential, state=RunState.FAILED, position=1, finished_at=timezone.now())
    warnings = [{"path": "trigger.phone", "message": "There is no phone."}]
    notes = [{"at": "2026-11-20T12:00:00Z", "text": "Found the record that the interrupted call had created."}]
    make_step_run(run, "create_lead", warnings=warnings, notes=notes)
    make_step_run(run, "create_task", position=1, state=StepState.FAILED, output=None, error=ERROR, tries=3)
    return run


@pytest.fixture
def asking(acme: Acme) -> Run:
    run = make_run(acme.workflow, acme.credential, state=RunState.ASKING, started_at=timezone.now())
    make_step_run(run, state=StepState.ASKING, output=None, finished_at=None, called_at=timezone.now())
    return run


def page(client: Client, run: Run, **headers: str) -> str:
    response = client.get(reverse("workflows:run", args=[run.pk]), headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_the_path_shows_payload_input_output_error_and_notes(ana, failed):
    body = page(ana, failed)

    for shown in (
        "bo@example.com",
        "Lind",
        "00Q000000000001AAA",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "The company&#x27;s name is not in the register.",
        "Company",
        "Change the value, or ask the org&#x27;s administrator.",
        "There is no phone.",
        "Found the record that the interrupted call had created.",
        "3 tries",
    ):
        assert shown in body


def test_the_created_record_links_to_the_users_org(ana, failed):
    assert 'href="https://lind.my.salesforce.com/00Q000000000001AAA"' in page(ana, failed)


def test_an_address_that_is_no_web_address_is_not_linked(ana, acme, failed):
    acme.credential.provider_data = {"instance_url": "javascript:alert(1)//"}
    acme.credential.save()

    assert "javascript:" not in page(ana, failed)


def test_a_step_that_the_run_did_not_reach_says_so(ana, acme, failed):
    failed.step_runs.filter(step_key="create_task").delete()

    assert "Not reached" in page(ana, failed)


def test_a_payload_too_long_to_read_is_cut_and_linked_in_full(ana, acme):
    event = make_event(acme.credential.user, payload={"text": "x" * 50_000, "z_end": "the very end"})
    run = make_run(acme.workflow, acme.credential, event=event)

    body = page(ana, run)
    whole = ana.get(f"{reverse('workflows:run-document', args=[run.pk])}?of=trigger")

    assert "the very end" not in body and "Show all of it" in body
    assert whole.json()["z_end"] == "the very end"


@pytest.mark.parametrize("of", ["create_lead.input", "create_lead.output"])
def test_a_steps_values_are_had_in_full(ana, failed, of):
    step_run = failed.step_runs.get(step_key="create_lead")

    answer = ana.get(f"{reverse('workflows:run-document', args=[failed.pk])}?of={of}")

    assert answer.json() == getattr(step_run, of.rpartition(".")[2])


@pytest.mark.parametrize("of", ["", "create_lead.run", "nothing.input", "create_lead.error"])
def test_other_attributes_are_not_had(ana, failed, of):
    assert ana.get(f"{reverse('workflows:run-document', args=[failed.pk])}?of={of}").status_code == 404


@pytest.mark.parametrize("name", ["run", "run-document"])
def test_a_stranger_does_not_find_acmes_run(stranger, failed, name):
    assert stranger.get(f"{reverse(f'workflows:{name}', args=[failed.pk])}?of=trigger").status_code == 404


def test_a_stranger_does_not_find_acmes_event(stranger, failed):
    assert stranger.get(reverse("workflows:event", args=[failed.event_id])).status_code == 404


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("replay-run", {"from": "start"}),
        ("cancel-run", {}),
        ("decide-run", {"choice": "adopt", "record_id": "00Q000000000009AAA"}),
    ],
)
@pytest.mark.parametrize("who", ["stranger", "raj"])
def test_who_may_not_act_is_refused_and_nothing_changes(request, asking, who, name, form):
    ended = make_run(asking.workflow, asking.lane.credential, state=RunState.FAILED)
    client = request.getfixturevalue(who)
    before = (list(Run.objects.values()), list(StepRun.objects.values()))

    for run in (asking, ended):
        response = client.post(reverse(f"workflows:{name}", args=[run.pk]), form)
        assert response.status_code == (404 if who == "stranger" else 403)

    assert (list(Run.objects.values()), list(StepRun.objects.values())) == before


def test_a_viewer_sees_no_buttons(raj, failed, asking):
    assert '<button class="btn' not in page(raj, failed).partition('id="run"')[2]
    assert "Adopt record" not in page(raj, asking)


def test_acts_are_not_done_by_a_link(ana, failed, asking):
    for name, run in (("replay-run", failed), ("cancel-run", asking), ("decide-run", asking)):
        assert ana.get(reverse(f"workflows:{name}", args=[run.pk])).status_code == 405


def test_a_replay_from_the_failed_step_leads_to_the_new_run(ana, failed):
    response = ana.post(reverse("workflows:replay-run", args=[failed.pk]), {"from": "failed"}, follow=True)

    again = Run.objects.get(replay_of=failed)
    assert response.redirect_chain[-1][0] == reverse("workflows:run", args=[again.pk])
    assert again.position == 1 and again.step_runs.get().step_key == "create_lead"
    assert str(again.pk) in page(ana, failed)


def test_a_replay_that_can_not_be_is_refused_in_words(ana, asking):
    response = ana.post(reverse("workflows:replay-run", args=[asking.pk]), {"from": "start"}, follow=True)

    assert "This run has not ended yet" in response.content.decode()
    assert not Run.objects.filter(replay_of=asking).exists()


def test_cancelling_ends_an_open_run(ana, asking):
    ana.post(reverse("workflows:cancel-run", args=[asking.pk]))

    asking.refresh_from_db()
    assert asking.state == RunState.CANCELLED
    assert "Cancelled by Ana" in page(ana, asking)


def test_adopting_a_record_ends_the_question(ana, asking):
    form = {"choice": "adopt", "record_id": " 00Q000000000009AAA "}

    ana.post(reverse("workflows:decide-run", args=[asking.pk]), form)

    asking.refresh_from_db()
    assert asking.state == RunState.SUCCEEDED
    assert asking.step_runs.get().output["id"] == "00Q000000000009AAA"


def test_the_records_that_may_be_it_are_offered_with_their_addresses(ana, asking):
    candidates = [{"id": "00Q000000000009AAA", "url": "x", "created_at": "2026-11-20T12:00:00+00:00"}]
    asking.step_runs.update(error={"code": "ambiguous_outcome", "message": "Two are alike.", "candidates": candidates})

    body = page(ana, asking)

    assert 'href="https://lind.my.salesforce.com/00Q000000000009AAA"' in body
    assert 'aria-label="Adopt 00Q000000000009AAA"' in body


@pytest.mark.parametrize(("choice", "state"), [("send_again", RunState.QUEUED), ("give_up", RunState.FAILED)])
def test_the_other_answers_are_acted_on(ana, asking, choice, state):
    ana.post(reverse("workflows:decide-run", args=[asking.pk]), {"choice": choice})

    asking.refresh_from_db()
    assert asking.state == state


@pytest.mark.parametrize("record_id", ["", "00Q/../x", "'; DROP"])
def test_what_is_no_record_id_is_not_adopted(ana, asking, record_id):
    form = {"choice": "adopt", "record_id": record_id}

    response = ana.post(reverse("workflows:decide-run", args=[asking.pk]), form, follow=True)

    asking.refresh_from_db()
    assert asking.state == RunState.ASKING
    assert "Enter the id of the record" in response.content.decode()


def test_a_second_answer_is_told_that_there_is_nothing_left_to_decide(ana, asking):
    url = reverse("workflows:decide-run", args=[asking.pk])
    ana.post(url, {"choice": "give_up"})

    response = ana.post(url, {"choice": "send_again"}, follow=True)

    assert "no longer waits for a decision" in response.content.decode()


def test_a_parked_run_says_whom_it_waits_for(ana, acme):
    run = make_run(acme.workflow, acme.credential, state=RunState.PARKED)

    body = page(ana, run)

    assert "Waiting for the user to connect again" in body and "Ask the user to open the portal" in body


def test_a_waiting_run_tells_its_next_try(ana, acme):
    run = make_run(
        acme.workflow, acme.credential, state=RunState.WAITING, wait_reason="Salesforce is away. Try 2 of 9."
    )

    body = page(ana, run)

    assert "Salesforce is away. Try 2 of 9." in body and "Next try" in body


def test_a_queued_run_says_what_it_waits_for(ana, acme):
    reason = "Waits its turn: at most 2 calls of this workflow at a time."
    run = make_run(acme.workflow, acme.credential, wait_reason=reason)

    assert reason in page(ana, run)


@pytest.mark.parametrize(("minutes", "is_told"), [(5, True), (-5, False)])
def test_a_queued_run_tells_its_lanes_pause_while_it_lasts(ana, acme, minutes, is_told):
    run = make_run(acme.workflow, acme.credential)
    until = timezone.now() + timedelta(minutes=minutes)
    Lane.objects.update(pause_reason="The org is busy.", paused_until=until)

    body = page(ana, run)

    assert ("The org is busy." in body) == is_told
    assert (f"#budget-{acme.credential.pk.hex}" in body and "Looks again" in body) == is_told


def test_a_run_that_came_during_the_pause_tells_it_too(ana, acme):
    run = make_run(acme.workflow, acme.credential)
    until = timezone.now() + timedelta(minutes=5)
    Lane.objects.update(pause_reason="The org is busy.", paused_until=until)

    assert "The org is busy." in page(ana, run)


def seen(body: str) -> str:
    found = re.search(r'id="run" hx-get="([^"]+)"', body)
    assert found
    return found.group(1)


def test_the_page_asks_for_changes_and_gets_nothing_while_there_are_none(ana, acme):
    run = make_run(acme.workflow, acme.credential)

    response = ana.get(seen(page(ana, run)), headers=HTMX)

    assert response.status_code == 204


def test_the_page_gets_its_changing_part_when_a_step_is_done(ana, acme):
    run = make_run(acme.workflow, acme.credential)
    url = seen(page(ana, run))
    make_step_run(run)

    response = ana.get(url, headers=HTMX)

    body = response.content.decode()
    assert response.status_code == 200 and body.lstrip().startswith('<div id="run"')
    assert "00Q000000000001AAA" in body and seen(body) != url


def test_the_page_stops_asking_when_the_run_has_ended(ana, acme):
    run = make_run(acme.workflow, acme.credential)
    url = seen(page(ana, run))
    Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED, finished_at=timezone.now())

    response = ana.get(url, headers=HTMX)

    assert response.status_code == 286
    assert "hx-trigger" not in response.content.decode()


def test_a_run_with_many_steps_takes_few_queries(ana, acme, django_assert_max_num_queries):
    first = lead_definition()["steps"][0]
    steps = [{**first, "key": f"step_{number}"} for number in range(20)]
    run = make_run(make_workflow(acme.integration, draft=lead_definition(steps=steps)), acme.credential)
    for number in range(20):
        make_step_run(run, f"step_{number}", position=number)

    with django_assert_max_num_queries(12):
        page(ana, run)


def test_an_events_page_tells_what_it_started_and_what_not(ana, acme):
    other = make_workflow(acme.integration, name="Left out")
    skipped = [{"workflow_id": str(other.pk), "reason": "switched_off"}]
    run = make_run(acme.workflow, acme.credential, event=make_event(acme.credential.user, skipped=skipped))

    body = ana.get(reverse("workflows:event", args=[run.event_id])).content.decode()

    assert run.pk.hex in body
    assert "Left out" in body and "The user had it switched off" in body


def shown_account(client: Client, run: Run) -> str:
    text = client.get(reverse("workflows:run", args=[run.pk])).content.decode()
    found = re.search(r"<dt>Account</dt><dd>([^<]*)", text)
    assert found
    return found[1].strip()


def test_a_run_keeps_the_account_that_its_call_was_made_with(acme: Acme, ana: Client) -> None:
    now = timezone.now()
    run = make_run(acme.workflow, acme.credential, state=RunState.SUCCEEDED, finished_at=now - timedelta(hours=2))
    make_step_run(run, started_at=now - timedelta(hours=2), finished_at=now - timedelta(hours=2))
    later = make_run(acme.workflow, acme.credential, state=RunState.SUCCEEDED, finished_at=now)
    make_step_run(later, started_at=now, finished_at=now)
    waiting = make_run(acme.workflow, acme.credential)
    assert shown_account(ana, run) == "bo@lind.example"

    for username, hours in (("bo@lind.example", 3), ("cy@lind.example", 1)):
        since = now - timedelta(hours=hours)
        AccountLogin.objects.create(credential=acme.credential, provider_id="00D", username=username, since=since)
    acme.credential.provider_data = {**acme.credential.provider_data, "username": "cy@lind.example"}
    acme.credential.save()

    assert shown_account(ana, run) == "bo@lind.example"
    assert shown_account(ana, later) == shown_account(ana, waiting) == "cy@lind.example"


def test_a_run_whose_calls_were_two_accounts_names_both_and_one_older_than_all_has_the_first(
    acme: Acme, ana: Client
) -> None:
    now = timezone.now()
    step = lead_definition()["steps"][0]
    steps = [{**step, "key": key} for key in ("first", "second")]
    run = make_run(make_workflow(acme.integration, draft=lead_definition(steps=steps)), acme.credential)
    make_step_run(run, "first", started_at=now - timedelta(days=9), finished_at=now - timedelta(days=9))
    for username, hours in (("bo@lind.example", 3), ("cy@lind.example", 1)):
        since = now - timedelta(hours=hours)
        AccountLogin.objects.create(credential=acme.credential, provider_id="00D", username=username, since=since)
    assert shown_account(ana, run) == "bo@lind.example"

    make_step_run(run, "second", position=1, state=StepState.CALLING, called_at=now, started_at=now, finished_at=None)

    assert shown_account(ana, run) == "bo@lind.example, cy@lind.example"
