"""A lane is worked off against a running org: each run gets its own answer, once and in order, whatever the org does."""

from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from uuid import uuid4

import pytest
import requests
from django.utils import timezone

from integrations.models import Credential, CredentialStatus
from tests.factories import lead_definition
from workflows.engine import draining, leasing, pausing
from workflows.engine.deciding import NothingToDecide, decide
from workflows.engine.parking import resume_parked
from workflows.engine.slices import Slice
from workflows.leases import Lease
from workflows.models import Lane, PauseCause, Run, RunState, StepRun, StepState

pytestmark = pytest.mark.django_db(transaction=True)
AN_HOUR = timedelta(hours=1)


def redefine(tutorial, definition):
    version = tutorial.workflow.live_version
    version.definition = definition
    version.save()
    from workflows.engine.rendering import forget_prepared

    forget_prepared()


def test_an_event_becomes_one_lead_with_a_history(tutorial):
    run = tutorial.send()

    tutorial.drain()

    run.refresh_from_db()
    [lead] = tutorial.leads()
    step = run.step_runs.get()
    assert (run.state, run.error, run.wait_reason) == (RunState.SUCCEEDED, None, "")
    assert (lead["FirstName"], lead["LastName"], lead["Company"], lead["Email"]) == (
        "Bo",
        "Lind",
        "Lind AB",
        "bo@example.com",
    )
    assert step.state == StepState.SUCCEEDED and step.output["id"] == lead["Id"] and step.tries == 1
    assert step.input["fields"]["LastName"] == "Lind" and step.called_at is None
    assert run.api_calls == 1 and run.started_at and run.finished_at
    assert tutorial.credential.lane.leased_until is None


def test_two_hundred_events_are_one_call_in_their_order(tutorial):
    for number in range(200):
        tutorial.send(last_name=f"Lind {number}")

    tutorial.drain()

    assert [lead["LastName"] for lead in tutorial.leads()] == [f"Lind {number}" for number in range(200)]
    assert Run.objects.filter(state=RunState.SUCCEEDED).count() == 200
    assert sum(Run.objects.values_list("api_calls", flat=True)) == pytest.approx(1)


def test_one_bad_record_fails_its_own_run_alone_in_salesforces_words(tutorial):
    good, bad, other = tutorial.send(last_name="A"), tutorial.send(email="not an email"), tutorial.send(last_name="C")

    tutorial.drain()

    states = [Run.objects.get(pk=run.pk).state for run in (good, bad, other)]
    error = Run.objects.get(pk=bad.pk).error
    assert states == [RunState.SUCCEEDED, RunState.FAILED, RunState.SUCCEEDED]
    assert (
        error["code"] == "INVALID_EMAIL_ADDRESS" and "not an email" in error["message"] and error["fields"] == ["Email"]
    )
    assert error["step_key"] == "create_lead" and len(tutorial.leads()) == 2


def test_a_missing_required_value_fails_the_run_without_a_call(tutorial):
    definition = lead_definition()
    definition["steps"][0]["required_inputs"] = ["fields.Email"]
    redefine(tutorial, definition)
    run = tutorial.send(email=None)

    tutorial.drain()

    run.refresh_from_db()
    assert run.state == RunState.FAILED and "Email" in run.error["message"] and run.api_calls == 0


def test_steps_see_what_earlier_steps_gave(tutorial):
    definition = lead_definition()
    second = {
        "key": "second",
        "type": "salesforce.create_record",
        "name": "Second",
        "inputs": {"record_type": "Lead", "fields": {"LastName": "{{ steps.create_lead.id }}", "Company": "Second"}},
    }
    definition["steps"].append(second)
    redefine(tutorial, definition)
    run = tutorial.send()
    tutorial.send(last_name="Other")

    tutorial.drain()

    run.refresh_from_db()
    firsts = [lead for lead in tutorial.leads() if lead["Company"] == "Lind AB"]
    seconds = [lead for lead in tutorial.leads() if lead["Company"] == "Second"]
    assert run.state == RunState.SUCCEEDED and run.position == 2
    assert [lead["LastName"] for lead in seconds] == [lead["Id"] for lead in firsts]


def test_an_org_that_is_down_is_tried_again_and_the_lead_comes_once(tutorial):
    tutorial.org.faults("unavailable", count=1)
    run = tutorial.send()

    tutorial.drain()
    run.refresh_from_db()
    assert run.state == RunState.WAITING and run.wake_at > timezone.now() and run.wait_reason
    tutorial.drain(later=AN_HOUR)

    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED and len(tutorial.leads()) == 1 and run.step_runs.get().tries == 2


@pytest.mark.parametrize("kind", ["cut_after_commit", "cut_before_commit"])
@pytest.mark.parametrize("count", [1, 7])
def test_a_cut_connection_leaves_exactly_one_lead(tutorial, kind, count):
    tutorial.org.faults(kind, count=1)
    runs = [tutorial.send(last_name=f"Lind {number}") for number in range(count)]

    tutorial.drain()
    tutorial.drain(later=AN_HOUR)

    assert {Run.objects.get(pk=run.pk).state for run in runs} == {RunState.SUCCEEDED}
    assert [lead["LastName"] for lead in tutorial.leads()] == [f"Lind {number}" for number in range(count)]


def test_twins_whose_call_was_cut_become_two_leads(tutorial):
    tutorial.org.faults("cut_after_commit", count=1)
    tutorial.send()
    tutorial.send()

    tutorial.drain()
    tutorial.drain(later=AN_HOUR)

    ids = {step.output["id"] for step in StepRun.objects.all()}
    assert len(tutorial.leads()) == 2 and ids == {lead["Id"] for lead in tutorial.leads()}


def test_locked_rows_are_tried_again(tutorial):
    tutorial.org.faults("lock_rows", count=1)
    run = tutorial.send()

    tutorial.drain()
    tutorial.drain(later=AN_HOUR)

    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED and len(tutorial.leads()) == 1


def test_a_rate_limit_pauses_the_lane_and_costs_no_try(tutorial):
    tutorial.org.faults("rate_limit", count=1)
    run = tutorial.send()

    tutorial.drain()

    lane = Lane.objects.get()
    run.refresh_from_db()
    assert lane.paused_until > timezone.now() and lane.pause_reason and lane.pause_cause == PauseCause.DAILY_LIMIT
    assert run.state == RunState.QUEUED and run.step_runs.get().tries == 0
    assert not tutorial.drain(), "a paused lane is leased to nobody"

    tutorial.drain(later=AN_HOUR)
    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED and run.wait_reason == ""


def test_an_expired_token_is_refreshed_in_the_middle(tutorial):
    tutorial.org.faults("expire_tokens", count=1)
    run = tutorial.send()

    tutorial.drain()

    run.refresh_from_db()
    fresh = Credential.objects.get()
    assert run.state == RunState.SUCCEEDED and len(tutorial.leads()) == 1
    assert fresh.tokens_version == 1 and fresh.tokens["refresh_token"] != tutorial.credential.tokens["refresh_token"]


def test_a_revoked_grant_parks_the_runs_and_a_reconnection_lets_them_go_on(tutorial):
    tutorial.org.faults("revoke_grant", count=1)
    runs = [tutorial.send(last_name=f"Lind {number}") for number in range(3)]

    tutorial.drain()

    assert Credential.objects.get().status == CredentialStatus.INVALID
    assert {Run.objects.get(pk=run.pk).state for run in runs} == {RunState.PARKED} and tutorial.leads() == []

    grant = tutorial.org.grant()
    credential = Credential.objects.get()
    credential.tokens = {"access_token": grant["access_token"], "refresh_token": grant["refresh_token"]}
    credential.status, credential.tokens_version = CredentialStatus.VALID, credential.tokens_version + 1
    credential.save()
    assert resume_parked(credential.pk) == 3
    tutorial.drain()

    assert [lead["LastName"] for lead in tutorial.leads()] == ["Lind 0", "Lind 1", "Lind 2"]


def test_a_used_up_api_budget_pauses_the_lane_and_leaves_the_reserve(tutorial):
    Credential.objects.update(api_used=801, api_limit=1000, api_checked_at=timezone.now())
    run = tutorial.send()

    tutorial.drain()

    run.refresh_from_db()
    lane = Lane.objects.get()
    assert run.state == RunState.QUEUED and "801 of 1,000" in lane.pause_reason and tutorial.leads() == []
    assert lane.pause_cause == PauseCause.BUDGET
    Credential.objects.update(api_used=799)
    tutorial.drain(later=AN_HOUR)
    assert len(tutorial.leads()) == 1


def test_an_accounts_own_reserve_counts_instead_of_the_integrations(tutorial):
    Credential.objects.update(api_used=801, api_limit=1000, api_checked_at=timezone.now(), api_reserve_percent=10)
    tutorial.send()

    tutorial.drain()

    assert len(tutorial.leads()) == 1


@pytest.mark.parametrize(("percent", "goes_on"), [(10, True), (19, True), (20, False), (None, False)])
def test_a_lowered_reserve_lets_a_stopped_lane_go_on_at_once(tutorial, percent, goes_on):
    Credential.objects.update(api_used=801, api_limit=1000, api_checked_at=timezone.now())
    tutorial.send()
    tutorial.drain()
    Credential.objects.update(api_reserve_percent=percent)

    freed = pausing.go_on_within_budget(tutorial.credential.integration, now=timezone.now())

    assert freed == int(goes_on)
    tutorial.drain()
    assert len(tutorial.leads()) == int(goes_on)


def test_a_lowered_reserve_does_not_end_a_pause_that_the_org_asked_for(tutorial):
    until = timezone.now() + timedelta(minutes=5)
    Lane.objects.update(paused_until=until, pause_cause=PauseCause.RATE_LIMIT)
    Credential.objects.update(api_used=1, api_limit=1000, api_checked_at=timezone.now())

    assert pausing.go_on_within_budget(tutorial.credential.integration, now=timezone.now()) == 0

    assert Lane.objects.get().paused_until == until


def test_a_disconnected_account_cancels_what_was_queued(tutorial):
    run = tutorial.send()
    Credential.objects.update(removed_at=timezone.now())

    tutorial.drain()

    run.refresh_from_db()
    assert run.state == RunState.CANCELLED and run.wait_reason


def test_a_worker_that_lost_its_lease_writes_nothing_more(tutorial, monkeypatch):
    run = tutorial.send()
    lease = leasing.lease_lane(tutorial.credential.pk)

    def robbed(*_args):
        Lane.objects.update(lease_token=uuid4())

    monkeypatch.setattr(
        "workflows.engine.crash_points.reach", lambda point: robbed() if point == "after_call" else None
    )
    draining.drain(lease)
    monkeypatch.undo()

    run.refresh_from_db()
    assert run.state == RunState.QUEUED and run.step_runs.get().state == StepState.CALLING
    Lane.objects.update(lease_token=None, leased_until=None)
    tutorial.drain()
    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED and len(tutorial.leads()) == 1, "the next one finds the record and adopts it"


def test_a_stranger_lease_takes_no_turn(tutorial):
    tutorial.send()

    draining.drain(Lease(tutorial.credential.pk, uuid4()))

    assert tutorial.leads() == [] and StepRun.objects.count() == 0


def test_runs_of_one_order_key_wait_for_each_other(tutorial):
    redefine(tutorial, lead_definition(order_by="{{ trigger.company }}"))
    tutorial.org.faults("unavailable", count=1)
    first = tutorial.send(last_name="First")
    tutorial.drain()
    second, free = tutorial.send(last_name="Second"), tutorial.send(last_name="Free", company="Other")

    tutorial.drain()
    assert (
        Run.objects.get(pk=free.pk).state == RunState.SUCCEEDED
        and Run.objects.get(pk=second.pk).state == RunState.QUEUED
    )
    tutorial.drain(later=AN_HOUR)
    tutorial.drain()

    assert [lead["LastName"] for lead in tutorial.leads()] == ["Free", "First", "Second"]
    assert Run.objects.get(pk=first.pk).state == RunState.SUCCEEDED


def asking_run(tutorial):
    run = tutorial.send()
    StepRun.objects.create(
        run=run,
        step_key="create_lead",
        position=0,
        state=StepState.ASKING,
        tries=1,
        called_at=timezone.now(),
        error={"code": "ambiguous"},
    )
    Run.objects.filter(pk=run.pk).update(state=RunState.ASKING, started_at=timezone.now())
    run.refresh_from_db()
    return run


@pytest.mark.parametrize(
    ("choice", "state", "leads"), [("adopt", "succeeded", 0), ("send_again", "succeeded", 1), ("give_up", "failed", 0)]
)
def test_a_run_that_asks_does_what_a_person_decides(tutorial, choice, state, leads):
    run = asking_run(tutorial)

    decide(run, choice=choice, record_id="00Q000000000001EAA", by=None)
    tutorial.drain()

    run.refresh_from_db()
    assert (run.state, len(tutorial.leads())) == (state, leads)
    with pytest.raises(NothingToDecide):
        decide(run, choice=choice, by=None)


def test_a_run_that_steps_aside_is_not_overtaken_by_one_of_its_order_key_in_the_same_batch(tutorial):
    redefine(tutorial, lead_definition(order_by="{{ trigger.company }}"))
    tutorial.org.faults("unavailable", count=1)
    for name, company in (("First", "Lind AB"), ("Second", "Lind AB"), ("Free", "Other"), ("Third", "Lind AB")):
        tutorial.send(last_name=name, company=company)

    tutorial.drain()
    tutorial.drain(later=AN_HOUR)

    assert [lead["LastName"] for lead in tutorial.leads()] == ["First", "Free", "Second", "Third"]


def test_a_run_begins_when_the_one_before_it_with_its_order_key_has_ended(tutorial):
    definition = lead_definition(order_by="{{ trigger.company }}")
    [step] = definition["steps"]
    definition["steps"].append(step | {"key": "again", "name": "Again"})
    redefine(tutorial, definition)
    for name in ("First", "Second"):
        tutorial.send(last_name=name)

    tutorial.drain()

    assert [lead["LastName"] for lead in tutorial.leads()] == ["First", "First", "Second", "Second"]


def test_a_lane_whose_due_runs_all_wait_for_another_does_not_ring_itself(tutorial, monkeypatch):
    redefine(tutorial, lead_definition(order_by="{{ trigger.company }}"))
    tutorial.org.faults("unavailable", count=1)
    tutorial.send(last_name="First")
    tutorial.send(last_name="Second")
    rung = []
    monkeypatch.setattr("workflows.engine.ringing.ring", rung.extend)

    tutorial.drain()
    tutorial.drain()

    assert Run.objects.due(timezone.now()).count() == 1 and rung == []


def commit_late(tutorial, run):
    """Have the org create the record of the run's call; gives its id."""
    url = f"{tutorial.org.url}/services/data/v62.0/sobjects/Lead"
    token, fields = tutorial.credential.tokens["access_token"], run.step_runs.get().input["fields"]
    created = requests.post(url, json=fields, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    return created.json()["id"]


def test_a_call_that_commits_after_it_was_looked_for_is_still_found_before_the_next_try(tutorial):
    tutorial.org.faults("cut_before_commit", count=1)
    run = tutorial.send()
    tutorial.drain()
    # Nothing is found, the resend is refused; then the first request arrives after all.
    tutorial.org.faults("unavailable", count=1, resource="record")
    tutorial.drain(later=AN_HOUR)
    assert run.step_runs.get().called_at is not None and tutorial.leads() == []
    late = commit_late(tutorial, run)

    tutorial.drain(later=AN_HOUR)

    run.refresh_from_db()
    assert [lead["Id"] for lead in tutorial.leads()] == [late]
    assert run.state == RunState.SUCCEEDED and run.step_runs.get().output["id"] == late


def test_a_call_that_broke_off_again_has_its_time_again_before_it_is_looked_for(tutorial, settings):
    tutorial.org.faults("cut_before_commit", count=2)
    run = tutorial.send()
    tutorial.drain()
    assert run.step_runs.get().repeated_at is None
    run.step_runs.update(called_at=timezone.now() - AN_HOUR)
    tutorial.drain(later=AN_HOUR)  # nothing is found, and the call is sent again
    settings.SALESFORCE_SETTLE_SECONDS = 60.0
    twice, calls = run.step_runs.get(), tutorial.org.calls()["total"]

    tutorial.drain(later=AN_HOUR)

    step_run = run.step_runs.get()
    assert step_run.error["code"] == "may_still_happen" and tutorial.org.calls()["total"] == calls
    assert (step_run.called_at, step_run.repeated_at) == (twice.called_at, twice.repeated_at)
    late = commit_late(tutorial, run)
    run.step_runs.update(repeated_at=timezone.now() - AN_HOUR)
    tutorial.drain(later=AN_HOUR)
    step_run = run.step_runs.get()
    assert [lead["Id"] for lead in tutorial.leads()] == [late] and step_run.output["id"] == late
    assert step_run.called_at is None and step_run.repeated_at is None


def test_a_long_tail_behind_one_order_key_does_not_hide_the_runs_after_it(tutorial, settings):
    settings.LANE_GROUP_SIZE = 3
    redefine(tutorial, lead_definition(order_by="{{ trigger.company }}"))
    tutorial.org.faults("unavailable", count=1)
    tutorial.send(last_name="First")
    tutorial.drain()
    for number in range(7):
        tutorial.send(last_name=f"Behind {number}")
    tutorial.send(last_name="Free", company="Other")

    tutorial.drain()

    assert [lead["LastName"] for lead in tutorial.leads()] == ["Free"]


class BusySlice(Slice):
    """While a call is under way, more events come in: `more` of them at each of the first calls."""

    def __init__(self, tutorial, more):
        super().__init__()
        self.tutorial, self.more, self.waits = tutorial, list(more), []

    def wait(self, seconds):
        self.waits.append(seconds)

    @contextmanager
    def call(self):
        for number in range(self.more.pop(0) if self.more else 0):
            self.tutorial.send(last_name=f"Later {number}")
        yield


def drain_busy(tutorial, more):
    slice_ = BusySlice(tutorial, more)
    slice_.is_over = lambda: False  # however long it takes here
    draining.drain(leasing.lease_lane(tutorial.credential.pk), slice_)
    return slice_


def test_what_comes_in_while_a_lane_is_held_is_done_before_it_is_given_back(tutorial):
    tutorial.send()

    drain_busy(tutorial, more=[1, 2, 1])

    assert Run.objects.filter(state=RunState.SUCCEEDED).count() == len(tutorial.leads()) == 5
    assert Lane.objects.get().leased_until is None


def test_a_busy_lane_lets_runs_gather_and_a_quiet_one_does_not(tutorial, monkeypatch):
    now = count(start=100, step=0.02)  # seconds: each batch begins and ends
    monkeypatch.setattr(draining, "time", SimpleNamespace(monotonic=lambda: next(now)))
    tutorial.send()

    busy = drain_busy(tutorial, more=[6, 6, 1])
    tutorial.send()
    quiet = drain_busy(tutorial, more=[1, 1, 1])

    assert len(busy.waits) == 2 and max(busy.waits) < draining.PACE_SECONDS, (
        "what the batch took is not waited for again"
    )
    assert quiet.waits == []
