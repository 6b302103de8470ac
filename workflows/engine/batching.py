"""Which due runs go together: everything that a group of steps needs to know, fetched in a few queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from integrations.models import Configuration
from integrations.providers.base import Action
from workflows.definition.schema import Step
from workflows.engine import rendering
from workflows.engine.rows import DueRun, StepInHand, due_runs, steps_of
from workflows.models import Run, StepState, WorkflowSetting
from workflows.querysets import OPEN_STATES


@dataclass
class Turn:
    """A run whose turn it is, with what its steps have given so far."""

    run: DueRun
    outputs: dict[str, Any]
    """By step key."""
    settings: Mapping[str, Any]
    step_run: StepInHand | None = None
    """Of the step at the run's position, when it was begun before."""
    rendered: rendering.RenderedStep | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        return rendering.prepared(self.run.version_id).definition.steps

    @property
    def secrets(self) -> tuple[str, ...]:
        return rendering.secrets_of(rendering.prepared(self.run.version_id).definition, self.settings)

    @property
    def step(self) -> Step:
        return self.steps[self.run.position]

    @property
    def is_at_end(self) -> bool:
        return self.run.position >= len(self.steps)

    def render(self) -> rendering.RenderedStep:
        """The inputs of this turn's step. A call that may have happened keeps the inputs it was made with, unless they
        hold a secret: those are not kept, so they are rendered anew."""
        is_call_open = self.step_run is not None and self.step_run.called_at is not None
        if is_call_open and self.step_run and self.step_run.input is not None and not self.secrets:
            self.rendered = rendering.RenderedStep(self.step_run.input, self.step_run.warnings)
        else:
            compiled = rendering.prepared(self.run.version_id).inputs[self.run.position]
            context = rendering.context_of(self.run, self.outputs, self.settings)
            self.rendered = rendering.render_step(compiled, self.step, context)
        return self.rendered


def due_turns(lane_id: UUID, *, now: datetime) -> list[Turn]:
    """The lane's due runs, oldest event first, at most a group's size, each with what it needs."""
    runs = _not_held_up(due_runs(lane_id, now=now, limit=settings.LANE_GROUP_SIZE))
    outputs: dict[UUID, dict[str, Any]] = {run.id: {} for run in runs}
    begun: dict[tuple[UUID, int], StepInHand] = {}
    for step_run in steps_of([run.id for run in runs if run.started_at is not None]):
        begun[step_run.run_id, step_run.position] = step_run
        if step_run.state == StepState.SUCCEEDED:
            outputs[step_run.run_id][step_run.step_key] = step_run.output
    values = _settings(runs)
    return [
        Turn(
            run,
            outputs[run.id],
            values[run.configuration_id, run.workflow_id],
            begun.get((run.id, run.position)),
        )
        for run in runs
    ]


def _not_held_up(runs: Sequence[DueRun]) -> list[DueRun]:
    """Leave out runs whose `order by` key an earlier run, which is not in hand, still holds."""
    keyed = [run for run in runs if run.order_key]
    if not keyed:
        return list(runs)
    in_hand = {run.id for run in runs}
    earliest: dict[tuple[UUID, str], UUID] = {}
    holders = (
        Run.objects.filter(
            lane_id=keyed[0].lane_id,
            state__in=OPEN_STATES,
            workflow__in={run.workflow_id for run in keyed},
            order_key__in={run.order_key for run in keyed},
        )
        .exclude(pk__in=in_hand)
        .values_list("workflow_id", "order_key", "id")
    )
    for workflow_id, key, run_id in holders:
        first = earliest.get((workflow_id, key))
        if first is None or run_id < first:
            earliest[workflow_id, key] = run_id
    return [
        run
        for run in runs
        if not ((held := earliest.get((run.workflow_id, run.order_key))) and run.order_key and held < run.id)
    ]


def _settings(runs: Iterable[DueRun]) -> dict[tuple[UUID | None, UUID], dict[str, Any]]:
    """User settings by (configuration, workflow): the configuration's shared ones beneath the workflow's own."""
    configurations = {run.configuration_id for run in runs if run.configuration_id}
    workflows = {run.workflow_id for run in runs}
    shared: dict[UUID | None, dict[str, Any]] = dict(
        Configuration.objects.filter(pk__in=configurations).values_list("pk", "shared_settings")
    )
    own: dict[tuple[UUID | None, UUID], dict[str, Any]] = {
        (setting.configuration_id, setting.workflow_id): setting.values
        for setting in WorkflowSetting.objects.filter(configuration__in=configurations, workflow__in=workflows)
    }
    defaults: dict[tuple[UUID | None, UUID], dict[str, Any]] = {}
    for run in runs:
        place = (run.configuration_id, run.workflow_id)
        if place not in defaults:
            given = {
                setting.id: setting.default
                for setting in rendering.prepared(run.version_id).definition.settings
                if setting.default is not None
            }
            defaults[place] = {**given, **shared.get(run.configuration_id, {}), **own.get(place, {})}
    return defaults


@dataclass
class Group:
    """Turns that one execution of one action serves."""

    action: Action
    turns: list[Turn] = field(default_factory=list)
    key: str = ""
    record_keys: set[str] = field(default_factory=set)
    order_keys: set[tuple[UUID, str]] = field(default_factory=set)

    def admits(self, turn: Turn, key: str, record_key: str | None) -> bool:
        """Whether `turn` may join: never two writes to one record, nor two runs that wait for each other."""
        return (
            key == self.key
            and (record_key is None or record_key not in self.record_keys)
            and (not turn.run.order_key or (turn.run.workflow_id, turn.run.order_key) not in self.order_keys)
        )

    def add(self, turn: Turn, record_key: str | None) -> None:
        self.turns.append(turn)
        if record_key is not None:
            self.record_keys.add(record_key)
        if turn.run.order_key:
            self.order_keys.add((turn.run.workflow_id, turn.run.order_key))


def first_group(action: Action, turns: Sequence[Turn]) -> Group:
    """The longest beginning of `turns` (same version and step, rendered) that may go in one execution, in their order."""
    group = Group(action)
    for turn in turns:
        assert turn.rendered is not None
        key, record_key = action.group_key(turn.rendered.inputs), action.record_key(turn.rendered.inputs)
        if not group.turns:
            group.key = key
        elif not group.admits(turn, key, record_key):
            break
        group.add(turn, record_key)
    return group
