"""Bulk replays: the failed runs of a filter, shown before and started once."""

import pytest
from django.urls import reverse
from django.utils import timezone

from projects.models import AuditEntry
from tests.factories import lead_definition, make_connected_user, make_credential, make_event, make_run, make_step_run
from workflows.engine.rendering import forget_prepared
from workflows.history import replaying, replaying_many
from workflows.history.filtering import RunFilters
from workflows.history.replaying_many import dry_run, replay_many
from workflows.models import Run, RunState, StepRun, StepState, WorkflowVersion

OWN = {"from_start": False, "on_newest": False}


@pytest.fixture(autouse=True)
def rung(monkeypatch):
    lanes = []
    monkeypatch.setattr(replaying.ringing, "ring", lanes.extend)
    forget_prepared()
    return lanes


def failed_run(acme, credential=None, **payload):
    credential = credential or acme.credential
    event = make_event(credential.user, payload={"last_name": "Lind"} | payload)
    run = make_run(acme.workflow, credential, event=event, state=RunState.FAILED, finished_at=timezone.now())
    error = {"code": "X", "message": "no"}
    make_step_run(run, state=StepState.FAILED, output=None, error=error)
    return run


def test_a_dry_run_shows_what_would_be_sent_and_writes_nothing(acme):
    runs = [failed_run(acme, last_name=f"Lind {number}") for number in range(4)]
    make_run(acme.workflow, acme.credential, state=RunState.SUCCEEDED)

    outlook = dry_run(acme.project, RunFilters(), **OWN)

    assert (outlook.count, outlook.has_more) == (4, False)
    assert [example.run for example in outlook.examples] == runs[:3]
    assert [example.preview.inputs["fields"]["LastName"] for example in outlook.examples] == [
        "Lind 0",
        "Lind 1",
        "Lind 2",
    ]
    assert outlook.examples[0].preview.step_name == "Create Lead" and outlook.examples[0].preview.warnings
    assert Run.objects.count() == 5 and StepRun.objects.count() == 4 and not AuditEntry.objects.exists()


def test_a_dry_run_on_the_newest_version_renders_that_one(acme):
    failed_run(acme)
    definition = lead_definition()
    definition["steps"][0]["inputs"]["fields"]["LastName"] = "{{ trigger.last_name }} mended"
    acme.workflow.live_version = WorkflowVersion.objects.create(
        workflow=acme.workflow, number=2, definition=definition, app_event="Lead Created"
    )
    acme.workflow.save()

    [own], [newest] = (
        dry_run(acme.project, RunFilters(), from_start=False, on_newest=on_newest).examples
        for on_newest in (False, True)
    )

    assert own.preview.inputs["fields"]["LastName"] == "Lind"
    assert newest.preview.inputs["fields"]["LastName"] == "Lind mended"


def test_a_dry_run_names_the_run_that_would_fail_again_and_the_one_that_can_not_be_replayed(acme):
    acme.workflow.live_version.definition["steps"][0]["required_inputs"] = ["fields.Email"]
    acme.workflow.live_version.save()
    failed_run(acme)
    gone = make_credential(acme.integration, make_connected_user(acme.project, "gone"), removed_at=timezone.now())
    failed_run(acme, gone)

    first, second = dry_run(acme.project, RunFilters(), **OWN).examples

    assert "Email" in first.preview.problem and "disconnected" in second.refusal


def test_only_the_failed_runs_of_the_filter_are_replayed_and_in_their_order(
    acme, django_capture_on_commit_callbacks, rung
):
    other = make_credential(acme.integration, make_connected_user(acme.project, "user-2"))
    runs = [failed_run(acme), failed_run(acme)]
    failed_run(acme, other)
    make_run(acme.workflow, acme.credential, state=RunState.CANCELLED)

    with django_capture_on_commit_callbacks(execute=True):
        done = replay_many(acme.project, RunFilters(user="user-1"), **OWN, by=None)

    again = list(Run.objects.filter(state=RunState.QUEUED).order_by("id"))
    assert done.count == 2 and [run.replay_of for run in again] == runs and set(rung) == {acme.credential.pk}
    entry = AuditEntry.objects.get(action="runs.replayed")
    assert entry.details["count"] == 2 and entry.details["filter"] == "user=user-1"


def test_asking_twice_replays_nothing_twice(acme):
    failed_run(acme)

    assert [replay_many(acme.project, RunFilters(), **OWN, by=None).count for _ in range(2)] == [1, 0]
    assert Run.objects.count() == 2


def test_what_can_not_be_replayed_is_left_alone_and_counted(acme):
    gone = make_credential(acme.integration, make_connected_user(acme.project, "gone"), removed_at=timezone.now())
    failed_run(acme, gone)
    failed_run(acme)

    done = replay_many(acme.project, RunFilters(), **OWN, by=None)

    assert done.count == 1 and list(done.refusals.values()) == [1]


def test_more_than_go_at_once_are_left_for_the_next_time(acme, monkeypatch):
    monkeypatch.setattr(replaying_many, "MOST", 2)
    monkeypatch.setattr(replaying_many, "_BATCH", 1)
    runs = [failed_run(acme) for _ in range(3)]

    outlook = dry_run(acme.project, RunFilters(), **OWN)
    done = replay_many(acme.project, RunFilters(), **OWN, by=None)

    assert (outlook.count, outlook.has_more, done.count, done.has_more) == (2, True, 2, True)
    assert set(Run.objects.exclude(replay_of=None).values_list("replay_of", flat=True)) == {run.pk for run in runs[:2]}


def test_the_page_shows_the_count_and_the_examples_and_replays(acme, ana):
    failed_run(acme, last_name="Lind <b>")
    url = reverse("workflows:replay-runs") + "?state=failed"

    page = ana.get(url).content.decode()
    answer = ana.post(url, {"from": "failed", "version": "own"}, follow=True).content.decode()

    assert "1 failed run" in page and "Replay 1 run" in page and "Lind &lt;b&gt;" in page
    assert "Replayed 1 run." in answer and Run.objects.filter(state=RunState.QUEUED).count() == 1
    assert "No failed run" in ana.get(url).content.decode()


def test_the_list_of_failed_runs_offers_to_replay_them_to_who_may_build(acme, ana, raj):
    failed_run(acme)
    url = reverse("workflows:activity")

    assert "Replay these failed runs" in ana.get(url + "?state=failed").content.decode()
    assert "Replay these failed runs" not in ana.get(url).content.decode()
    assert "Replay these failed runs" not in raj.get(url + "?state=failed").content.decode()


def test_who_may_only_read_replays_nothing_and_a_stranger_sees_none_of_it(acme, raj, stranger):
    failed_run(acme)
    url = reverse("workflows:replay-runs")

    assert raj.get(url).status_code == raj.post(url).status_code == 403
    assert "No failed run" in stranger.get(url).content.decode()
    stranger.post(url)
    assert Run.objects.count() == 1
