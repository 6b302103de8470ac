"""Runs and step runs as the engine holds them: plain slots, read and written in bulk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from workflows.engine.storing import insert_rows, update_rows
from workflows.models import Run, RunState, StepRun

ENDED = frozenset((RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED))


@dataclass(slots=True)
class DueRun:
    """A run with what its templates read of the event, the workflow and the user."""

    id: UUID
    lane_id: UUID
    workflow_id: UUID
    version_id: int
    configuration_id: UUID | None
    event_id: UUID
    user_id: UUID
    state: str
    position: int
    order_key: str
    api_calls: float
    started_at: datetime | None
    input: Any
    payload: Any
    received_at: datetime
    workflow_name: str
    version_number: int
    user_external_id: str
    user_meta: dict[str, Any]
    wake_at: datetime | None = None
    wait_reason: str = ""
    error: dict[str, Any] | None = None
    finished_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


_READ = (
    *("id", "lane_id", "workflow_id", "version_id", "configuration_id", "event_id", "user_id"),
    *("state", "position", "order_key"),
    *("api_calls", "started_at", "input", "event__payload", "event__received_at", "workflow__name", "version__number"),
    *("user__external_id", "user__meta"),
)


def due_runs(lane_id: UUID, *, now: datetime, limit: int, without_keys: Collection[str] = ()) -> list[DueRun]:
    """The lane's due runs, oldest event first; without those of some `order by` keys."""
    due = Run.objects.due(now).filter(lane_id=lane_id)
    if without_keys:
        due = due.exclude(order_key__in=without_keys)
    return [DueRun(*row) for row in due.order_by("id").values_list(*_READ)[:limit]]


def run_in_hand(run_id: UUID) -> DueRun:
    """One run, whatever its state. Raises Run.DoesNotExist."""
    return DueRun(*Run.objects.values_list(*_READ).get(pk=run_id))


_RUN_FIELDS = ("state", "position", "wake_at", "wait_reason", "error", "api_calls", "started_at", "finished_at")


def write_runs(runs: Sequence[DueRun]) -> None:
    """Write the runs as they are in hand, except those cancelled meanwhile: these become cancelled in hand too."""
    rows = [(run.id, *(getattr(run, name) for name in _RUN_FIELDS)) for run in runs]
    if update_rows(Run, _RUN_FIELDS, rows, unless=("state", RunState.CANCELLED.value)) == len(rows):
        return
    cancelled = Run.objects.filter(pk__in=[run.id for run in runs], state=RunState.CANCELLED)
    ids = set(cancelled.values_list("pk", flat=True))
    for run in runs:
        if run.id in ids:
            run.state = RunState.CANCELLED


@dataclass(slots=True)
class StepInHand:
    """The step run of the step at a run's position."""

    id: UUID
    run_id: UUID
    step_key: str
    position: int
    state: str = ""
    input: Any = None
    output: Any = None
    error: dict[str, Any] | None = None
    warnings: list[dict[str, str]] = field(default_factory=list)
    notes: list[dict[str, str]] = field(default_factory=list)
    tries: int = 0
    api_calls: float = 0.0
    called_at: datetime | None = None
    first_tried_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    is_stored: bool = False


_STEP_FIELDS = (
    *("run", "step_key", "position", "state", "input", "output", "error", "warnings", "notes", "tries", "api_calls"),
    *("called_at", "first_tried_at", "started_at", "finished_at"),
)
_STEP_READ = ("id", "run_id", *_STEP_FIELDS[1:])
_BEGUN_FIELDS = ("state", "input", "warnings", "tries", "called_at", "first_tried_at", "finished_at")
_DONE_FIELDS = ("state", "output", "error", "notes", "tries", "api_calls", "called_at", "finished_at")


def steps_of(runs: Sequence[UUID]) -> list[StepInHand]:
    """Every step run of these runs."""
    if not runs:
        return []
    rows = StepRun.objects.filter(run__in=runs).values_list(*_STEP_READ)
    found = [StepInHand(*row) for row in rows]
    for step in found:
        step.is_stored = True
    return found


def write_begun(steps: Sequence[StepInHand]) -> None:
    """Write that the steps' calls begin: new ones as rows, others as a change of theirs."""
    insert_rows(StepRun, ("id", *_STEP_FIELDS), [_whole(step) for step in steps if not step.is_stored])
    update_rows(StepRun, _BEGUN_FIELDS, [_row(step, _BEGUN_FIELDS) for step in steps if step.is_stored])
    for step in steps:
        step.is_stored = True


def write_done(steps: Sequence[StepInHand]) -> None:
    """Write what became of the steps."""
    update_rows(StepRun, _DONE_FIELDS, [_row(step, _DONE_FIELDS) for step in steps])


def _row(step: StepInHand, names: tuple[str, ...]) -> tuple[Any, ...]:
    return (step.id, *(getattr(step, name) for name in names))


def _whole(step: StepInHand) -> tuple[Any, ...]:
    return (step.id, step.run_id, *(getattr(step, name) for name in _STEP_FIELDS[1:]))
