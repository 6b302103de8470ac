"""A backlog: events with runs that are due, as intake leaves them while no worker answers."""

from __future__ import annotations

from django.utils import timezone

from lib.ids import time_ordered_id
from tests.factories import LEAD_CREATED
from tests.support.tutorial import Tutorial
from workflows.intake import writing
from workflows.models import RunState

_AT_ONCE = 5_000


def queue_events(tutorial: Tutorial, count: int) -> None:
    """Write `count` events and their runs by intake's own statements, without its reading and its doorbells: 100,000 rows
    take three seconds."""
    project_id, user_id, workflow = tutorial.project.pk, tutorial.user.pk, tutorial.workflow
    configuration_id = tutorial.credential.configurations.get().pk
    for begin in range(0, count, _AT_ONCE):
        now, events, runs = timezone.now(), [], []
        for _ in range(begin, min(begin + _AT_ONCE, count)):
            event_id = time_ordered_id()
            events.append((event_id, project_id, user_id, "Lead Created", LEAD_CREATED, [], now))
            ids = (time_ordered_id(), project_id, event_id, workflow.pk, workflow.live_version_id, user_id)
            runs.append((*ids, configuration_id, tutorial.credential.pk, 0, RunState.QUEUED.value, 0, now, "", "", 0.0))
        writing.write(writing.Group(events, runs, keys=[], lanes=[]))
