"""Connected users as the dashboard lists them, a page at a time, with what a row shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Count, Q

from integrations.models import Configuration, Credential, CredentialStatus
from projects.models import ConnectedUser, Project
from workflows.history import queries
from workflows.models import Workflow, WorkflowSetting

PAGE_SIZE = 50
RECENT_HOURS = 24


@dataclass(frozen=True)
class Place:
    """Where a page begins, in the order of the list: after this moment and id."""

    seen_at: datetime
    user_id: UUID

    @classmethod
    def read(cls, text: str) -> Place | None:
        """From the address; what can not be read is the first page."""
        micros, _, user_id = text.partition(".")
        try:
            return cls(datetime.fromtimestamp(int(micros) / 1_000_000, UTC), UUID(user_id))
        except (ValueError, OverflowError, OSError):
            return None

    @classmethod
    def of(cls, user: ConnectedUser) -> Place:
        return cls(user.last_seen_at, user.pk)

    def __str__(self) -> str:
        return f"{round(self.seen_at.timestamp() * 1_000_000)}.{self.user_id.hex}"


@dataclass(frozen=True)
class Row:
    """One connected user in the list."""

    user: ConnectedUser
    credentials: list[Credential] = field(default_factory=list)
    workflows_on: int = 0
    recent_runs: int = 0


@dataclass(frozen=True)
class UserPage:
    rows: list[Row]
    older: Place | None
    """Where the next page begins; None: this is the last."""


@dataclass(frozen=True)
class Switch:
    """One deployed workflow in one of the user's configurations."""

    configuration: Configuration
    workflow: Workflow
    is_on: bool


def page_of(project: Project, *, search: str, place: Place | None, now: datetime) -> UserPage:
    """The users seen last come first; `place` is where the page before ended."""
    users = ConnectedUser.objects.for_project(project).order_by("-last_seen_at", "-id")
    if search:
        users = users.matching(search)
    if place:
        same_moment = Q(last_seen_at=place.seen_at, id__lt=place.user_id)
        users = users.filter(Q(last_seen_at__lt=place.seen_at) | same_moment, last_seen_at__lte=place.seen_at)
    found = list(users[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return UserPage(_rows(shown, now), Place.of(shown[-1]) if len(found) > PAGE_SIZE else None)


def _rows(users: list[ConnectedUser], now: datetime) -> list[Row]:
    ids = [user.pk for user in users]
    credentials: dict[UUID, list[Credential]] = {}
    for credential in Credential.objects.present().filter(user__in=ids).select_related("integration"):
        credentials.setdefault(credential.user_id, []).append(credential)
    on = workflows_on(ids)
    recent = queries.runs_since(ids, hours=RECENT_HOURS, now=now)
    return [Row(user, credentials.get(user.pk, []), on.get(user.pk, 0), recent.get(user.pk, 0)) for user in users]


def workflows_on(user_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many deployed workflows each of these users has switched on."""
    on = WorkflowSetting.objects.on().filter(
        configuration__credential__user__in=list(user_ids),
        configuration__credential__removed_at__isnull=True,
        workflow__live_version__isnull=False,
    )
    return dict(on.order_by().values_list("configuration__credential__user").annotate(Count("workflow", distinct=True)))


def switches_of(user: ConnectedUser) -> list[Switch]:
    """The deployed workflows of each of the user's connected accounts, on or off."""
    configurations = list(
        Configuration.objects.present()
        .filter(credential__user=user)
        .exclude(credential__status=CredentialStatus.PENDING)
        .select_related("credential__integration")
        .order_by("created_at")
    )
    settings = WorkflowSetting.objects.on().filter(configuration__in=configurations)
    on = set(settings.values_list("configuration_id", "workflow_id"))
    integrations = {configuration.credential.integration_id for configuration in configurations}
    workflows = list(
        Workflow.objects.deployed()
        .filter(integration__in=integrations)
        .defer("draft")
        .order_by("position", "created_at")
    )
    return [
        Switch(configuration, workflow, (configuration.pk, workflow.pk) in on)
        for configuration in configurations
        for workflow in workflows
        if workflow.integration_id == configuration.credential.integration_id
    ]
