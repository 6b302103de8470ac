"""Celery tasks: doorbells, given ids only, each safe to ring twice."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import close_old_connections, connection
from django.db.models.functions import Now
from django.utils import timezone

from lib import clocks
from workflows.engine import crews, parking, pausing, ringing, sleeping
from workflows.history import retaining
from workflows.models import WorkerPulse

log = logging.getLogger("workflows.tasks")

CLOCK_TOLERANCE_SECONDS = 2.0
"""By more than this a host's clock should not be off: order and waiting times are told by it."""


@contextmanager
def _own_connection() -> Iterator[None]:
    """The database for one task, closed after it: Celery's threads run little, and lanes are worked off by others, so each
    would keep a connection for nothing."""
    close_old_connections()
    try:
        yield
    finally:
        if not connection.in_atomic_block:  # as a test's is
            connection.close()


@shared_task(name="workflows.drain_lanes", acks_late=True)
def drain_lanes(*lane_ids: str) -> None:
    """Have these lanes' due runs worked off. Safe to ring twice: only one ring gets the lease."""
    with _own_connection():
        for lane_id in lane_ids:
            crews.work_off(UUID(lane_id))


@shared_task(name="workflows.wake_due_lanes")
def wake_due_lanes() -> None:
    """Ring for every free lane with due runs, and note that a worker lives. Safe twice: a lane has one lease.

    Before that, parked runs of valid accounts go on, in case whoever was to resume them died, and pauses end that the newest
    counts of their orgs no longer demand.
    """
    now = timezone.now()
    with _own_connection():
        ahead = clocks.seconds_ahead()
        if abs(ahead) > CLOCK_TOLERANCE_SECONDS:
            log.warning("host.clock_off", extra={"seconds_ahead": round(ahead, 3)})
        pulse = {"beat_at": Now(), "clock_seconds_ahead": ahead}
        WorkerPulse.objects.update_or_create(name=socket.gethostname()[:120], defaults=pulse)
        for credential_id in parking.resumable():
            parking.resume_parked(credential_id)
        pausing.end_where_over(now=now)
        ringing.ring(sleeping.overslept(now))


@shared_task(name="workflows.drop_old_history")
def drop_old_history(after: str = "") -> None:
    """Drop what is past its time, and end what no account is left for. Safe twice: what is gone is gone.

    It goes on in another message, `after` the event that this one has come to, so that no worker that is to stop waits for
    all of it. Should that be lost, it begins anew with the next hour.
    """
    with _own_connection():
        if not after:
            parking.cancel_disconnected()
            if expired := parking.end_expired(timezone.now()):
                log.info("runs.expired", extra={"runs": expired})
        moment = timezone.now() - timedelta(days=settings.RETENTION_DAYS)
        swept = retaining.drop_older_than(moment, after=UUID(after) if after else retaining.BEGINNING)
    if swept.events:
        log.info("history.dropped", extra={"events": swept.events})
    if swept.goes_on_after is not None:
        drop_old_history.delay(str(swept.goes_on_after))
