"""Celery tasks: doorbells, given ids only, each safe to ring twice."""

import logging
import socket
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from workflows.engine import crews, parking, ringing, sleeping
from workflows.history.retaining import drop_older_than
from workflows.models import WorkerPulse

log = logging.getLogger("workflows.tasks")


@shared_task(name="workflows.drain_lanes", acks_late=True)
def drain_lanes(*lane_ids: str) -> None:
    """Have these lanes' due runs worked off. Safe to ring twice: only one ring gets the lease."""
    for lane_id in lane_ids:
        crews.work_off(UUID(lane_id))


@shared_task(name="workflows.wake_due_lanes")
def wake_due_lanes() -> None:
    """Ring for every free lane with due runs, and note that a worker lives. Safe twice: a lane has one lease."""
    close_old_connections()
    now = timezone.now()
    WorkerPulse.objects.update_or_create(name=socket.gethostname()[:120], defaults={"beat_at": now})
    ringing.ring(sleeping.overslept(now))


@shared_task(name="workflows.drop_old_history")
def drop_old_history() -> None:
    """Drop what is past its time, in batches, and end what no account is left for. Safe twice: what is gone is gone."""
    close_old_connections()
    parking.cancel_disconnected()
    dropped = drop_older_than(timezone.now() - timedelta(days=settings.RETENTION_DAYS))
    if dropped:
        log.info("history.dropped", extra={"events": dropped})
