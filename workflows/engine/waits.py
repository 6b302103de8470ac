"""Runs that wait for a time: to be tried again, or for the end of their lane's pause. A member may end the wait."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations import budgeting
from lib.errors import Conflict
from projects import auditing
from projects.models import User
from workflows.engine import pausing, ringing
from workflows.models import Lane, PauseCause, Run, RunState

SURELY_OVER = timedelta(minutes=5)
"""A provider may still be at a call whose answer was lost; so long after it nobody expects it to be."""


class NotWaiting(Conflict):
    """The run does not wait for a time by now."""

    code = "not_waiting"


class TooEarly(Conflict):
    """What the run waits for has not come, and trying before it would do harm."""

    code = "too_early"


def may_be_ended(run: Run, *, now: datetime) -> bool:
    """Whether the run waits for a time, and for one that a member may end. Its lane has to be there."""
    if is_held_up(run, now=now):
        return run.lane.pause_cause != PauseCause.BUDGET
    return run.state == RunState.WAITING and run.wake_at > now


def is_held_up(run: Run, *, now: datetime) -> bool:
    """Whether it is its lane's pause that the run waits for. Its lane has to be there."""
    return run.state == RunState.QUEUED and run.lane.paused_until is not None and run.lane.paused_until > now


def try_now(run: Run, *, by: User | None) -> None:
    """Have the run tried now instead of at its time. A pause of its lane ends for all of the lane's runs.

    Raises: NotWaiting; TooEarly where the share of the org's calls is still used up, or its last call may still happen.
    """
    now = timezone.now()
    with transaction.atomic():
        lane = Lane.objects.select_related("credential__integration").get(pk=run.lane_id)
        is_paused = lane.paused_until is not None and lane.paused_until > now
        _check(run, lane if is_paused else None, now=now)
        woken = Run.objects.filter(pk=run.pk, state=RunState.WAITING).update(wake_at=now)
        is_held_up = is_paused and Run.objects.filter(pk=run.pk, state=RunState.QUEUED).exists()
        if not woken and not is_held_up:
            raise NotWaiting(run_id=run.pk)
        if is_paused:
            pausing.end([lane.pk], causes=["", *PauseCause.values])
        auditing.record(run.project, "run.tried_now", by=by, target=str(run.pk))
        transaction.on_commit(lambda: ringing.ring([lane.pk]))


def _check(run: Run, paused: Lane | None, *, now: datetime) -> None:
    """Raises TooEarly. `paused`: the run's lane, where it is."""
    if paused and paused.pause_cause == PauseCause.BUDGET:
        budgeting.take_newest_counts([paused.credential])
        if reason := pausing.budget_reason(paused.credential, now=now):
            raise TooEarly(f"{reason} Lower the reserve on the user's page, or wait.", run_id=run.pk)
    recently = now - SURELY_OVER
    open_calls = run.step_runs.filter(called_at__isnull=False)
    if open_calls.filter(Q(repeated_at__gt=recently) | Q(repeated_at__isnull=True, called_at__gt=recently)).exists():
        raise TooEarly(
            "The answer to the last call never came, and it may still take effect: to look or to send it again now might "
            "double its record. Wait some minutes.",
            run_id=run.pk,
        )
