"""A host whose clock is off is told so; by whose clock lanes are held, see test_leasing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from lib import clocks
from workflows import tasks
from workflows.metrics.backlog import BacklogCollector
from workflows.models import WorkerPulse

pytestmark = pytest.mark.django_db(transaction=True)


def warnings(caplog):
    return [record.seconds_ahead for record in caplog.records if record.message == "host.clock_off"]


def test_a_clock_that_is_right_is_not_spoken_of(caplog):
    tasks.wake_due_lanes()

    assert abs(clocks.seconds_ahead()) < 1 and warnings(caplog) == []


@pytest.mark.parametrize("seconds", [300, -300])
def test_a_clock_that_is_off_is_logged_and_told_to_prometheus(monkeypatch, caplog, seconds):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite's clock is this host's")
    right = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(seconds=seconds))

    tasks.wake_due_lanes()

    [logged] = warnings(caplog)
    assert logged == pytest.approx(seconds, abs=1)
    assert WorkerPulse.objects.get().clock_seconds_ahead == pytest.approx(seconds, abs=1)
    [told] = [
        sample.value
        for family in BacklogCollector().collect()
        for sample in family.samples
        if sample.name == "isthmus_clock_offset_seconds"
    ]
    assert told == pytest.approx(seconds, abs=1)
