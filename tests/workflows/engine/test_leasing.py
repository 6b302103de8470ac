"""Leases: one worker at a time, whatever its clock says, and kept while a provider takes its time."""

import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from tests.support.workers import wait_until
from workflows.engine import leasing
from workflows.errors import LeaseLost
from workflows.models import Lane

pytestmark = pytest.mark.django_db(transaction=True)


def lapse():
    Lane.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


def test_only_one_worker_holds_a_lane_and_a_lapsed_lease_can_be_taken(tutorial):
    now, lane_id = timezone.now(), tutorial.credential.pk
    first = leasing.lease_lane(lane_id, now=now)

    assert first and leasing.lease_lane(lane_id, now=now) is None
    lapse()
    second = leasing.lease_lane(lane_id, now=now)
    assert second
    with pytest.raises(LeaseLost):
        leasing.hold(first)
    leasing.release(first)
    assert Lane.objects.get().lease_token == second.token, "who lost the lease gives nothing back"


@pytest.mark.parametrize("is_off_by", [timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "behind"])
def test_a_host_whose_clock_is_wrong_takes_no_lane_that_is_held_and_holds_its_own(tutorial, monkeypatch, is_off_by):
    lane_id, right = tutorial.credential.pk, timezone.now
    first = leasing.lease_lane(lane_id, now=right())

    monkeypatch.setattr(timezone, "now", lambda: right() + is_off_by)
    assert leasing.lease_lane(lane_id, now=timezone.now()) is None
    assert not Lane.objects.free(timezone.now()).exists()
    leasing.hold(first)
    leasing.release(first)
    second = leasing.lease_lane(lane_id, now=timezone.now())
    assert second
    monkeypatch.undo()

    assert leasing.lease_lane(lane_id, now=right()) is None
    left = Lane.objects.get().leased_until - right()
    assert timedelta(seconds=20) < left < timedelta(seconds=40)


def test_a_database_that_was_away_for_a_moment_does_not_end_the_keeping_of_leases(
    tutorial, settings, monkeypatch, caplog
):
    settings.LANE_LEASE_SECONDS = 0.6
    renew, asked = leasing._Keeper._renew, []

    def away_at_first(keeper, leases):
        asked.append(time.monotonic())
        if len(asked) == 1:
            raise OperationalError("the database system is shutting down")
        renew(keeper, leases)

    monkeypatch.setattr(leasing._Keeper, "_renew", away_at_first)
    lease = leasing.lease_lane(tutorial.credential.pk, now=timezone.now())

    with leasing.kept(lease):
        lapses = Lane.objects.get().leased_until
        assert wait_until(lambda: Lane.objects.get().leased_until > lapses + timedelta(seconds=0.1), seconds=5)

    assert len(asked) >= 2
    [record] = [record for record in caplog.records if record.message == "lease.not_renewed"]
    assert record.lanes == 1 and "shutting down" in record.error
