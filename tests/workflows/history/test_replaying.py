"""Replays: a new run beside the old one, which does again only what it is told to."""

from __future__ import annotations

import pytest
from django.utils import timezone

from projects.models import AuditEntry
from tests.factories import lead_definition, make_credential, make_run, make_step_run, make_workflow
from tests.workflows.history.conftest import Acme
from workflows.history import replaying
from workflows.history.replaying import NotReplayable, replay
from workflows.models import Run, RunState, StepRun, StepState, Workflow, WorkflowVersion


def step(key: str) -> dict[str, object]:
    return {**lead_definition()["steps"][0], "key": key, "name": key}


def make_version(workflow: Workflow, *keys: str) -> WorkflowVersion:
    """Deploy the workflow with steps of these keys."""
    definition = lead_definition(steps=[step(key) for key in keys])
    number = workflow.versions.count() + 1
    version = WorkflowVersion.objects.create(
        workflow=workflow, number=number, definition=definition, app_event="Lead Created"
    )
    Workflow.objects.filter(pk=workflow.pk).update(live_version=version)
    workflow.refresh_from_db()
    return version


@pytest.fixture
def failed(acme: Acme) -> Run:
    """A run of three steps that failed at the second."""
    make_version(acme.workflow, "one", "two", "three")
    run = make_run(acme.workflow, acme.credential, state=RunState.FAILED, position=1, finished_at=timezone.now())
    make_step_run(run, "one", position=0, output={"id": "00Q1"})
    make_step_run(run, "two", position=1, state=StepState.FAILED, output=None, error={"code": "X", "message": "no"})
    return run


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The lanes that were rung: the message broker is not part of these tests."""
    lanes: list[object] = []
    monkeypatch.setattr(replaying.ringing, "ring", lanes.extend)
    return lanes


def test_a_replay_from_the_failed_step_takes_over_what_succeeded(failed):
    again = replay(failed, from_start=False, by=None)

    taken = list(again.step_runs.in_order())
    assert [(row.step_key, row.state, row.output) for row in taken] == [("one", "succeeded", {"id": "00Q1"})]
    assert (again.position, again.state) == (1, RunState.QUEUED)
    assert again.started_at is not None, "the engine reads outputs only of runs that have started"


def test_a_replay_from_the_start_takes_over_nothing(failed):
    again = replay(failed, from_start=True, by=None)

    assert (again.position, again.started_at, again.step_runs.count()) == (0, None, 0)


def test_a_replay_is_numbered_and_knows_what_it_replays(failed):
    first = replay(failed, from_start=True, by=None)
    Run.objects.filter(pk=first.pk).update(state=RunState.FAILED)
    first.refresh_from_db()
    second = replay(first, from_start=True, by=None)

    assert [(run.replay_number, run.replay_of) for run in (first, second)] == [(1, failed), (2, first)]
    assert first.event_id == second.event_id == failed.event_id


def test_the_replayed_run_stays_as_it_was(failed):
    before = (failed.state, failed.finished_at, StepRun.objects.filter(run=failed).count())

    replay(failed, from_start=False, by=None)

    failed.refresh_from_db()
    assert (failed.state, failed.finished_at, StepRun.objects.filter(run=failed).count()) == before


def test_a_replay_keeps_the_runs_version_unless_asked_for_the_newest(acme, failed):
    newest = make_version(acme.workflow, "one", "two", "four")
    failed = Run.objects.get(pk=failed.pk)

    assert replay(failed, from_start=False, by=None).version_id == failed.version_id
    assert replay(failed, from_start=False, by=None, on_newest=True).version_id == newest.pk


def test_a_version_with_a_new_step_before_the_failed_one_is_refused_since_a_step_would_be_done_twice(acme, failed):
    make_version(acme.workflow, "zero", "one", "two")
    failed = Run.objects.get(pk=failed.pk)

    with pytest.raises(NotReplayable, match="done again"):
        replay(failed, from_start=False, by=None, on_newest=True)

    assert not failed.replays.exists()


def test_an_undeployed_workflow_is_replayed_on_the_runs_version_only(acme, failed):
    Workflow.objects.update(live_version=None)
    failed = Run.objects.get(pk=failed.pk)

    with pytest.raises(NotReplayable, match="not deployed"):
        replay(failed, from_start=True, by=None, on_newest=True)
    assert replay(failed, from_start=True, by=None).version_id == failed.version_id


@pytest.mark.parametrize("state", ["queued", "waiting", "parked", "asking"])
def test_a_run_that_goes_on_is_not_replayed(acme, state):
    run = make_run(acme.workflow, acme.credential, state=state)

    with pytest.raises(NotReplayable, match="not ended"):
        replay(run, from_start=True, by=None)

    assert Run.objects.count() == 1


def test_a_run_that_succeeded_has_no_failed_step_to_go_on_from(acme):
    run = make_run(acme.workflow, acme.credential, state=RunState.SUCCEEDED)

    with pytest.raises(NotReplayable, match="from the start"):
        replay(run, from_start=False, by=None)


def test_a_replay_goes_to_the_account_that_the_user_has_connected_since(acme, failed):
    type(acme.credential).objects.filter(pk=acme.credential.pk).update(removed_at=timezone.now())
    new = make_credential(acme.integration, acme.credential.user)
    failed = Run.objects.get(pk=failed.pk)

    again = replay(failed, from_start=True, by=None)

    assert again.configuration == new.configurations.get()
    assert again.lane_id == new.pk


def test_without_a_connected_account_a_replay_is_refused(acme, failed):
    type(acme.credential).objects.filter(pk=acme.credential.pk).update(removed_at=timezone.now())
    failed = Run.objects.get(pk=failed.pk)

    with pytest.raises(NotReplayable, match="disconnected"):
        replay(failed, from_start=True, by=None)


def test_a_replay_wakes_its_lane_and_stands_in_the_audit_log(failed, rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        again = replay(failed, from_start=False, by=None)

    assert rung == [failed.lane_id]
    entry = AuditEntry.objects.get(action="run.replayed")
    assert (entry.target, entry.details["replay"]) == (str(failed.pk), str(again.pk))


def test_an_edited_payload_is_kept_by_the_next_replay(acme):
    run = make_run(acme.workflow, acme.credential, state=RunState.FAILED, input={"last_name": "Edited"})

    assert replay(run, from_start=True, by=None).input == {"last_name": "Edited"}


def test_a_replay_waits_for_the_key_that_its_version_orders_by(acme):
    ordered = make_workflow(acme.integration, draft=lead_definition(order_by="{{ trigger.email }}"))
    run = make_run(ordered, acme.credential, state=RunState.FAILED)

    assert replay(run, from_start=True, by=None).order_key == "bo@example.com"
