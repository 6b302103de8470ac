"""What intake and engine do is counted, and stands in the log with the ids by which it is found again."""

import logging
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from integrations.models import Credential
from lib.log_lines import JsonFormatter
from workflows.engine import draining, leasing
from workflows.engine.cancelling import cancel
from workflows.metrics import exposing
from workflows.models import Lane

pytestmark = pytest.mark.django_db(transaction=True)
ACTION = "salesforce.create_record"


def counted():
    """{(sample, its label but the process): value}"""
    found = {}
    for family in text_string_to_metric_families(exposing.processes_alone().decode()):
        for sample in family.samples:
            key = (sample.name.removeprefix("isthmus_"), *(v for k, v in sample.labels.items() if k != "process"))
            found[key] = found.get(key, 0) + sample.value
    return found


@pytest.fixture
def since():
    before = counted()
    return lambda *key: counted().get(key, 0) - before.get(key, 0)


def lines(caplog, message):
    return [record for record in caplog.records if record.getMessage() == message]


def test_a_group_is_one_execution_of_many_runs_and_one_call(tutorial, since):
    for _ in range(30):
        tutorial.send()

    tutorial.drain()

    assert (since("group_runs_count", ACTION), since("group_runs_sum", ACTION)) == (1, 30)
    assert since("action_seconds_count", ACTION) == 1 and since("provider_calls_total", "salesforce") == pytest.approx(
        1
    )
    assert since("runs_ended_total", "succeeded") == since("run_seconds_count") == 30
    assert since("step_retries_total", "transient") == since("unknown_outcomes_total") == 0


def test_a_failure_that_passes_is_a_retry_and_one_that_does_not_is_an_end(tutorial, since):
    tutorial.org.faults("lock_rows", count=1)
    tutorial.send()
    tutorial.drain()
    assert (since("step_retries_total", "transient"), since("runs_ended_total", "succeeded")) == (1, 0)

    tutorial.send(last_name="")
    tutorial.drain(later=timedelta(hours=1))

    assert (since("runs_ended_total", "succeeded"), since("runs_ended_total", "failed")) == (1, 1)


def test_a_call_that_broke_off_is_an_unknown_outcome(tutorial, since):
    tutorial.org.faults("cut_after_commit", count=1)
    tutorial.send()

    tutorial.drain()

    assert since("unknown_outcomes_total") == 1


@pytest.mark.parametrize("cause", ["rate_limited", "daily_limit", "budget"])
def test_a_pause_is_counted_by_its_cause_and_told_with_its_lane(tutorial, since, caplog, cause):
    if cause == "rate_limited":
        tutorial.org.faults("rate_limit", count=1, http=429, retry_after=60)
    elif cause == "daily_limit":
        tutorial.org.faults("rate_limit", count=1)
    else:
        now = Lane.objects.get().rung_at or Credential.objects.get().created_at
        Credential.objects.update(api_used=990, api_limit=1000, api_checked_at=now)
    tutorial.send()

    tutorial.drain()

    [line] = lines(caplog, "lane.paused")
    assert since("lane_pauses_total", cause) == 1 and line.lane == tutorial.credential.pk


def test_a_lease_that_went_to_another_is_counted(tutorial, since, caplog):
    tutorial.send()

    lease = leasing.lease_lane(tutorial.credential.pk)
    Lane.objects.update(lease_token=None)

    draining.drain(lease)

    assert since("lease_losses_total") == 1 and lines(caplog, "lane.lease_lost")


def test_a_cancelled_run_is_counted_as_ended(tutorial, since):
    cancel(tutorial.send(), by=None)

    assert since("runs_ended_total", "cancelled") == 1


def test_an_event_and_its_run_stand_in_the_log_with_their_ids_and_nothing_of_what_they_carry(tutorial, caplog):
    caplog.set_level(logging.DEBUG, logger="workflows")
    run = tutorial.send(email="secret@example.com")

    tutorial.drain()

    [accepted], [ended] = lines(caplog, "event.accepted"), lines(caplog, "run.ended")
    assert (ended.run, ended.event, ended.lane, ended.user) == (run.pk, run.event_id, run.lane_id, run.user_id)
    assert (accepted.event, accepted.user) == (run.event_id, run.user_id)
    assert str(run.pk) in accepted.runs and str(run.lane_id) in accepted.lanes
    told = "\n".join(JsonFormatter().format(record) for record in caplog.records)
    tokens = tutorial.credential.tokens
    for secret in ("secret@example.com", tokens["access_token"], tokens["refresh_token"]):
        assert secret not in told


def test_an_accepted_event_costs_no_line_unless_asked_for(tutorial, caplog):
    caplog.set_level(logging.INFO)

    tutorial.send()

    assert not lines(caplog, "event.accepted")
