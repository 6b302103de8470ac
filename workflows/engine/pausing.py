"""Pauses: a rate limit or a used-up API budget stops the lane for a while, and costs its runs no tries.

A pause ends by itself at its time. It ends before that when what caused it has changed: the reserve, the org's count (by
whichever of its accounts it was heard), or the account's log-in. A rate limit with a time of its own stands until then.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction

from integrations import budgeting
from integrations.models import Credential, Integration
from workflows.engine import ringing
from workflows.engine.judging import Pause
from workflows.leases import Lease
from workflows.models import Lane, PauseCause
from workflows.querysets import LaneQuerySet

BUDGET_PAUSE = timedelta(minutes=15)
"""An org's limit counts the last 24 hours and falls bit by bit, so looking again every quarter of an hour is enough."""
BUDGET_KNOWLEDGE = timedelta(minutes=15)
_BY_COUNT = (PauseCause.BUDGET, PauseCause.DAILY_LIMIT)
"""Causes of which the org's count tells whether they last."""
_AT_ONCE = 1000


def pause(lease: Lease, pause: Pause) -> None:
    """Stop the lane; its queued runs wait, and the pages say why."""
    Lane.objects.held_by(lease).update(
        paused_until=lease.there(pause.until), pause_reason=pause.reason[:300], pause_cause=pause.cause
    )


def budget_pause(credential: Credential, *, now: datetime) -> Pause | None:
    """The pause that the org's daily API budget demands now, by the credential's count; None when it demands none."""
    reason = budget_reason(credential, now=now)
    return Pause(now + BUDGET_PAUSE, reason, PauseCause.BUDGET) if reason else None


def budget_reason(credential: Credential, *, now: datetime) -> str:
    """Why the org's daily API budget forbids calls now; "" when it does not.

    What was read more than BUDGET_KNOWLEDGE ago no longer counts: one call is made to learn the new figure.
    """
    if not credential.api_limit or credential.api_used is None or not _is_fresh(credential, now):
        return ""
    reserve = budgeting.reserve_percent_of(credential)
    if credential.api_used < budgeting.share_of(credential.api_limit, reserve):
        return ""
    return (
        f"{credential.api_used:,} of {credential.api_limit:,} daily API calls of this org are used; "
        f"{reserve} % stay reserved for the customer."
    )


def end_where_over(*, now: datetime) -> int:
    """End the pauses that the newest counts of their orgs no longer demand; gives how many. What the sweep asks for."""
    return _end_where_over(Lane.objects.all(), now=now)


def go_on_within_budget(integration: Integration, *, now: datetime) -> int:
    """The same for the accounts of one integration: a reserve was changed."""
    return _end_where_over(Lane.objects.filter(credential__integration=integration), now=now)


def look_again(credential_id: UUID, *, now: datetime) -> int:
    """The same for one account, which was connected again: its org may be another, or say another count."""
    return _end_where_over(Lane.objects.filter(pk=credential_id), now=now)


def end(lane_ids: Collection[UUID], *, causes: Collection[str]) -> None:
    """End these lanes' pauses now, as far as they have one of these causes, and ring for them."""
    Lane.objects.filter(pk__in=lane_ids, pause_cause__in=causes).update(paused_until=None, pause_cause="")
    transaction.on_commit(partial(ringing.ring, lane_ids))


def _end_where_over(lanes: LaneQuerySet, *, now: datetime) -> int:
    stopped = lanes.paused().filter(pause_cause__in=_BY_COUNT).select_related("credential__integration")[:_AT_ONCE]
    by_cause = [(lane.credential, lane.pause_cause) for lane in stopped]
    if not by_cause:
        return 0
    budgeting.take_newest_counts([credential for credential, _ in by_cause])
    over = [credential.pk for credential, cause in by_cause if not _is_demanded(credential, cause, now=now)]
    if over:
        end(over, causes=_BY_COUNT)
    return len(over)


def _is_demanded(credential: Credential, cause: str, *, now: datetime) -> bool:
    if budget_reason(credential, now=now):
        return True
    if cause == PauseCause.BUDGET or credential.api_limit is None or credential.api_used is None:
        return False
    # The org itself has refused: until it says otherwise, its refusal stands for as long as the pause.
    return credential.api_used >= credential.api_limit or not _is_fresh(credential, now)


def _is_fresh(credential: Credential, now: datetime) -> bool:
    return credential.api_checked_at is not None and credential.api_checked_at >= now - BUDGET_KNOWLEDGE
