"""Which due runs go together: everything that a group of steps needs to know, fetched in a few queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from integrations.models import Configuration
from integrations.providers.base import Action
from lib import log_lines, masks
from lib.encryption import DecryptionFailed
from lib.masks import Mask
from workflows import user_settings
from workflows.definition.schema import Step
from workflows.engine import isolation, passwords, rendering
from workflows.engine.rows import DueRun, StepInHand, due_runs, run_in_hand, steps_of
from workflows.models import Run, RunState, StepState, WorkflowSetting
from workflows.querysets import OPEN_STATES
from workflows.sealed_settings import opened, place_of_own, place_of_shared

OrderKey = tuple[UUID, str]
"""A workflow, and what its `order by` gave: runs that share both wait for each other."""
Asker = tuple[UUID | None, int]
"""A configuration and a version: versions of one workflow may ask for other settings, or with other defaults."""


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
    was_call_open: bool = False
    """Whether an earlier call of this step had no answer when this try began."""
    repeated_at: datetime | None = None
    """When that call had been sent again, as the step run said before this try."""
    fault: Exception | None = None
    """What was raised while this turn was made ready: it can not be done."""
    group_key: str = ""
    record_key: str | None = None
    """What the action says of the rendered inputs."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return rendering.prepared(self.run.version_id).definition.steps

    @property
    def secrets(self) -> tuple[str, ...]:
        return rendering.secrets_of(rendering.prepared(self.run.version_id).definition, self.settings)

    @property
    def mask(self) -> Mask:
        """What hides the user's passwords, and the inputs that this step makes of them, in whatever is kept of this turn."""
        if not self.secrets:
            return masks.NOTHING
        inputs = self.rendered.inputs if self.rendered else {}
        return Mask((*self.secrets, *passwords.values_at(inputs, self.password_inputs)))

    @property
    def password_inputs(self) -> frozenset[str]:
        """The inputs of the step that read a password which the user has entered."""
        return (
            rendering.prepared(self.run.version_id).password_inputs[self.run.position] if self.secrets else frozenset()
        )

    @property
    def kept_inputs(self) -> Any:
        """The rendered inputs as the history may hold them."""
        assert self.rendered is not None
        inputs = self.rendered.inputs
        return passwords.kept_inputs(inputs, self.password_inputs, self.mask) if self.secrets else inputs

    @property
    def kept_warnings(self) -> list[dict[str, str]]:
        """The rendering's warnings as the history may hold them."""
        assert self.rendered is not None
        warnings = self.rendered.warnings
        return passwords.kept_warnings(warnings, self.password_inputs, self.mask) if self.secrets else warnings

    @property
    def order_key(self) -> OrderKey | None:
        return (self.run.workflow_id, self.run.order_key) if self.run.order_key else None

    @property
    def step(self) -> Step:
        return self.steps[self.run.position]

    @property
    def limit(self) -> int | None:
        """How many calls of its workflow may be under way at once; None: as many as there are."""
        return rendering.prepared(self.run.version_id).definition.concurrency

    @property
    def is_at_end(self) -> bool:
        return self.run.position >= len(self.steps)

    @property
    def is_suspect(self) -> bool:
        """Whether an earlier call of its step ended by an error of our own: it is made alone, so that no other meets it."""
        earlier = self.step_run
        return bool(earlier and earlier.called_at and (earlier.error or {}).get("code") == isolation.INTERNAL_ERROR)

    def render(self) -> rendering.RenderedStep:
        """The inputs of this turn's step. A call that may have happened keeps the inputs it was made with, unless they
        hold a secret: those are not kept, so they are rendered anew."""
        is_call_open = self.step_run is not None and self.step_run.called_at is not None
        if is_call_open and self.step_run and self.step_run.input is not None and not self.secrets:
            self.rendered = rendering.RenderedStep(self.step_run.input, self.step_run.warnings)
        else:
            compiled = rendering.prepared(self.run.version_id).inputs[self.run.position]
            context = rendering.context_of(self.run, self.outputs, self.settings)
            self.rendered = rendering.render_step(compiled, self.step, context, password_inputs=self.password_inputs)
            log_lines.hide(passwords.values_at(self.rendered.inputs, self.password_inputs))
        return self.rendered


def due_turns(
    lane_id: UUID, *, now: datetime, limit: int | None = None, without_workflows: Collection[UUID] = ()
) -> list[Turn]:
    """The lane's due runs, oldest event first, at most `limit` (a group's size), each with what it needs or with why it can
    not be had."""
    limit = settings.LANE_GROUP_SIZE if limit is None else limit
    runs = _ready_runs(lane_id, now=now, limit=limit, without_workflows=without_workflows)
    outputs: dict[UUID, dict[str, Any]] = {run.id: {} for run in runs}
    begun: dict[tuple[UUID, int], StepInHand] = {}
    # Of all of them: a worker that died between a call and its result left nothing but the step's row.
    for step_run in steps_of([run.id for run in runs if run.has_steps]):
        begun[step_run.run_id, step_run.position] = step_run
        if step_run.state == StepState.SUCCEEDED:
            outputs[step_run.run_id][step_run.step_key] = step_run.output
    faults = {run.id: fault for run in runs if (fault := _fault_of_version(run))}
    values = _settings_or_faults([run for run in runs if run.id not in faults], faults)
    return [
        Turn(
            run,
            outputs[run.id],
            values.get((run.configuration_id, run.version_id), {}),
            begun.get((run.id, run.position)),
            fault=faults.get(run.id),
        )
        for run in runs
    ]


def _fault_of_version(run: DueRun) -> Exception | None:
    """Return why the run's version can not be read, or has no step at the run's position."""
    try:
        rendering.prepared(run.version_id).definition.steps[run.position]
    except Exception as exc:
        if not isolation.is_of_the_rows(exc):
            raise
        return exc
    return None


def _settings_or_faults(runs: Sequence[DueRun], faults: dict[UUID, Exception]) -> dict[Asker, dict[str, Any]]:
    """Return the settings that the runs' versions ask for; add to `faults` the runs whose settings can not be read."""
    try:
        return settings_of(runs)
    except Exception as exc:
        if not (isinstance(exc, DecryptionFailed) or isolation.is_of_the_rows(exc)):
            raise
        if len(runs) == 1:
            faults[runs[0].id] = exc
            return {}
    found: dict[Asker, dict[str, Any]] = {}
    for run in runs:
        found |= _settings_or_faults([run], faults)
    return found


def unreadable_run(lane_id: UUID, *, now: datetime, limit: int) -> tuple[UUID, Exception] | None:
    """Return the first of the lane's due runs that can not be read from the database, and what is raised by it."""
    for run_id in Run.objects.due(now).filter(lane=lane_id).order_by("pk").values_list("pk", flat=True)[:limit]:
        try:
            run_in_hand(run_id)
            steps_of([run_id])
        except Exception as exc:
            if not isolation.is_of_the_rows(exc):
                raise
            return run_id, exc
    return None


def has_turns(lane_id: UUID, *, now: datetime, without_workflows: Collection[UUID] = ()) -> bool:
    """Whether a run of the lane is due and waits for no other; else there is no use in looking again at once."""
    first = due_runs(lane_id, now=now, limit=1, without_workflows=without_workflows)
    if not first or not first[0].order_key:
        return bool(first)
    limit = settings.LANE_GROUP_SIZE
    return bool(_ready_runs(lane_id, now=now, limit=limit, without_workflows=without_workflows))


def _ready_runs(lane_id: UUID, *, now: datetime, limit: int, without_workflows: Collection[UUID]) -> list[DueRun]:
    """Due runs that wait for no other, the oldest first. A long tail behind one key does not hide what comes after it."""
    held: set[str] = set()
    while True:
        found = due_runs(lane_id, now=now, limit=limit, without_keys=held, without_workflows=without_workflows)
        ready = _not_held_up(found)
        newly = {run.order_key for run in found} - {run.order_key for run in ready}
        if ready or len(found) < limit or not newly:
            return ready
        held |= newly


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


def behind_nobody(tried: Iterable[Turn], turns: Iterable[Turn]) -> list[Turn]:
    """Those of `turns` that wait for none of `tried`: a run that stepped aside for a retry goes on holding its key."""
    held = {turn.order_key for turn in tried if turn.run.state != RunState.QUEUED and not turn.run.has_ended}
    return [turn for turn in turns if turn.order_key is None or turn.order_key not in held]


def settings_of(runs: Iterable[DueRun]) -> dict[Asker, dict[str, Any]]:
    """What the runs' versions ask of the user, by the rule of workflows.user_settings; what has no value is left out."""
    askers = {(run.configuration_id, run.version_id): run.workflow_id for run in runs}
    asked = {asker: user_settings.settings_of(rendering.prepared(asker[1]).raw) for asker in askers}
    found: dict[Asker, dict[str, Any]] = {asker: {} for asker in askers}
    if not any(asked.values()):
        return found
    configurations = {configuration_id for configuration_id, _ in askers if configuration_id}
    configured = Configuration.objects.filter(pk__in=configurations)
    shared: dict[UUID | None, Any] = dict(configured.values_list("pk", "shared_settings"))
    own = WorkflowSetting.objects.filter(configuration__in=configurations, workflow__in=set(askers.values()))
    values: dict[tuple[UUID | None, UUID], Any] = {
        row[:2]: row[2] for row in own.values_list("configuration_id", "workflow_id", "values")
    }
    for asker, settings_asked in asked.items():
        configuration_id, workflow_id = asker[0], askers[asker]
        passwords_asked = [setting["id"] for setting in settings_asked if user_settings.is_password(setting)]
        given = (
            opened(
                values.get((configuration_id, workflow_id), {}),
                passwords_asked,
                place=place_of_own(configuration_id, workflow_id),
            ),
            opened(shared.get(configuration_id, {}), passwords_asked, place=place_of_shared(configuration_id)),
        )
        read = {setting["id"]: user_settings.value_of(setting, *given) for setting in settings_asked}
        found[asker] = {id: value for id, value in read.items() if value is not None}
        log_lines.hide(str(found[asker][id]) for id in passwords_asked if id in found[asker])
    return found


@dataclass
class Group:
    """Turns that one execution of one action serves."""

    action: Action
    turns: list[Turn] = field(default_factory=list)
    key: str = ""
    record_keys: set[str] = field(default_factory=set)

    def admits(self, key: str, record_key: str | None) -> bool:
        """Whether a turn of these keys may join: never two writes to one record."""
        return key == self.key and (record_key is None or record_key not in self.record_keys)

    def add(self, turn: Turn, record_key: str | None) -> None:
        self.turns.append(turn)
        if record_key is not None:
            self.record_keys.add(record_key)


def first_group(action: Action, turns: Sequence[Turn]) -> Group:
    """The longest beginning of `turns` (same version and step, rendered) that may go in one execution, in their order."""
    group = Group(action)
    for turn in turns:
        if not group.turns:
            group.key = turn.group_key
        elif turn.is_suspect or group.turns[0].is_suspect or not group.admits(turn.group_key, turn.record_key):
            break
        group.add(turn, turn.record_key)
    return group
