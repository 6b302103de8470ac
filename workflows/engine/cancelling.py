"""Cancelling runs that have not ended."""

from django.db import transaction
from django.utils import timezone

from lib.errors import Conflict
from projects import auditing
from projects.models import User
from workflows.metrics import counting
from workflows.models import Run, RunState
from workflows.querysets import OPEN_STATES


class AlreadyEnded(Conflict):
    """The run has ended; there is nothing left to cancel."""

    code = "already_ended"


def cancel(run: Run, *, by: User | None) -> None:
    """Stop a run where it stands; a call under way is finished and recorded, the next does not begin. Raises AlreadyEnded."""
    with transaction.atomic():
        reason = f"Cancelled by {by}." if by else "Cancelled."
        won = Run.objects.filter(pk=run.pk, state__in=OPEN_STATES).update(
            state=RunState.CANCELLED, wait_reason=reason, finished_at=timezone.now()
        )
        if not won:
            raise AlreadyEnded(run_id=run.pk)
        auditing.record(run.project, "run.cancelled", by=by, target=str(run.pk))
        transaction.on_commit(lambda: counting.runs_ended("cancelled"))
