"""Workflows and their versions, App Events, and what has arrived and run."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from integrations.models import Configuration, Credential, Integration
from lib.ids import time_ordered_id
from projects.models import ConnectedUser, Project, User
from workflows.querysets import (
    AppEventQuerySet,
    EventQuerySet,
    LaneQuerySet,
    RunQuerySet,
    StepRunQuerySet,
    WorkflowQuerySet,
    WorkflowSettingQuerySet,
)


class AppEvent(models.Model):
    """A named event that the app may send, with an example payload as its schema."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="app_events")
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, blank=True)
    example = models.JSONField(default=dict)
    """A JSON object."""
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AppEventQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_app_event_per_name")]

    def __str__(self) -> str:
        return self.name


class Workflow(models.Model):
    """A trigger and its steps: one draft, numbered frozen versions, at most one of them live."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="workflows")
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, blank=True)
    """The text that the end user sees beside the switch."""
    draft = models.JSONField(default=dict)
    """Shape: workflows.definition.schema."""
    draft_revision = models.PositiveIntegerField(default=1)
    """Counts saves: a save names the revision it started from, so that two editors can not overwrite each other."""
    draft_saved_at = models.DateTimeField(default=timezone.now)
    draft_saved_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    live_version = models.ForeignKey(
        "WorkflowVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    enabled_by_default = models.BooleanField(default=False)
    is_hidden = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    objects = WorkflowQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "name"], name="one_workflow_per_name")]

    def __str__(self) -> str:
        return self.name


class WorkflowVersion(models.Model):
    """A frozen definition: what `deploy` made of the draft."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    app_event = models.CharField(max_length=120, blank=True)
    """The trigger's App Event, so that intake finds its listeners by an index."""
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workflow", "number"], name="one_version_per_number")]
        indexes = [models.Index(fields=["app_event"], name="version_by_app_event")]

    def __str__(self) -> str:
        return f"{self.workflow} v{self.number}"


class WorkflowSetting(models.Model):
    """A configuration's switch for one workflow, and the values of its user settings."""

    configuration = models.ForeignKey(Configuration, on_delete=models.CASCADE, related_name="workflow_settings")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="settings")
    is_enabled = models.BooleanField(default=False)
    values = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = WorkflowSettingQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["configuration", "workflow"], name="one_setting_per_workflow")]


class Event(models.Model):
    """One App Event that has arrived."""

    id = models.UUIDField(primary_key=True, default=time_ordered_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )  # its user's
    user = models.ForeignKey(ConnectedUser, on_delete=models.CASCADE, related_name="events")
    name = models.CharField(max_length=120)
    payload = models.JSONField()
    skipped = models.JSONField(default=list, blank=True)
    """The workflows that it did not start: [{"workflow_id", "reason"}]."""
    received_at = models.DateTimeField(default=timezone.now)

    objects = EventQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"


class IdempotencyKey(models.Model):
    """A request's own key, with what was answered: the same key and body get the same answer, for 24 hours."""

    user = models.ForeignKey(ConnectedUser, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    answer = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_idempotency_key")]


class PauseCause(models.TextChoices):
    BUDGET = "budget", "Budget used up"
    """What the customer does not reserve of the org's daily API calls is used up."""
    DAILY_LIMIT = "daily_limit", "Daily limit reached"
    """The org refuses calls until its count of the last 24 hours has fallen."""
    RATE_LIMIT = "rate_limited", "Rate limited"
    """The provider asks for fewer calls, for so many seconds."""


class Lane(models.Model):
    """The queue of one credential's runs, worked off in order by whoever holds the lease."""

    credential = models.OneToOneField(Credential, primary_key=True, on_delete=models.CASCADE, related_name="lane")
    lease_token = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    """A rate limit or a used-up API budget pauses the lane, not the tries of its runs."""
    pause_reason = models.CharField(max_length=300, blank=True)
    """In words, for people."""
    pause_cause = models.CharField(max_length=20, blank=True, default="", db_default="", choices=PauseCause.choices)
    """By it one tells which news end the pause before its time; "" while there is none."""
    rung_at = models.DateTimeField(null=True, blank=True)
    """When its doorbell rang last; an awake lane is not rung again."""
    crashes = models.PositiveSmallIntegerField(default=0, db_default=0)
    """How often in a row work on it ended by an error or with its process; 0 once it was given back."""
    suspect = models.UUIDField(null=True)
    """The run in hand, noted while work goes on after a crash: what crashes next is its fault."""
    set_aside = models.JSONField(default=list, db_default=[])
    """Ids of runs under which a worker has died, once for each death: they are done last and each alone. Shape: [str]."""

    objects = LaneQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["paused_until"], condition=models.Q(paused_until__isnull=False), name="lane_by_pause"),
            models.Index(fields=["credential"], condition=models.Q(crashes__gt=0), name="lane_crashing"),
        ]


class Slot(models.Model):
    """One of the calls that a workflow with a limit (its definition's `concurrency`) may have under way at once.

    Held by a lane under a lease, and by that lease alone: when it has ended, by whatever cause, the slot is free.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="slots", db_index=False)
    number = models.PositiveIntegerField()
    """From 1."""
    lane = models.ForeignKey(Lane, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    lease_token = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workflow", "number"], name="one_slot_per_number")]


class RunState(models.TextChoices):
    QUEUED = "queued", "Queued"
    WAITING = "waiting", "Waiting"
    PARKED = "parked", "Parked"
    ASKING = "asking", "Needs a decision"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Run(models.Model):
    """One event's way through one version of one workflow for one configuration.

    Each is written twice and each index twice with it, so it has those that a page or the engine asks for and no others.
    The database checks the references that what a run belongs to hangs by: its lane is its user's and its project's, its
    workflow has its version.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="runs", db_index=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="runs", db_index=False)
    version = models.ForeignKey(
        WorkflowVersion, on_delete=models.CASCADE, related_name="runs", db_index=False, db_constraint=False
    )
    user = models.ForeignKey(
        ConnectedUser, on_delete=models.CASCADE, related_name="runs", db_index=False, db_constraint=False
    )
    configuration = models.ForeignKey(Configuration, null=True, on_delete=models.SET_NULL, related_name="runs")
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="runs", db_index=False)
    replay_number = models.PositiveIntegerField(default=0)
    replay_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replays", db_index=False
    )
    input = models.JSONField(null=True, blank=True)
    """An edited payload of a replay; None: the event's own."""
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    position = models.PositiveIntegerField(default=0)
    """Index of the step whose turn it is, in the version's steps."""
    wake_at = models.DateTimeField(default=timezone.now)
    wait_reason = models.CharField(max_length=300, blank=True)
    order_key = models.CharField(max_length=255, blank=True)
    error = models.JSONField(null=True, blank=True)
    """Of the step that failed; shape as integrations.providers.base.Outcome.error, plus "step_key"."""
    api_calls = models.FloatField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event", "workflow", "configuration", "replay_number"], name="one_run_per_event"
            )
        ]
        indexes = [
            models.Index(
                fields=["lane", "id"], condition=models.Q(state__in=["queued", "waiting"]), name="run_due_by_lane"
            ),
            models.Index(fields=["wake_at"], condition=models.Q(state__in=["queued", "waiting"]), name="run_due"),
            models.Index(fields=["lane"], condition=models.Q(state="parked"), name="run_parked"),
            models.Index(fields=["project", "-id"], name="run_by_project"),
            models.Index(
                fields=["project", "state", "-id"], condition=~models.Q(state="succeeded"), name="run_not_succeeded"
            ),
            models.Index(fields=["replay_of"], condition=models.Q(replay_of__isnull=False), name="run_replayed"),
            models.Index(fields=["user", "-id"], name="run_by_user"),
            models.Index(fields=["workflow", "-id"], name="run_by_workflow"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def has_ended(self) -> bool:
        return self.state in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)

    @property
    def payload(self) -> Any:
        """What its templates read as `trigger`: the event's own payload, or an edited one."""
        return self.event.payload if self.input is None else self.input


class StepState(models.TextChoices):
    CALLING = "calling", "Running"
    WAITING = "waiting", "Waiting to be tried again"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    ASKING = "asking", "Needs a decision"


class StepRun(models.Model):
    """One step of one run: what went in, what came out, how often it was tried."""

    id = models.UUIDField(primary_key=True, default=time_ordered_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="step_runs", db_index=False)
    step_key = models.CharField(max_length=80)
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=StepState.choices)
    input = models.JSONField(null=True)
    output = models.JSONField(null=True)
    error = models.JSONField(null=True)
    warnings = models.JSONField(default=list)
    """What rendering had to say: [{"path", "message"}]."""
    notes = models.JSONField(default=list)
    """What happened on the way: [{"at", "text"}]."""
    tries = models.PositiveIntegerField(default=0)
    api_calls = models.FloatField(default=0)
    called_at = models.DateTimeField(null=True)
    """When the call now under way (or cut off) began; None: no call is open. A worker that finds it set does not know
    whether the call happened."""
    repeated_at = models.DateTimeField(null=True)
    """When the open call was last sent again, or may have been; None: it was sent once."""
    first_tried_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = StepRunQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "step_key"], name="one_result_per_step")]


class WorkerPulse(models.Model):
    """When a worker last answered a doorbell: health without a round trip."""

    name = models.CharField(primary_key=True, max_length=120)
    beat_at = models.DateTimeField()
    clock_seconds_ahead = models.FloatField(db_default=0.0)
    """Of its host's clock to the database's."""
