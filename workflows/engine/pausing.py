"""Pauses: a rate limit or a used-up API budget stops the lane for a while, and costs its runs no tries."""

from datetime import datetime, timedelta

from integrations.models import Credential
from workflows.leases import Lease
from workflows.models import Lane, Run, RunState

BUDGET_PAUSE = timedelta(minutes=15)
"""An org's limit counts the last 24 hours and falls bit by bit, so looking again every quarter of an hour is enough."""
BUDGET_KNOWLEDGE = timedelta(minutes=15)


def pause(lease: Lease, *, until: datetime, reason: str) -> None:
    """Stop the lane until then; its queued runs say why they wait."""
    Lane.objects.held_by(lease).update(paused_until=until, pause_reason=reason[:300])
    Run.objects.filter(lane_id=lease.lane_id, state=RunState.QUEUED).update(wait_reason=reason[:300])


def budget_reason(credential: Credential, *, now: datetime) -> str:
    """Why the org's daily API budget forbids calls now; "" when it does not.

    What was read more than BUDGET_KNOWLEDGE ago no longer counts: one call is made to learn the new figure.
    """
    if not credential.api_limit or credential.api_used is None or credential.api_checked_at is None:
        return ""
    if credential.api_checked_at < now - BUDGET_KNOWLEDGE:
        return ""
    reserve = credential.api_reserve_percent
    if reserve is None:
        reserve = credential.integration.api_reserve_percent
    if credential.api_used < credential.api_limit * (100 - reserve) / 100:
        return ""
    return (
        f"{credential.api_used} of {credential.api_limit} daily API calls of this org are used; "
        f"{reserve} % stay reserved for the customer."
    )
