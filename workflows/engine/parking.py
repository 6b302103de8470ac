"""Parked runs: those of a credential that is no longer valid. They are kept for days, and go on after the reconnection."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations import refreshing
from integrations.models import Credential, CredentialStatus
from integrations.providers.base import ErrorClass
from lib import hot_statements
from lib.hot_statements import Kind
from lib.ids import lowest_id_at
from projects.models import Project
from workflows.engine import ringing
from workflows.metrics import counting
from workflows.models import Run, RunState, StepRun, StepState
from workflows.querysets import DUE_STATES

PARKED_REASON = "The connection is no longer valid. The run goes on when the user has connected again."
EXPIRED = "not_reconnected"
"""The code of the error with which a run ends that was parked for too long."""
_BATCH = 500
_MOST_TOLD = 1000
"""More events than these are not counted for a page."""

_RESUMABLE = f"""
WITH RECURSIVE parked(lane_id) AS (
    SELECT lane_id FROM (SELECT lane_id FROM workflows_run WHERE state = 'parked' ORDER BY lane_id LIMIT 1) AS first
    UNION ALL
    SELECT (SELECT r.lane_id FROM workflows_run r
             WHERE r.state = 'parked' AND r.lane_id > parked.lane_id ORDER BY r.lane_id LIMIT 1)
      FROM parked WHERE parked.lane_id IS NOT NULL)
SELECT k.id FROM parked JOIN integrations_credential k ON k.id = parked.lane_id
 WHERE k.status = '{CredentialStatus.VALID.value}' AND k.removed_at IS NULL LIMIT %s
"""  # noqa: S608
"""It goes from lane to lane by the index of parked runs: what it costs grows with the accounts, not with their runs."""


def park_lane(lane_id: UUID) -> int:
    """Park every open run of a lane; gives how many."""
    return Run.objects.filter(lane_id=lane_id, state__in=DUE_STATES).update(
        state=RunState.PARKED, wait_reason=PARKED_REASON
    )


def park_refused(lane_id: UUID, *, version: int, reason: str) -> None:
    """Park the lane since its org does not let the account in, and say so at the account: else nobody would ask its user to
    connect again, and the sweep would resume what is parked. `version`: of the tokens with which it was refused."""
    park_lane(lane_id)
    refreshing.give_up(lane_id, version=version, reason=reason)


def resume_parked(credential_id: UUID) -> int:
    """Let the parked runs of a credential that is valid again go on, in their order; gives how many."""
    with transaction.atomic():
        resumed = (
            Run.objects.parked()
            .filter(lane_id=credential_id)
            .update(state=RunState.QUEUED, wait_reason="", wake_at=timezone.now())
        )
        if resumed:
            transaction.on_commit(lambda: ringing.ring([credential_id]))
    return resumed


def resume_valid(credential_ids: Iterable[UUID]) -> int:
    """The same for those of the credentials that are valid; gives how many runs."""
    valid = Credential.objects.valid().filter(pk__in=credential_ids).values_list("pk", flat=True)
    return sum(resume_parked(credential_id) for credential_id in valid)


def kept_words(credential_id: UUID) -> str:
    """How many events wait for the account to be connected again, as a sentence; "" while there are none."""
    of_lane = Run.objects.parked().filter(lane_id=credential_id)
    events = len(of_lane.order_by().values_list("event_id", flat=True).distinct()[: _MOST_TOLD + 1])
    if events > _MOST_TOLD:
        return f"More than {_MOST_TOLD:,} events wait, and go on then."
    if events == 1:
        return "1 event waits, and goes on then."
    return f"{events:,} events wait, and go on then." if events else ""


def resumable(*, limit: int = 1000) -> list[UUID]:
    """Valid credentials that have parked runs all the same. What the sweep resumes.

    A process may die between a credential's commit and resuming, and an event or a worker that has read the credential
    before it was connected again may park a run after it.
    """
    return [row[0] for row in hot_statements.run(_RESUMABLE, [limit], [Kind.ID])]


def end_expired(now: datetime) -> int:
    """End the parked runs that have been kept for as long as their project says; gives how many. They can be replayed.

    The age is the run's, which is its event's but for a replay.
    """
    ended = 0
    for days in Project.objects.order_by().values_list("parked_days", flat=True).distinct():
        until = lowest_id_at(now - timedelta(days=days))
        expired = Run.objects.parked().filter(project__parked_days=days, id__lt=until)
        while batch := list(expired.values_list("pk", flat=True)[:_BATCH]):
            ended += _end(batch, days=days, now=now)
    counting.runs_ended("failed", ended)
    return ended


def _end(run_ids: list[UUID], *, days: int, now: datetime) -> int:
    """End these, if they are still parked. What their steps had begun ends with them."""
    with transaction.atomic():
        steps = StepRun.objects.filter(run__in=run_ids, run__state=RunState.PARKED)
        begun = steps.filter(state__in=[StepState.CALLING, StepState.WAITING])
        in_doubt = list(begun.filter(called_at__isnull=False).values_list("run_id", flat=True))
        begun.update(state=StepState.FAILED, finished_at=now)
        parked = Run.objects.parked().filter(pk__in=run_ids)
        return sum(
            runs.update(
                state=RunState.FAILED, wait_reason="", finished_at=now, error=_expiry(days, is_in_doubt=is_in_doubt)
            )
            for runs, is_in_doubt in ((parked.filter(pk__in=in_doubt), True), (parked.exclude(pk__in=in_doubt), False))
        )


def _expiry(days: int, *, is_in_doubt: bool) -> dict[str, object]:
    kept = "a day" if days == 1 else f"{days} days"
    doubt = " The answer to its last call never came: look in the account first whether the call took effect."
    return {
        "class": ErrorClass.CREDENTIAL.value,
        "code": EXPIRED,
        "message": f"The user has not connected the account again within {kept}, for which runs are kept.",
        "advice": "Replay the run when they have connected again." + (doubt if is_in_doubt else ""),
        "fields": [],
        "step_key": "",
    }


def cancel_disconnected() -> int:
    """End the open runs of accounts that their users have disconnected; gives how many."""
    left = Run.objects.open().filter(lane__credential__removed_at__isnull=False)
    reason = "The user has disconnected the account."
    return left.update(state=RunState.CANCELLED, wait_reason=reason, finished_at=timezone.now())
