"""Leases that are kept while a provider takes its time."""

import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from tests.support.workers import wait_until
from workflows.engine import leasing
from workflows.models import Lane

pytestmark = pytest.mark.django_db(transaction=True)


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
