"""What intake has to know of a group of events: users, App Events, listening workflows and switches, by a query each.

A group's queries serve all of its events, so nothing has to be remembered between groups and nothing can be stale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from integrations.models import Configuration
from integrations.providers import registry
from projects.models import ConnectedUser
from projects.user_tokens import UserToken
from workflows.models import AppEvent, Lane, Workflow, WorkflowSetting

UserKey = tuple[UUID, str]
"""Project and the token's `sub`."""
EventKey = tuple[UUID, str]
"""Project and the App Event's name."""
_SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An App Event with its project's wish about payloads."""

    name: str
    example: Any
    payload_policy: str


@dataclass(frozen=True, slots=True)
class Listener:
    """A workflow that listens to an App Event; without a version it was drafted and is not live."""

    id: UUID
    name: str
    integration_id: UUID
    provider_key: str
    is_active: bool
    version_id: int | None

    @property
    def provider_name(self) -> str:
        return registry.provider(self.provider_key).name


@dataclass(slots=True)
class Account:
    """One configuration of one of a user's accounts, with its switches by workflow."""

    configuration_id: UUID
    configuration_external_id: str | None
    shared_settings: dict[str, Any]
    credential_id: UUID
    credential_external_id: str | None
    integration_id: UUID
    status: str
    lane_id: UUID | None
    switches: dict[UUID, tuple[bool, dict[str, Any]]] = field(default_factory=dict)
    """Whether it is on, and the values of its user settings."""


@dataclass(slots=True)
class Directory:
    users: dict[UserKey, UUID]
    events: dict[EventKey, KnownEvent]
    listeners: Mapping[EventKey, list[Listener]]
    accounts: Mapping[UUID, list[Account]]
    """By connected user, the oldest first."""


def look_up(tokens: Iterable[UserToken], names: Iterable[EventKey]) -> Directory:
    """Find all of it for these tokens' users and these App Events. Users who come for the first time are made."""
    users = _users({(token.project_id, token.subject) for token in tokens})
    wanted = set(names)
    events = _events(wanted)
    listeners = _listeners(set(events))
    accounts = _accounts(set(users.values())) if listeners else {}
    return Directory(users, events, listeners, accounts)


def _users(keys: set[UserKey]) -> dict[UserKey, UUID]:
    now = timezone.now()
    found = _known_users(keys)
    missing = keys - found.keys()
    if missing:
        made = [
            ConnectedUser(project_id=project_id, external_id=subject)
            for project_id, subject in sorted(missing, key=str)
        ]
        ConnectedUser.objects.bulk_create(made, ignore_conflicts=True)
        found |= _known_users(missing)
    long_ago = [user_id for user_id, seen_at in found.values() if seen_at < now - _SEEN_EVERY]
    if long_ago:
        ConnectedUser.objects.filter(pk__in=long_ago).update(last_seen_at=now)
    return {key: user_id for key, (user_id, _) in found.items()}


def _known_users(keys: set[UserKey]) -> dict[UserKey, tuple[UUID, datetime]]:
    by_project: dict[UUID, list[str]] = defaultdict(list)
    for project_id, subject in keys:
        by_project[project_id].append(subject)
    found: dict[UserKey, tuple[UUID, datetime]] = {}
    for project_id, subjects in by_project.items():
        rows = ConnectedUser.objects.filter(project_id=project_id, external_id__in=subjects)
        for user_id, subject, seen_at in rows.values_list("pk", "external_id", "last_seen_at"):
            found[project_id, subject] = (user_id, seen_at)
    return found


def _events(keys: set[EventKey]) -> dict[EventKey, KnownEvent]:
    rows = AppEvent.objects.filter(
        project_id__in={project_id for project_id, _ in keys}, name__in={name for _, name in keys}
    )
    return {
        (project_id, name): KnownEvent(name, example, policy)
        for project_id, name, example, policy in rows.values_list(
            "project_id", "name", "example", "project__payload_policy"
        )
        if (project_id, name) in keys
    }


def _listeners(keys: set[EventKey]) -> dict[EventKey, list[Listener]]:
    if not keys:
        return {}
    names = {name for _, name in keys}
    rows = (
        Workflow.objects.filter(integration__project_id__in={project_id for project_id, _ in keys})
        .filter(
            Q(live_version__app_event__in=names)
            | Q(live_version__isnull=True, draft__trigger__app_event__in=list(names))
        )
        .order_by("position", "created_at")
        .values_list(
            *("id", "name", "integration_id", "integration__provider_key", "integration__is_active", "live_version_id"),
            *("integration__project_id", "live_version__app_event", "draft__trigger__app_event"),
        )
    )
    found: dict[EventKey, list[Listener]] = defaultdict(list)
    for *listener, project_id, live_name, draft_name in rows:
        # A live workflow listens as it was deployed, whatever its draft says by now.
        found[project_id, live_name if live_name is not None else draft_name].append(Listener(*listener))
    return found


def _accounts(user_ids: set[UUID]) -> dict[UUID, list[Account]]:
    rows = (
        Configuration.objects.present()
        .filter(credential__user_id__in=user_ids)
        .order_by("created_at", "pk")
        .values_list(
            *(
                "credential__user_id",
                "pk",
                "external_id",
                "shared_settings",
                "credential_id",
                "credential__external_id",
            ),
            *("credential__integration_id", "credential__status", "credential__lane"),
        )
    )
    by_user: dict[UUID, list[Account]] = defaultdict(list)
    by_configuration: dict[UUID, Account] = {}
    for user_id, *row in rows:
        account = Account(*row)
        by_user[user_id].append(account)
        by_configuration[account.configuration_id] = account
    switches = WorkflowSetting.objects.filter(configuration_id__in=list(by_configuration))
    for configuration_id, workflow_id, is_on, values in switches.values_list(
        "configuration_id", "workflow_id", "is_enabled", "values"
    ):
        by_configuration[configuration_id].switches[workflow_id] = (is_on, values)
    return by_user


def make_lanes(credential_ids: Iterable[UUID]) -> None:
    """A credential's lane is made with it; one that came another way gets its lane at its first event."""
    Lane.objects.bulk_create([Lane(credential_id=each) for each in credential_ids], ignore_conflicts=True)


def known_names(project_id: UUID) -> list[str]:
    """The App Events of a project, for who sent another."""
    return list(AppEvent.objects.filter(project_id=project_id).order_by("name").values_list("name", flat=True)[:100])
