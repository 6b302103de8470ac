"""Parked runs: those of a credential that is no longer valid. They are not lost; they go on after the reconnection."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from workflows.engine import ringing
from workflows.models import Run, RunState
from workflows.querysets import DUE_STATES

PARKED_REASON = "The connection is no longer valid. The run goes on when the user has connected again."


def park_lane(lane_id: UUID) -> int:
    """Park every open run of a lane; gives how many."""
    return Run.objects.filter(lane_id=lane_id, state__in=DUE_STATES).update(
        state=RunState.PARKED, wait_reason=PARKED_REASON
    )


def resume_parked(credential_id: UUID) -> int:
    """Let the parked runs of a credential that is valid again go on, in their order; gives how many."""
    with transaction.atomic():
        resumed = Run.objects.filter(lane_id=credential_id, state=RunState.PARKED).update(
            state=RunState.QUEUED, wait_reason="", wake_at=timezone.now()
        )
        if resumed:
            transaction.on_commit(lambda: ringing.ring([credential_id]))
    return resumed


def cancel_disconnected() -> int:
    """End the open runs of accounts that their users have disconnected; gives how many."""
    left = Run.objects.open().filter(lane__credential__removed_at__isnull=False)
    reason = "The user has disconnected the account."
    return left.update(state=RunState.CANCELLED, wait_reason=reason, finished_at=timezone.now())
