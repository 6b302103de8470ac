"""What the portal shows of one integration to one user: plain data for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from connect_portal.errors import WorkflowNotFound
from connect_portal.installing import installable
from connect_portal.reading import short_text
from connect_portal.selecting import chosen_credential, find_configuration
from integrations.errors import CredentialNotFound
from integrations.models import Configuration, Credential, CredentialStatus, Integration
from projects.models import ConnectedUser
from workflows import user_settings
from workflows.engine import parking
from workflows.models import Workflow
from workflows.switching import missing_settings, settings_map, shared_map
from workflows.user_settings import NEVER_ASKED, Setting, settings_of, title_of, value_of

INPUT_KINDS: Final[Mapping[str, str]] = {
    "TEXT_NO_VARS": "text",
    "TEXTAREA_NO_VARS": "textarea",
    "NUMBER": "number",
    "EMAIL": "email",
    "URL": "url",
    "PASSWORD": "password",
    "BOOLEAN_INPUT": "switch",
    "SWITCH": "switch",
    "ENUM": "select",
}
"""The user settings that the portal can edit so far; others are shown with a note."""
TABS: Final = ("configuration", "overview")


@dataclass(frozen=True)
class Option:
    json: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class Input:
    """One user setting as a form input. `kind` is one of INPUT_KINDS' values, or "" where there is no input yet."""

    id: str
    title: str
    kind: str
    required: bool
    value: Any
    subtitle: str = ""
    placeholder: str = ""
    tooltip: str = ""
    options: Sequence[Option] = ()


@dataclass(frozen=True)
class WorkflowRow:
    id: UUID
    name: str
    description: str
    is_enabled: bool
    inputs: Sequence[Input]
    missing: Sequence[str]
    """Titles of the required settings that are still empty: it can not be switched on before."""


@dataclass(frozen=True)
class Account:
    """The connected account, in the end user's words."""

    id: UUID
    username: str
    display_name: str
    organisation: str
    connected_at: datetime
    is_valid: bool
    problem: str
    kept: str = ""
    """How many events wait for the account to be connected again, as a sentence."""


@dataclass(frozen=True)
class Card:
    integration_id: UUID
    type: str
    name: str
    app_name: str
    icon: str
    accent_color: str
    description: str
    overview: str
    account: Account | None
    configuration_id: UUID | None
    tab: str
    keeps_events: bool
    """Whether events are kept while the account has to be connected again."""
    rows: Sequence[WorkflowRow] = field(default_factory=tuple)


def card_of(
    user: ConnectedUser, integration: str, *, credential: str = "", configuration: str = "", tab: str = ""
) -> Card:
    """The card of the integration, named by id or type; `tab` "" chooses what matters most.

    Raises IntegrationNotFound, IntegrationInactive, ConfigurationNotFound.
    """
    return _card(user, installable(user.project, integration), credential, configuration, tab)


def row_of(user: ConnectedUser, workflow_id: UUID, *, credential: str, configuration: str) -> tuple[Card, WorkflowRow]:
    """One workflow's row, with the card that it stands in. Raises WorkflowNotFound."""
    workflow = (
        Workflow.objects.for_project(user.project)
        .deployed()
        .select_related("integration")
        .filter(pk=workflow_id)
        .first()
    )
    if workflow is None:
        raise WorkflowNotFound(workflow_id=workflow_id)
    card = _card(user, workflow.integration, credential, configuration, "")
    for row in card.rows:
        if row.id == workflow_id:
            return card, row
    raise WorkflowNotFound(workflow_id=workflow_id)


def _card(user: ConnectedUser, integration: Integration, credential: str, configuration: str, tab: str) -> Card:
    account, chosen = _account(user, integration, credential, configuration)
    workflows = Workflow.objects.deployed().filter(integration=integration, is_hidden=False)
    rows = _rows(list(workflows.select_related("live_version").in_order()), chosen)
    provider = integration.provider
    if tab not in TABS:
        tab = "configuration" if account and rows else "overview"
    return Card(
        integration_id=integration.pk,
        type=integration.provider_key,
        name=provider.name,
        app_name=integration.project.name,
        icon=f"connect/integrations/{integration.provider_key}.svg",
        accent_color=integration.accent_color or provider.brand_color,
        description=short_text(integration),
        overview=integration.overview,
        account=account,
        configuration_id=chosen.pk if chosen else None,
        tab=tab,
        keeps_events=integration.project.parked_days > 0,
        rows=rows,
    )


def _account(
    user: ConnectedUser, integration: Integration, credential: str, configuration: str
) -> tuple[Account | None, Configuration | None]:
    try:
        found = chosen_credential(user, credential, integration)
    except CredentialNotFound:
        # What the SDK remembers may be older than a disconnect in another window: then nothing is connected.
        return None, None
    return _account_of(found), find_configuration(found, configuration)


def _account_of(credential: Credential) -> Account:
    data = credential.provider_data
    is_valid = credential.status == CredentialStatus.VALID
    return Account(
        id=credential.pk,
        username=str(credential),
        display_name=str(data.get("display_name") or ""),
        organisation=str(data.get("org_name") or credential.provider_id),
        connected_at=credential.created_at,
        is_valid=is_valid,
        problem=credential.status_reason,
        kept="" if is_valid else parking.kept_words(credential.pk),
    )


def _rows(workflows: Sequence[Workflow], configuration: Configuration | None) -> list[WorkflowRow]:
    states = settings_map(configuration, workflows) if configuration else {}
    shared = shared_map(configuration, workflows) if configuration else {}
    rows: list[WorkflowRow] = []
    for workflow in workflows:
        assert workflow.live_version is not None
        state = states.get(str(workflow.pk), {"enabled": False, "settings": {}})
        settings = settings_of(workflow.live_version.definition)
        rows.append(
            WorkflowRow(
                id=workflow.pk,
                name=workflow.name,
                description=workflow.description,
                is_enabled=state["enabled"],
                inputs=[
                    _input(setting, value_of(setting, state["settings"], shared))
                    for setting in settings
                    if _is_asked(setting)
                ],
                missing=missing_settings(workflow.live_version, state["settings"], shared),
            )
        )
    return rows


def _is_asked(setting: Setting) -> bool:
    return not setting.get("hidden") and setting["type"] not in NEVER_ASKED


def _input(setting: Setting, value: Any) -> Input:
    kind = INPUT_KINDS.get(setting["type"], "")
    return Input(
        id=setting["id"],
        title=title_of(setting),
        kind=kind,
        required=setting.get("required", True) and kind != "switch",
        value=value,
        subtitle=setting.get("subtitle", ""),
        placeholder=setting.get("placeholder", ""),
        tooltip=setting.get("tooltip", ""),
        options=[
            Option(
                orjson.dumps(choice["value"]).decode(),
                choice.get("label") or str(choice["value"]),
                not user_settings.is_empty(value) and choice["value"] == value,
            )
            for choice in setting.get("values") or ()
        ],
    )
