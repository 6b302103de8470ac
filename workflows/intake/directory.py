"""What intake has to know of a group of events, by two queries: who sent them, and what listens to them.

A group's queries serve all of its events, so nothing has to be remembered between groups and nothing can be stale. They
are written in SQL: having the ORM put the same statement together for each group cost more than PostgreSQL takes to answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from integrations.providers import registry
from lib import hot_statements
from lib.hot_statements import Kind
from projects.models import ConnectedUser
from projects.user_tokens import UserToken
from workflows.models import AppEvent, Lane

UserKey = tuple[UUID, str]
"""Project and the token's `sub`."""
EventKey = tuple[UUID, str]
"""Project and the App Event's name."""
_SEEN_EVERY = timedelta(minutes=5)


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


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An App Event with its project's wish about payloads. The example is None where nobody wants it compared."""

    name: str
    example: Any
    payload_policy: str
    parked_days: int
    """How long events are kept for an account that has to be connected again; 0: they are not."""
    listeners: list[Listener] = field(default_factory=list)


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
    has_lane: bool
    switches: dict[UUID, tuple[bool, dict[str, Any]]] = field(default_factory=dict)
    """Whether it is on, and the values of its user settings."""


@dataclass(slots=True)
class KnownUser:
    id: UUID
    accounts: list[Account] = field(default_factory=list)
    """The oldest first."""


@dataclass(slots=True)
class Directory:
    users: dict[UserKey, KnownUser]
    events: dict[EventKey, KnownEvent]


def look_up(tokens: Iterable[UserToken], names: Iterable[EventKey]) -> Directory:
    """Find all of it for these tokens' users and these App Events. Users who come for the first time are made."""
    keys = {(token.project_id, token.subject) for token in tokens}
    users = _users(keys)
    if missing := keys - users.keys():
        made = [ConnectedUser(project_id=project_id, external_id=subject) for project_id, subject in missing]
        ConnectedUser.objects.bulk_create(made, ignore_conflicts=True)
        users |= _users(missing)
    return Directory(users, _events(set(names)))


_USERS = """
SELECT u.project_id, u.external_id, u.id, u.last_seen_at,
       c.id, c.external_id, c.shared_settings, k.id, k.external_id, k.integration_id, k.status, l.credential_id,
       s.workflow_id, s.is_enabled, s."values"
  FROM {wanted}
  JOIN projects_connecteduser u ON u.project_id = wanted.project_id AND u.external_id = wanted.text
  LEFT JOIN integrations_credential k ON k.user_id = u.id AND k.removed_at IS NULL
  LEFT JOIN integrations_configuration c ON c.credential_id = k.id
  LEFT JOIN workflows_lane l ON l.credential_id = k.id
  LEFT JOIN workflows_workflowsetting s ON s.configuration_id = c.id
 ORDER BY c.created_at, c.id
"""


_USER_KINDS = (
    *(Kind.ID, Kind.PLAIN, Kind.ID, Kind.MOMENT),
    *(Kind.ID, Kind.PLAIN, Kind.JSON, Kind.ID, Kind.PLAIN, Kind.ID, Kind.PLAIN, Kind.ID),
    *(Kind.ID, Kind.PLAIN, Kind.JSON),
)


def _users(keys: set[UserKey]) -> dict[UserKey, KnownUser]:
    found: dict[UserKey, KnownUser] = {}
    accounts: dict[UUID, Account] = {}
    now, long_ago = timezone.now(), []
    for row in _rows(_USERS, keys, _USER_KINDS):
        key = (row[0], row[1])
        user = found.get(key)
        if user is None:
            user = found[key] = KnownUser(row[2])
            if row[3] < now - _SEEN_EVERY:
                long_ago.append(user.id)
        if row[4] is None:
            continue
        configuration_id = row[4]
        account = accounts.get(configuration_id)
        if account is None:
            account = accounts[configuration_id] = Account(
                configuration_id,
                row[5],
                row[6],
                row[7],
                row[8],
                row[9],
                row[10],
                row[11] is not None,
            )
            user.accounts.append(account)
        if row[12] is not None:
            account.switches[row[12]] = (bool(row[13]), row[14])
    if long_ago:
        ConnectedUser.objects.filter(pk__in=long_ago).update(last_seen_at=now)
    return found


_EVENTS = """
SELECT e.project_id, e.name, p.payload_policy, CASE p.payload_policy WHEN 'accept' THEN NULL ELSE e.example END,
       p.parked_days, w.id, w.name, w.integration_id, i.provider_key, i.is_active, w.live_version_id
  FROM {wanted}
  JOIN workflows_appevent e ON e.project_id = wanted.project_id AND e.name = wanted.text
  JOIN projects_project p ON p.id = e.project_id
  LEFT JOIN integrations_integration i ON i.project_id = e.project_id
  LEFT JOIN workflows_workflow w ON w.integration_id = i.id AND (
       w.live_version_id IN (SELECT v.id FROM workflows_workflowversion v WHERE v.workflow_id = w.id AND v.app_event = e.name)
       OR (w.live_version_id IS NULL AND {drafted} = e.name))
 ORDER BY w.position, w.created_at
"""


_EVENT_KINDS = (
    *(Kind.ID, Kind.PLAIN, Kind.PLAIN, Kind.JSON, Kind.PLAIN),
    *(Kind.ID, Kind.PLAIN, Kind.ID, Kind.PLAIN, Kind.PLAIN, Kind.PLAIN),
)


def _events(keys: set[EventKey]) -> dict[EventKey, KnownEvent]:
    """A live workflow listens as it was deployed, whatever its draft says by now."""
    found: dict[EventKey, KnownEvent] = {}
    for row in _rows(_EVENTS, keys, _EVENT_KINDS):
        key = (row[0], row[1])
        event = found.get(key)
        if event is None:
            event = found[key] = KnownEvent(row[1], row[3], row[2], row[4])
        if row[5] is not None:
            event.listeners.append(Listener(row[5], row[6], row[7], row[8], bool(row[9]), row[10]))
    return found


def _rows(statement: str, keys: set[tuple[UUID, str]], kinds: Sequence[Kind]) -> Sequence[Sequence[Any]]:
    if not keys:
        return ()
    if hot_statements.is_postgres():
        wanted = hot_statements.rows_as_json({"project_id": project_id, "text": text} for project_id, text in keys)
        return hot_statements.run(statement.format(**_POSTGRES_WORDS), [wanted], kinds)
    marks = ", ".join(["(%s, %s)"] * len(keys))
    filled = f"WITH wanted(project_id, text) AS (VALUES {marks}) {statement.format(**_SQLITE_WORDS)}"
    return hot_statements.run(filled, [part for key in keys for part in key], kinds)


_POSTGRES_WORDS = {
    "wanted": "json_to_recordset(%s::json) AS wanted(project_id uuid, text text)",
    "drafted": "w.draft #>> '{trigger,app_event}'",
}
_SQLITE_WORDS = {
    "wanted": "wanted",
    "drafted": "json_extract(w.draft, '$.trigger.app_event')",
}


def make_lanes(credential_ids: Iterable[UUID]) -> None:
    """A credential's lane is made with it; one that came another way gets its lane at its first event."""
    Lane.objects.bulk_create([Lane(credential_id=each) for each in credential_ids], ignore_conflicts=True)


def known_names(project_id: UUID) -> list[str]:
    """The App Events of a project, for who sent another."""
    return list(AppEvent.objects.filter(project_id=project_id).order_by("name").values_list("name", flat=True)[:100])
