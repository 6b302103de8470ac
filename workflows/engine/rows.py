"""Runs and step runs as the engine holds them: plain slots, read and written in bulk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import transaction

from lib import hot_statements
from lib.hot_statements import Kind
from workflows.engine import leasing
from workflows.engine.storing import insert_each, insert_from, shape_of, update_each, update_from
from workflows.errors import LeaseLost
from workflows.leases import Lease
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
    has_steps: bool
    """Whether a step of it was begun, so that there is something to read."""
    wake_at: datetime | None = None
    wait_reason: str = ""
    error: dict[str, Any] | None = None
    finished_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


_SELECT = """
SELECT r.id, r.lane_id, r.workflow_id, r.version_id, r.configuration_id, r.event_id, r.user_id,
       r.state, r.position, r.order_key, r.api_calls, r.started_at, r.input,
       e.payload, e.received_at, w.name, v.number, u.external_id, u.meta,
       EXISTS (SELECT 1 FROM workflows_steprun s WHERE s.run_id = r.id)
  FROM workflows_run r
  JOIN workflows_event e ON e.id = r.event_id
  JOIN workflows_workflow w ON w.id = r.workflow_id
  JOIN workflows_workflowversion v ON v.id = r.version_id
  JOIN projects_connecteduser u ON u.id = r.user_id
 WHERE {condition}
"""
_KINDS = (
    *(Kind.ID, Kind.ID, Kind.ID, Kind.PLAIN, Kind.ID, Kind.ID, Kind.ID),
    *(Kind.PLAIN, Kind.PLAIN, Kind.PLAIN, Kind.PLAIN, Kind.MOMENT, Kind.JSON),
    *(Kind.JSON, Kind.MOMENT, Kind.PLAIN, Kind.PLAIN, Kind.PLAIN, Kind.JSON, Kind.PLAIN),
)
_IS_DUE = "r.lane_id = %s AND r.state IN ('queued', 'waiting') AND r.wake_at <= %s"


def due_runs(
    lane_id: UUID,
    *,
    now: datetime,
    limit: int,
    without_keys: Collection[str] = (),
    without_workflows: Collection[UUID] = (),
) -> list[DueRun]:
    """The lane's due runs, oldest event first; without those of some `order by` keys or workflows."""
    condition = _IS_DUE
    if without_keys:
        condition += f" AND r.order_key NOT IN ({', '.join(['%s'] * len(without_keys))})"
    if without_workflows:
        condition += f" AND r.workflow_id NOT IN ({', '.join(['%s'] * len(without_workflows))})"
    statement = _SELECT.format(condition=f"{condition} ORDER BY r.id LIMIT %s")
    parameters = [lane_id, now, *without_keys, *without_workflows, limit]
    return [DueRun(*row) for row in hot_statements.run(statement, parameters, _KINDS)]


def run_in_hand(run_id: UUID) -> DueRun:
    """One run, whatever its state. Raises Run.DoesNotExist."""
    rows = hot_statements.run(_SELECT.format(condition="r.id = %s"), [run_id], _KINDS)
    if not rows:
        raise Run.DoesNotExist(run_id)
    return DueRun(*rows[0])


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
    repeated_at: datetime | None = None
    first_tried_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    is_stored: bool = False


_STEP_FIELDS = (
    *("id", "run_id"),
    *("step_key", "position", "state", "input", "output", "error", "warnings", "notes", "tries", "api_calls"),
    *("called_at", "repeated_at", "first_tried_at", "started_at", "finished_at"),
)
_BEGUN_FIELDS = (
    "id",
    "state",
    "input",
    "warnings",
    "tries",
    "called_at",
    "repeated_at",
    "first_tried_at",
    "finished_at",
)
_DONE_FIELDS = (
    "id",
    "state",
    "output",
    "error",
    "notes",
    "tries",
    "api_calls",
    "called_at",
    "repeated_at",
    "finished_at",
)


def steps_of(runs: Sequence[UUID]) -> list[StepInHand]:
    """Every step run of these runs."""
    if not runs:
        return []
    rows = StepRun.objects.filter(run__in=runs).values_list(*_STEP_FIELDS)
    found = [StepInHand(*row) for row in rows]
    for step in found:
        step.is_stored = True
    return found


_RUN_FIELDS = ("id", "state", "position", "wake_at", "wait_reason", "error", "api_calls", "started_at", "finished_at")


def write_begun(lease: Lease, steps: Sequence[StepInHand]) -> None:
    """Write in one commit that the steps' calls begin: new ones as rows, others as a change of theirs. Raises LeaseLost."""
    new = [_row(step, _STEP_FIELDS) for step in steps if not step.is_stored]
    others = [_row(step, _BEGUN_FIELDS) for step in steps if step.is_stored]
    if hot_statements.is_postgres():
        made, begun = shape_of(StepRun, _STEP_FIELDS), shape_of(StepRun, _BEGUN_FIELDS)
        parameters = [*leasing.hold_parameters(lease), made.as_json(new), begun.as_json(others)]
        if not hot_statements.run(_begin_statement(), parameters):
            raise LeaseLost(lane_id=lease.lane_id)
    else:
        with transaction.atomic():
            leasing.hold(lease)
            insert_each(StepRun, _STEP_FIELDS, new)
            update_each(StepRun, _BEGUN_FIELDS, others)
    for step in steps:
        step.is_stored = True


@lru_cache(maxsize=1)
def _begin_statement() -> str:
    made = insert_from(shape_of(StepRun, _STEP_FIELDS), f"WHERE {_IS_HELD}")
    begun = update_from(shape_of(StepRun, _BEGUN_FIELDS), f"AND {_IS_HELD}")
    return f"WITH held AS ({_hold()}), made AS ({made}), begun AS ({begun}) SELECT 1 FROM held"  # noqa: S608


def write_done(lease: Lease, steps: Sequence[StepInHand], runs: Sequence[DueRun], *, gives_back: bool = False) -> None:
    """Write in one commit what became of the steps and their runs, and give the lane back if asked. Raises LeaseLost.

    Runs that were cancelled meanwhile stay so, and become cancelled in hand too; what their steps did is written.
    """
    done = [_row(step, _DONE_FIELDS) for step in steps]
    rows = [_row(run, _RUN_FIELDS) for run in runs]
    if hot_statements.is_postgres():
        parameters = [
            *leasing.hold_parameters(lease, gives_back=gives_back),
            shape_of(StepRun, _DONE_FIELDS).as_json(done),
            shape_of(Run, _RUN_FIELDS).as_json(rows),
        ]
        [(is_held, written)] = hot_statements.run(_done_statement(), parameters)
        if not is_held:
            raise LeaseLost(lane_id=lease.lane_id)
    else:
        with transaction.atomic():
            leasing.hold(lease, gives_back=gives_back)
            update_each(StepRun, _DONE_FIELDS, done)
            written = update_each(Run, _RUN_FIELDS, rows, "AND state <> 'cancelled'")
    if written != len(rows):
        cancelled = Run.objects.filter(pk__in=[run.id for run in runs], state=RunState.CANCELLED)
        ids = set(cancelled.values_list("pk", flat=True))
        for run in runs:
            if run.id in ids:
                run.state = RunState.CANCELLED


@lru_cache(maxsize=1)
def _done_statement() -> str:
    done = update_from(shape_of(StepRun, _DONE_FIELDS), f"AND {_IS_HELD}")
    runs = update_from(shape_of(Run, _RUN_FIELDS), f"AND workflows_run.state <> 'cancelled' AND {_IS_HELD}")
    return (
        f"WITH held AS ({_hold()}), done AS ({done}), runs AS ({runs} RETURNING 1) "  # noqa: S608
        "SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM runs)"
    )


_IS_HELD = "EXISTS (SELECT 1 FROM held)"


def _hold() -> str:
    return hot_statements.in_its_words(leasing.HOLD)


def _row(held: StepInHand | DueRun, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(held, name) for name in names)
