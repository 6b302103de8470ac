"""Events of an account that has to be connected again wait for it: in their order, for some days, and never for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Credential, CredentialStatus
from integrations.providers.base import ErrorClass
from integrations.providers.salesforce import outcomes
from integrations.providers.salesforce.errors_catalogue import Entry
from lib.ids import lowest_id_at
from projects.models import Project
from tests.factories import make_connected_user, make_credential, make_event, make_run, make_step_run
from workflows import tasks
from workflows.engine import parking
from workflows.history import replaying
from workflows.models import Run, RunState, StepRun, StepState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rung(monkeypatch):
    lanes = []
    monkeypatch.setattr("workflows.engine.ringing.ring", lanes.extend)
    return lanes


def break_account():
    Credential.objects.update(status=CredentialStatus.INVALID, status_reason="The password was changed.")


def connect_again(tutorial):
    grant = tutorial.org.grant()
    credential = Credential.objects.get(pk=tutorial.credential.pk)
    credential.tokens = {"access_token": grant["access_token"], "refresh_token": grant["refresh_token"]}
    credential.status, credential.tokens_version = CredentialStatus.VALID, credential.tokens_version + 1
    credential.save()


def test_events_from_before_and_from_after_the_breakdown_go_on_in_their_order(tutorial):
    tutorial.send(last_name="first")
    tutorial.org.faults("revoke_grant", count=1)
    tutorial.send(last_name="second")
    tutorial.drain()
    tutorial.send(last_name="third")
    tutorial.send(last_name="fourth")
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.PARKED} and tutorial.leads() == []

    connect_again(tutorial)
    parking.resume_parked(tutorial.credential.pk)
    tutorial.send(last_name="fifth")
    tutorial.drain()

    assert [lead["LastName"] for lead in tutorial.leads()] == ["first", "second", "third", "fourth", "fifth"]


def test_an_org_that_refuses_the_account_without_a_401_has_its_user_asked_and_is_left_in_peace(tutorial, monkeypatch):
    expired = Entry(ErrorClass.CREDENTIAL, "The password has expired: change it in Salesforce, then connect again.")
    monkeypatch.setattr(outcomes, "entry_for", lambda *_: expired)
    run = tutorial.send(last_name="")

    tutorial.drain()
    tasks.wake_due_lanes()

    credential = Credential.objects.get()
    assert (credential.status, credential.status_reason) == (CredentialStatus.INVALID, expired.advice)
    assert Run.objects.get(pk=run.pk).state == RunState.PARKED


def test_the_sweep_resumes_the_parked_runs_of_accounts_that_work_and_of_no_others(tutorial, rung):
    break_account()
    kept = tutorial.send()
    other = make_credential(
        tutorial.credential.integration,
        make_connected_user(tutorial.project, "user-2"),
        status=CredentialStatus.INVALID,
    )
    waits = make_run(tutorial.workflow, other, state=RunState.PARKED)
    gone = make_credential(tutorial.credential.integration, make_connected_user(tutorial.project, "user-3"))
    of_gone = make_run(tutorial.workflow, gone, state=RunState.PARKED)
    Credential.objects.filter(pk=gone.pk).update(removed_at=timezone.now())
    connect_again(tutorial)  # and whoever did it died before the runs went on

    tasks.wake_due_lanes()

    assert Run.objects.get(pk=kept.pk).state == RunState.QUEUED and rung == [tutorial.credential.pk]
    assert {Run.objects.get(pk=run.pk).state for run in (waits, of_gone)} == {RunState.PARKED}


def test_what_the_sweep_looks_for_is_found_lane_by_lane():
    many = [make_credential() for _ in range(5)]
    for credential in many:
        for _ in range(3):
            make_run(credential=credential, state=RunState.PARKED)
    make_run(credential=make_credential())

    assert sorted(parking.resumable()) == sorted(credential.pk for credential in many)
    assert len(parking.resumable(limit=2)) == 2


def parked_run(days, **changes):
    credential = changes.pop("credential", None) or make_credential(status=CredentialStatus.INVALID)
    moment = timezone.now() - timedelta(days=days)
    event = make_event(credential.user, id=lowest_id_at(moment), received_at=moment)
    return make_run(credential=credential, event=event, id=lowest_id_at(moment), state=RunState.PARKED, **changes)


def test_parked_runs_end_after_the_projects_days_and_are_replayed_when_the_user_is_back(rung):
    run, young = parked_run(8), parked_run(6)
    longer = parked_run(8)
    Project.objects.filter(pk=longer.project_id).update(parked_days=9)

    tasks.drop_old_history()

    run.refresh_from_db()
    assert run.state == RunState.FAILED and run.finished_at and run.error["code"] == parking.EXPIRED
    assert "7 days" in run.error["message"] and "Replay" in run.error["advice"]
    assert {Run.objects.get(pk=each.pk).state for each in (young, longer)} == {RunState.PARKED}
    again = replaying.replay(run, from_start=True, by=None)
    assert again.state == RunState.QUEUED and again.event_id == run.event_id


def test_a_parked_run_that_ends_says_when_its_last_call_may_have_happened():
    credential = make_credential(status=CredentialStatus.INVALID)
    run = parked_run(8, credential=credential)
    make_step_run(run, state=StepState.WAITING, output=None, called_at=timezone.now(), finished_at=None)

    assert parking.end_expired(timezone.now()) == 1

    run.refresh_from_db()
    assert "look in the account" in run.error["advice"]
    assert StepRun.objects.get().state == StepState.FAILED


def test_more_parked_runs_than_one_batch_end_in_one_sweep(monkeypatch):
    monkeypatch.setattr(parking, "_BATCH", 2)
    credential = make_credential(status=CredentialStatus.INVALID)
    for hours in range(5):
        parked_run(8 + hours / 24, credential=credential)

    assert parking.end_expired(timezone.now()) == 5
