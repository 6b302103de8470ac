"""What sets of workflows, events and runs know."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

if TYPE_CHECKING:
    from projects.models import ConnectedUser, Project
    from workflows.leases import Lease
    from workflows.models import AppEvent, Event, Lane, Run, StepRun, Workflow, WorkflowSetting

DUE_STATES = ("queued", "waiting")
_IS_DUE = RawSQL("state IN ('queued', 'waiting')", (), output_field=models.BooleanField())
"""DUE_STATES as literals: SQLite takes a partial index only where the statement itself shows that it covers the rows."""
_IS_PARKED = RawSQL("workflows_run.state = 'parked'", (), output_field=models.BooleanField())
STUCK_CRASHES = 2
"""From so many crashes in a row on, a lane counts as stuck: once may be a worker that was killed for another reason."""
_IS_CRASHING = RawSQL("crashes > 0", (), output_field=models.BooleanField())
OPEN_STATES = ("queued", "waiting", "parked", "asking")


class AppEventQuerySet(models.QuerySet["AppEvent"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(project=project)

    def matching(self, text: str) -> Self:
        """App Events whose name or description contains `text`."""
        return self.filter(models.Q(name__icontains=text) | models.Q(description__icontains=text))


class WorkflowQuerySet(models.QuerySet["Workflow"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(integration__project=project)

    def deployed(self) -> Self:
        return self.filter(live_version__isnull=False)

    def listening_to(self, app_event: str) -> Self:
        """Deployed workflows whose live version starts with that App Event."""
        return self.filter(live_version__app_event=app_event)

    def naming(self, app_events: Collection[str]) -> Self:
        """Workflows whose draft or live version starts with one of these App Events."""
        return self.filter(
            models.Q(live_version__app_event__in=app_events) | models.Q(draft__trigger__app_event__in=list(app_events))
        )

    def in_order(self) -> Self:
        """As the builder has arranged them."""
        return self.order_by("position", "created_at", "pk")


class WorkflowSettingQuerySet(models.QuerySet["WorkflowSetting"]):
    def on(self) -> Self:
        return self.filter(is_enabled=True)


class EventQuerySet(models.QuerySet["Event"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(project=project)


class RunQuerySet(models.QuerySet["Run"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(project=project)

    def for_connected_user(self, user: ConnectedUser) -> Self:
        return self.filter(user=user)

    def due(self, now: datetime) -> Self:
        """Runs whose turn it is: queued, or waiting until a time now past. Whose worker they are is the lane's."""
        return self.filter(_IS_DUE, wake_at__lte=now)

    def parked(self) -> Self:
        """Runs whose account has to be connected again first."""
        return self.filter(_IS_PARKED)

    def open(self) -> Self:
        """Runs that have not ended."""
        return self.filter(state__in=OPEN_STATES)

    def newest_first(self) -> Self:
        return self.order_by("-id")


class StepRunQuerySet(models.QuerySet["StepRun"]):
    def in_order(self) -> Self:
        return self.order_by("position")


class LaneQuerySet(models.QuerySet["Lane"]):
    def free(self) -> Self:
        """Lanes that no worker holds and that are not paused; by the database's clock, as workflows.engine.leasing has it."""
        return self.filter(models.Q(leased_until__isnull=True) | models.Q(leased_until__lt=Now())).filter(
            models.Q(paused_until__isnull=True) | models.Q(paused_until__lte=Now())
        )

    def paused(self) -> Self:
        """Lanes that a rate limit or a used-up API budget has stopped, by the database's clock."""
        return self.filter(paused_until__gt=Now())

    def stuck(self) -> Self:
        """Lanes on which work has crashed again and again, and was not given back in order since."""
        return self.filter(_IS_CRASHING, crashes__gte=STUCK_CRASHES)

    def held_by(self, lease: Lease) -> Self:
        return self.filter(pk=lease.lane_id, lease_token=lease.token)
