"""The filters above the lists of runs: read from the address, so that a filtered list can be linked and kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.db.models import Q

from lib.ids import lowest_id_at
from projects.models import ConnectedUser, Project
from workflows.models import AppEvent, Lane, Run, RunState, Workflow, WorkflowVersion
from workflows.querysets import OPEN_STATES, RunQuerySet

OPEN = "open"
"""The filter's word for every state that is not an end."""
STATE_CHOICES = [
    ("", "Any status"),
    (OPEN, "Going on"),
    (RunState.QUEUED, "Queued"),
    (RunState.WAITING, "Waiting to go on"),
    (RunState.PARKED, "Waiting for the user to connect again"),
    (RunState.ASKING, "Needs a decision"),
    (RunState.SUCCEEDED, "Succeeded"),
    (RunState.FAILED, "Failed"),
    (RunState.CANCELLED, "Cancelled"),
]
_MOST_USERS = 50
_HEX_PREFIX = re.compile(r"[0-9a-f]{6,32}\Z")
_NOBODY = UUID(int=0)
_ON_PAUSED_LANE = Q(lane__in=Lane.objects.paused().values("pk"))


@dataclass(frozen=True)
class RunFilters:
    """What the list is narrowed to; everything empty: nothing is left out."""

    state: str = ""
    workflow: UUID | None = None
    user: str = ""
    """A connected user's id in the app, or part of the name or e-mail."""
    event: str = ""
    since: date | None = None
    until: date | None = None
    """Both days are included, in UTC."""
    search: str = ""
    """A run's or an event's id, or the beginning of a run's, or a user's id in the app."""

    @property
    def are_set(self) -> bool:
        return self != RunFilters()

    @property
    def query(self) -> str:
        """The filters as they stand in an address: "state=failed&user=u-1"."""
        given: dict[str, object] = {"state": self.state, "workflow": self.workflow, "user": self.user}
        given |= {"event": self.event, "since": self.since, "until": self.until, "q": self.search}
        return urlencode({name: str(value) for name, value in given.items() if value})


class RunFilterForm(forms.Form):
    """The filters' form. A filter that can not be read is named beside its input, and left out of the list."""

    q = forms.CharField(
        label="Find by id",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Run, event or user id"}),
    )
    state = forms.ChoiceField(label="Status", required=False, choices=STATE_CHOICES)
    workflow = forms.ModelChoiceField(
        label="Workflow", required=False, queryset=Workflow.objects.none(), empty_label="Any workflow"
    )
    user = forms.CharField(
        label="User",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": "Id, name or e-mail"}),
    )
    event = forms.ChoiceField(label="Event", required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, project: Project, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s")
        workflows = self.fields["workflow"]
        assert isinstance(workflows, forms.ModelChoiceField)
        workflows.queryset = Workflow.objects.for_project(project).only("name").order_by("name")
        events = self.fields["event"]
        assert isinstance(events, forms.ChoiceField)
        events.choices = [("", "Any event"), *((name, name) for name in event_names(project))]

    def filters(self) -> RunFilters:
        """The filters that could be read."""
        self.is_valid()
        given = self.cleaned_data
        workflow = given.get("workflow")
        return RunFilters(
            state=given.get("state", ""),
            workflow=workflow.pk if workflow else None,
            user=given.get("user", "").strip(),
            event=given.get("event", ""),
            since=given.get("since"),
            until=given.get("until"),
            search=given.get("q", "").strip(),
        )


def event_names(project: Project) -> list[str]:
    """The events that a run of this project may have begun with: those declared, and those of older versions."""
    declared = AppEvent.objects.for_project(project).values_list("name", flat=True)
    listened = WorkflowVersion.objects.filter(workflow__integration__project=project).exclude(app_event="")
    return sorted({*declared, *listened.values_list("app_event", flat=True).distinct()})


def filtered(project: Project, filters: RunFilters) -> RunQuerySet:
    """The project's runs that pass the filters, in no order yet. Every filter has an index or few rows to look at."""
    runs = Run.objects.for_project(project)
    if filters.state:
        runs = _in_state(runs, filters.state, is_narrowed=bool(filters.workflow or filters.event or filters.user))
    if filters.workflow:
        runs = runs.filter(workflow_id=filters.workflow)
    if filters.event:
        runs = _of_event(runs, project, filters.event)
    if filters.user:
        runs = _of_users(runs, _user_ids(project, filters.user))
    if filters.since:
        runs = runs.filter(id__gte=lowest_id_at(_midnight(filters.since)))
    if filters.until:
        runs = runs.filter(id__lt=lowest_id_at(_midnight(filters.until + timedelta(days=1))))
    if filters.search:
        runs = _matching(runs, project, filters.search)
    return runs


def _in_state(runs: RunQuerySet, state: str, *, is_narrowed: bool) -> RunQuerySet:
    """Runs in that state; `is_narrowed`: other filters would have the database walk their own index."""
    if state == RunState.SUCCEEDED:
        return runs.filter(state=state)
    # The partial index leaves out succeeded runs; SQLite uses it only where the query repeats its condition.
    wanted = runs.exclude(state=RunState.SUCCEEDED)
    match state:
        case RunState.WAITING:  # for its own time, or for the end of its lane's pause
            wanted = wanted.filter(Q(state=state) | Q(_ON_PAUSED_LANE, state=RunState.QUEUED))
        case RunState.QUEUED:
            wanted = wanted.filter(~_ON_PAUSED_LANE, state=state)
        case _:
            wanted = wanted.filter(state__in=OPEN_STATES if state == OPEN else [state])
    if state in (OPEN, RunState.WAITING) or is_narrowed:
        # They are few beside those that succeeded: found first, and not by a walk through all of a workflow's runs.
        return runs.filter(pk__in=wanted.order_by().values("pk"))
    return wanted


def _of_event(runs: RunQuerySet, project: Project, event: str) -> RunQuerySet:
    """By the versions that listen to it: runs know their version, and the index of runs their workflow."""
    versions = WorkflowVersion.objects.filter(workflow__integration__project=project, app_event=event)
    pairs = list(versions.values_list("pk", "workflow_id"))
    return runs.filter(version_id__in=[pk for pk, _ in pairs], workflow_id__in={workflow for _, workflow in pairs})


def _of_users(runs: RunQuerySet, user_ids: list[UUID]) -> RunQuerySet:
    return runs.filter(user_id=user_ids[0]) if len(user_ids) == 1 else runs.filter(user_id__in=user_ids)


def _user_ids(project: Project, text: str) -> list[UUID]:
    """The users meant: the one of that id, else those whose id, name or e-mail contains the text."""
    users = ConnectedUser.objects.for_project(project)
    exact = list(users.filter(external_id=text).values_list("pk", flat=True))
    return exact or list(users.matching(text).values_list("pk", flat=True)[:_MOST_USERS])


def _matching(runs: RunQuerySet, project: Project, text: str) -> RunQuerySet:
    digits = text.lower().replace("-", "")
    if _HEX_PREFIX.match(digits):
        lowest, highest = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
        found = runs.filter(id__gte=lowest, id__lte=highest)
        if len(digits) == 32:
            of_event = Run.objects.filter(event_id=lowest).values_list("pk", flat=True)  # `runs` is the project's
            found = runs.filter(pk__in=[lowest, *of_event])
        if found.exists():
            return found
    user = ConnectedUser.objects.for_project(project).filter(external_id=text).values_list("pk", flat=True).first()
    return runs.filter(user_id=user or _NOBODY)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
