"""Runs that stopped and ask: whether an interrupted call happened could not be found out, so a person says."""

from typing import Literal

from django.db import transaction
from django.utils import timezone

from lib.errors import Conflict
from projects import auditing
from projects.models import User
from workflows.engine import ringing
from workflows.models import Run, RunState, StepRun, StepState

Choice = Literal["adopt", "send_again", "give_up"]


class NothingToDecide(Conflict):
    """This run no longer waits for a decision."""

    code = "nothing_to_decide"


def decide(run: Run, *, choice: Choice, record_id: str = "", by: User | None) -> None:
    """Act on a person's answer: the record `record_id` is this run's; or the call is to be sent again; or the run fails.

    Raises NothingToDecide when somebody answered before.
    """
    now = timezone.now()
    with transaction.atomic():
        won = Run.objects.filter(pk=run.pk, state=RunState.ASKING).update(
            state=RunState.QUEUED, wake_at=now, wait_reason="", error=None
        )
        step_run = StepRun.objects.filter(run=run, state=StepState.ASKING).first()
        if not won or step_run is None:
            raise NothingToDecide(run_id=run.pk)
        text = _apply(run, step_run, choice, record_id)
        step_run.notes = [*step_run.notes, {"at": now.isoformat(), "text": f"{by or 'Somebody'} decided: {text}"}]
        step_run.save()
        auditing.record(run.project, "run.decided", by=by, target=str(run.pk), choice=choice, record_id=record_id)
        transaction.on_commit(lambda: ringing.ring([run.lane_id]))


def _apply(run: Run, step_run: StepRun, choice: Choice, record_id: str) -> str:
    now = timezone.now()
    step_run.called_at = step_run.repeated_at = None
    if choice == "send_again":
        step_run.state, step_run.tries, step_run.first_tried_at = StepState.WAITING, 0, None
        return "send it again."
    step_run.finished_at = now
    if choice == "adopt":
        step_run.state, step_run.error = StepState.SUCCEEDED, None
        step_run.output = {"id": record_id, "success": True, "created": True}
        at_end = run.position + 1 >= len(run.version.definition["steps"])
        Run.objects.filter(pk=run.pk).update(
            position=run.position + 1,
            state=RunState.SUCCEEDED if at_end else RunState.QUEUED,
            finished_at=now if at_end else None,
        )
        return f"the record {record_id} is this run's."
    step_run.state = StepState.FAILED
    Run.objects.filter(pk=run.pk).update(
        state=RunState.FAILED, finished_at=now, error={**(step_run.error or {}), "step_key": step_run.step_key}
    )
    return "give up."
