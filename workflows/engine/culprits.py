"""Runs that no worker can do: found, and set aside so that the others of their lane go on."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations.providers.base import ErrorClass
from lib.encryption import DecryptionFailed
from workflows.engine import isolation, leasing
from workflows.engine.batching import Turn, unreadable_run
from workflows.engine.hold import Hold
from workflows.engine.rows import DueRun, write_done
from workflows.leases import Lease
from workflows.metrics import counting
from workflows.models import Run, RunState, StepRun, StepState

log = logging.getLogger("workflows.engine")


MOST_DEATHS = 5
"""So many workers in turn have to die under a run before it is taken for the cause.

Workers are killed for other reasons too, by deploys and for want of memory, several times within a minute even, and some run
is in hand then.
"""


def judge_suspect(hold: Hold) -> None:
    """Set the run aside under which the last worker died, and end it when too many have."""
    suspect = hold.lease.suspect
    if suspect is None:
        return
    hold.set_aside[suspect] += 1
    if hold.set_aside[suspect] >= MOST_DEATHS:
        del hold.set_aside[suspect]
        end_culprit(hold.lease, suspect, f"{MOST_DEATHS} workers in turn ended while they were at this run")
    else:
        log.warning("run.set_aside", extra={"lane": hold.lease.lane_id, "run": suspect})
    leasing.set_aside(hold.lease, hold.set_aside.elements())


def narrow_down(hold: Hold, exc: Exception) -> None:
    """After a batch has raised: take half of the runs that were in hand next, down to one, and set that one aside when it
    raises again. Raises `exc` where no run is at fault."""
    lease, runs = hold.lease, hold.in_hand
    counting.step_crashed()
    log.error("batch.crashed", extra={"lane": lease.lane_id, "runs": len(runs)}, exc_info=exc)
    if not runs:
        unreadable = unreadable_run(lease.lane_id, now=timezone.now(), limit=hold.batch_limit)
        if unreadable is None:
            raise exc
        runs = [unreadable[0]]
    if len(runs) > 1:
        hold.limit = len(runs) // 2
        return
    [run_id] = runs
    hold.limit = 1
    hold.crashes_of[run_id] += 1
    if hold.crashes_of[run_id] > 1:
        end_culprit(lease, run_id, f"Isthmus met an error of its own twice at this run ({type(exc).__name__})")


def end_culprit(lease: Lease, run_id: UUID, what: str) -> None:
    """End a run that no worker can do, so that the others go on; it asks where its call may have happened."""
    now = timezone.now()
    message = f"{what}, so it was set aside and the others went on. It has been logged."
    advice = "Look whether its event holds an unusual value, and replay the run when that is mended."
    error = isolation.error_detail(ErrorClass.PERMANENT, isolation.INTERNAL_ERROR, message, advice)
    with transaction.atomic():
        leasing.hold(lease)
        steps = StepRun.objects.filter(run=run_id, state__in=(StepState.CALLING, StepState.WAITING))
        may_have_happened = steps.filter(called_at__isnull=False).exists()
        state, step_state = (
            (RunState.ASKING, StepState.ASKING) if may_have_happened else (RunState.FAILED, StepState.FAILED)
        )
        steps.update(state=step_state, error=error, finished_at=None if may_have_happened else now)
        Run.objects.open().filter(pk=run_id).update(
            state=state, error=error, wait_reason=message[:300], finished_at=None if may_have_happened else now
        )
    if not may_have_happened:
        counting.runs_ended(state)
    log.error("run.ended_as_culprit", extra={"lane": lease.lane_id, "run": run_id, "state": state})


SEALED_PAUSE = timedelta(minutes=1)
"""A run whose user's password can not be opened waits for the key: an operator may have left it out."""


def settle_unready(lease: Lease, turns: Sequence[Turn]) -> None:
    """Fail runs whose version or settings can not be read; they have no step to write of. A run waits whose sealed settings
    can not be opened, since its key may come back."""
    now = timezone.now()
    settled: list[DueRun] = []
    for turn in turns:
        run, fault = turn.run, turn.fault
        assert fault is not None
        log.error("run.unready", extra={"run": run.id, "lane": lease.lane_id}, exc_info=fault)
        if isinstance(fault, DecryptionFailed):
            run.state, run.wake_at, run.wait_reason = RunState.WAITING, now + SEALED_PAUSE, fault.message[:300]
        elif turn.step_run and turn.step_run.called_at:
            end_culprit(lease, run.id, f"What it needs can no longer be read ({type(fault).__name__})")
            continue
        else:
            counting.step_crashed()
            error = isolation.failure(fault, "reading its workflow's version and the user's settings").error
            run.state, run.error, run.wake_at, run.finished_at = RunState.FAILED, dict(error or {}), now, now
            counting.runs_ended(RunState.FAILED)
        settled.append(run)
    write_done(lease, [], settled)
