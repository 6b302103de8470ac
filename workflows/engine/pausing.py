"""Pauses: a rate limit or a used-up API budget stops the lane for a while, and costs its runs no tries."""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from integrations import budgeting
from integrations.models import Credential, Integration
from workflows.engine import ringing
from workflows.leases import Lease
from workflows.models import Lane, Run, RunState

BUDGET_PAUSE = timedelta(minutes=15)
"""An org's limit counts the last 24 hours and falls bit by bit, so looking again every quarter of an hour is enough."""
BUDGET_KNOWLEDGE = timedelta(minutes=15)
_BUDGET_WORDS = "daily API calls of this org are used"
"""By these a pause for the budget is known from one that the org has asked for, which stands whatever the reserve."""


def pause(lease: Lease, *, until: datetime, reason: str) -> None:
    """Stop the lane until then; its queued runs say why they wait."""
    Lane.objects.held_by(lease).update(paused_until=lease.there(until), pause_reason=reason[:300])
    Run.objects.filter(lane_id=lease.lane_id, state=RunState.QUEUED).update(wait_reason=reason[:300])


def budget_reason(credential: Credential, *, now: datetime) -> str:
    """Why the org's daily API budget forbids calls now; "" when it does not.

    What was read more than BUDGET_KNOWLEDGE ago no longer counts: one call is made to learn the new figure.
    """
    if not credential.api_limit or credential.api_used is None or credential.api_checked_at is None:
        return ""
    if credential.api_checked_at < now - BUDGET_KNOWLEDGE:
        return ""
    reserve = budgeting.reserve_percent_of(credential)
    if credential.api_used < budgeting.share_of(credential.api_limit, reserve):
        return ""
    return (
        f"{credential.api_used:,} of {credential.api_limit:,} {_BUDGET_WORDS}; "
        f"{reserve} % stay reserved for the customer."
    )


def go_on_within_budget(integration: Integration, *, now: datetime) -> int:
    """Ring the lanes that a used-up budget has stopped, where it no longer is: the reserve was lowered. Gives how many."""
    stopped = Lane.objects.filter(
        credential__integration=integration, paused_until__gt=now, pause_reason__contains=_BUDGET_WORDS
    ).select_related("credential__integration")
    free = [lane.pk for lane in stopped if not budget_reason(lane.credential, now=now)]
    Lane.objects.filter(pk__in=free, pause_reason__contains=_BUDGET_WORDS).update(paused_until=None)
    transaction.on_commit(partial(ringing.ring, free))
    return len(free)
