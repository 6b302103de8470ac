"""Leases: one worker at a time, whatever its clock says, and kept while a provider takes its time."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from tests.support.workers import wait_until
from workflows.engine import leasing
from workflows.errors import LeaseLost
from workflows.models import Lane, Run, RunState

pytestmark = pytest.mark.django_db(transaction=True)
across_hosts = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite's clock is this host's")


def lapse():
    Lane.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


def test_only_one_worker_holds_a_lane_and_a_lapsed_lease_can_be_taken(tutorial):
    lane_id = tutorial.credential.pk
    first = leasing.lease_lane(lane_id)

    assert first and leasing.lease_lane(lane_id) is None
    lapse()
    second = leasing.lease_lane(lane_id)
    assert second
    with pytest.raises(LeaseLost):
        leasing.hold(first)
    leasing.release(first)
    assert Lane.objects.get().lease_token == second.token, "who lost the lease gives nothing back"


@pytest.mark.parametrize("is_off_by", [timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "behind"])
def test_a_host_whose_clock_is_wrong_takes_no_lane_that_is_held_and_holds_its_own(tutorial, monkeypatch, is_off_by):
    lane_id, right = tutorial.credential.pk, timezone.now
    first = leasing.lease_lane(lane_id)

    monkeypatch.setattr(timezone, "now", lambda: right() + is_off_by)
    assert leasing.lease_lane(lane_id) is None
    assert not Lane.objects.free().exists()
    leasing.hold(first)
    leasing.release(first)
    second = leasing.lease_lane(lane_id)
    assert second
    monkeypatch.undo()

    assert leasing.lease_lane(lane_id) is None
    left = Lane.objects.get().leased_until - right()
    assert abs(left) < timedelta(minutes=30), "the hour by which the clock is off does not count"


@pytest.mark.parametrize("is_off_by", [timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "behind"])
@across_hosts
def test_a_call_that_broke_off_at_a_host_whose_clock_is_wrong_is_found_by_the_next(tutorial, monkeypatch, is_off_by):
    right = timezone.now
    run = tutorial.send()
    Run.objects.update(wake_at=right() - timedelta(hours=2))  # due by whatever clock
    tutorial.org.faults("cut_after_commit", count=1)

    monkeypatch.setattr(timezone, "now", lambda: right() + is_off_by)
    tutorial.drain()
    monkeypatch.undo()
    begun = run.step_runs.get().called_at
    assert abs(begun - right()) < timedelta(minutes=1)
    tutorial.drain(later=timedelta(hours=2))

    assert Run.objects.get().state == RunState.SUCCEEDED and len(tutorial.leads()) == 1


@across_hosts
def test_what_a_host_takes_whose_clock_is_ahead_is_due_at_once(tutorial, monkeypatch):
    right = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(seconds=30))
    tutorial.send()
    monkeypatch.undo()

    tutorial.drain()

    assert Run.objects.get().state == RunState.SUCCEEDED


def test_a_database_that_was_away_for_a_moment_does_not_end_the_keeping_of_leases(
    tutorial, settings, monkeypatch, caplog
):
    settings.LANE_LEASE_SECONDS = 3
    renew, asked = leasing._Keeper._renew, []

    def away_at_first(keeper, leases):
        asked.append(leases)
        if len(asked) == 1:
            raise OperationalError("the database system is shutting down")
        renew(keeper, leases)

    monkeypatch.setattr(leasing._Keeper, "_renew", away_at_first)
    monkeypatch.setattr(leasing, "_keeper", leasing._Keeper())  # the process's own may be in the middle of a long wait
    lease = leasing.lease_lane(tutorial.credential.pk)

    with leasing.kept(lease):
        lapses = Lane.objects.get().leased_until
        assert wait_until(lambda: Lane.objects.get().leased_until > lapses)

    assert len(asked) >= 2
    [record] = [record for record in caplog.records if record.message == "lease.not_renewed"]
    assert record.lanes == 1 and "shutting down" in record.error
