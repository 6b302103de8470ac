"""A paused lane looks again as soon as what paused it has changed, and not before where its org asked for a time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import budgeting
from integrations.models import Credential, CredentialStatus
from projects.models import AuditEntry
from tests.factories import make_connected_user, make_credential, make_run, make_step_run
from workflows import tasks
from workflows.engine import pausing, waits
from workflows.engine.waits import NotWaiting, TooEarly
from workflows.models import Lane, PauseCause, Run, RunState, StepState

pytestmark = pytest.mark.django_db(transaction=True)


def colleague_of(tutorial):
    """Another user's account at the same org."""
    user = make_connected_user(tutorial.project, "colleague")
    credential = tutorial.credential
    return make_credential(credential.integration, user, provider_id=credential.provider_id)


def note(credential, used, *, limit=1000, at=None):
    budgeting.note(credential, used=used, limit=limit, own_calls=1, now=at or timezone.now())


def pause(tutorial, cause, **changes):
    until = timezone.now() + timedelta(minutes=15)
    Lane.objects.filter(pk=tutorial.credential.pk).update(paused_until=until, pause_cause=cause, **changes)


def is_paused(tutorial):
    return Lane.objects.paused().filter(pk=tutorial.credential.pk).exists()


def test_a_daily_limit_is_told_from_a_limit_with_a_time_of_its_own(tutorial):
    tutorial.org.settings(api_limit=1000, api_used=1000)
    tutorial.send()

    tutorial.drain()

    lane = Lane.objects.get()
    assert lane.pause_cause == PauseCause.DAILY_LIMIT and lane.paused_until > timezone.now() + timedelta(minutes=14)


@pytest.mark.parametrize(
    ("cause", "used", "goes_on"),
    [
        (PauseCause.BUDGET, 799, True),
        (PauseCause.BUDGET, 800, False),
        (PauseCause.DAILY_LIMIT, 799, True),
        (PauseCause.DAILY_LIMIT, 900, False),
        (PauseCause.RATE_LIMIT, 1, False),
    ],
)
def test_the_sweep_ends_a_pause_when_any_account_of_the_org_hears_that_it_has_calls_again(
    tutorial, cause, used, goes_on
):
    note(tutorial.credential, 1000, at=timezone.now() - timedelta(minutes=5))
    pause(tutorial, cause)
    tasks.wake_due_lanes()
    assert is_paused(tutorial)

    note(colleague_of(tutorial), used)
    tasks.wake_due_lanes()

    assert is_paused(tutorial) == (not goes_on)


def test_another_orgs_count_and_another_projects_end_no_pause(tutorial):
    note(tutorial.credential, 1000)
    pause(tutorial, PauseCause.DAILY_LIMIT)
    user = make_connected_user(tutorial.project, "elsewhere")
    note(make_credential(tutorial.credential.integration, user, provider_id="00D000000000009EAA"), 1)
    note(make_credential(provider_id=tutorial.credential.provider_id), 1)

    tasks.wake_due_lanes()

    assert is_paused(tutorial)


def test_an_org_that_refused_is_left_in_peace_while_nothing_newer_is_heard(tutorial):
    note(tutorial.credential, 1000, at=timezone.now() - timedelta(minutes=20))
    pause(tutorial, PauseCause.DAILY_LIMIT)

    tasks.wake_due_lanes()

    assert is_paused(tutorial)


def test_a_lane_is_paused_by_the_newest_count_of_its_org_whoever_heard_it(tutorial):
    note(tutorial.credential, 10, at=timezone.now() - timedelta(minutes=1))
    note(colleague_of(tutorial), 850)
    tutorial.send()

    tutorial.drain()

    assert tutorial.leads() == [] and "850 of 1,000" in Lane.objects.get(pk=tutorial.credential.pk).pause_reason


def test_a_stale_count_of_the_accounts_own_pauses_nothing_when_a_newer_one_is_lower(tutorial):
    note(tutorial.credential, 1000, at=timezone.now() - timedelta(minutes=1))
    note(colleague_of(tutorial), 80)
    tutorial.send()

    tutorial.drain()

    assert len(tutorial.leads()) == 1


def test_a_pause_whose_org_has_calls_ends_with_the_reconnection_and_an_asked_for_one_does_not(tutorial):
    note(tutorial.credential, 10)
    pause(tutorial, PauseCause.RATE_LIMIT)
    assert pausing.look_again(tutorial.credential.pk, now=timezone.now()) == 0 and is_paused(tutorial)

    pause(tutorial, PauseCause.BUDGET)
    assert pausing.look_again(tutorial.credential.pk, now=timezone.now()) == 1 and not is_paused(tutorial)


def test_a_run_is_tried_now_when_a_member_says_so(tutorial):
    tutorial.org.faults("lock_rows", count=1)
    run = tutorial.send()
    tutorial.drain()
    run.refresh_from_db()
    assert run.state == RunState.WAITING and waits.may_be_ended(run, now=timezone.now())

    waits.try_now(run, by=None)
    tutorial.drain()

    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED and AuditEntry.objects.get(action="run.tried_now").target == str(run.pk)


def test_to_try_a_run_now_ends_its_lanes_pause(tutorial):
    tutorial.org.faults("rate_limit", count=1, http=429, retry_after=600)
    run = tutorial.send()
    tutorial.drain()
    run.refresh_from_db()
    assert waits.is_held_up(run, now=timezone.now())

    waits.try_now(run, by=None)
    tutorial.drain()

    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED


def test_the_customers_reserve_is_not_spent_by_trying_now(tutorial):
    note(tutorial.credential, 900)
    run = tutorial.send()
    tutorial.drain()

    with pytest.raises(TooEarly, match="900 of 1,000"):
        waits.try_now(run, by=None)

    assert is_paused(tutorial) and not AuditEntry.objects.filter(action="run.tried_now").exists()


@pytest.mark.parametrize(("minutes", "is_refused"), [(1, True), (6, False)])
def test_a_call_that_may_still_happen_is_not_tried_now(tutorial, minutes, is_refused):
    later = timezone.now() + timedelta(minutes=30)
    run = make_run(tutorial.workflow, tutorial.credential, state=RunState.WAITING, wake_at=later)
    called_at = timezone.now() - timedelta(minutes=minutes)
    make_step_run(run, state=StepState.WAITING, output=None, called_at=called_at, finished_at=None)

    if is_refused:
        with pytest.raises(TooEarly):
            waits.try_now(run, by=None)
    else:
        waits.try_now(run, by=None)

    assert (Run.objects.get(pk=run.pk).wake_at == later) == is_refused


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.PARKED, RunState.ASKING, RunState.FAILED])
def test_a_run_that_waits_for_no_time_is_not_tried_now(tutorial, state):
    Credential.objects.update(status=CredentialStatus.VALID)
    run = make_run(tutorial.workflow, tutorial.credential, state=state)

    with pytest.raises(NotWaiting):
        waits.try_now(run, by=None)
