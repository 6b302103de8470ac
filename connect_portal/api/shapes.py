"""The documents that the SDK reads: user state, integrations, credentials. Source: connect-protocol.md, 2.2, 2.4, 2.5, 5."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NotRequired, TypedDict

from connect_portal.reading import WorkflowsByIntegration, main_credential, short_text
from integrations.models import Configuration, Credential, CredentialStatus, Integration
from projects.models import ConnectedUser
from workflows.models import Workflow
from workflows.switching import SwitchState, settings_map, shared_map
from workflows.user_settings import Setting, settings_of

FEATURES = ["headless-cp", "dfm", "user-metadata", "byo", "whitelabel", "workflow-permissions"]
"""The SDK refuses its own methods where a plan lacks them; there are no plans here, so nothing is held back."""


class ConfigurationDocument(TypedDict):
    id: str
    connectCredentialId: str
    isDefault: bool
    externalId: str | None
    dateCreated: str
    dateUpdated: str
    configMeta: dict[str, Any]
    sharedSettings: dict[str, Any]
    workflowSettings: dict[str, SwitchState]


class CredentialDocument(TypedDict):
    id: str
    projectId: str
    integrationId: str
    personaId: str
    status: str
    statusReason: str
    providerId: str
    providerData: dict[str, Any]
    externalId: str | None
    dateCreated: str
    dateUpdated: str
    dateRefreshed: str | None
    configurations: list[ConfigurationDocument]


class EntryDocument(TypedDict):
    """One integration in the user's state. Everything but the first two is there only when an account is connected."""

    enabled: bool
    allCredentials: list[CredentialDocument]
    credentialId: NotRequired[str]
    credentialStatus: NotRequired[str]
    credentialConfigId: NotRequired[str]
    externalId: NotRequired[str | None]
    providerId: NotRequired[str]
    providerData: NotRequired[dict[str, Any]]
    configMeta: NotRequired[dict[str, Any]]
    sharedSettings: NotRequired[dict[str, Any]]
    workflowSettings: NotRequired[dict[str, SwitchState]]
    configuredWorkflows: NotRequired[dict[str, SwitchState]]


class ProjectDocument(TypedDict):
    id: str
    billingPlan: str
    accessibleFeatures: list[str]


class UserDocument(TypedDict):
    authenticated: bool
    userId: str
    meta: dict[str, Any]
    resources: list[Any]
    project: ProjectDocument
    integrations: dict[str, EntryDocument]


class IntegrationDocument(TypedDict):
    id: str
    projectId: str
    type: str
    name: str
    brandColor: str
    isActive: bool
    authenticationType: str
    needPreOauthInputs: bool
    hasCredential: NotRequired[bool]
    providerData: dict[str, Any]
    dateCreated: str
    dateUpdated: str
    sdkIntegrationConfig: dict[str, Any]
    workflows: list[dict[str, Any]]
    configs: list[dict[str, Any]]


def moment(at: datetime) -> str:
    """As JavaScript writes dates: "2026-01-01T00:00:00.000Z"."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user_document(
    user: ConnectedUser,
    integrations: Sequence[Integration],
    credentials: Sequence[Credential],
    workflows: WorkflowsByIntegration,
) -> UserDocument:
    """The answer of `GET /sdk/me`: an entry for every integration of the project, connected or not."""
    entries = {
        integration.provider_key: entry_document(
            [credential for credential in credentials if credential.integration_id == integration.pk],
            workflows.get(integration.pk, ()),
        )
        for integration in integrations
    }
    return {
        "authenticated": True,
        "userId": user.external_id,
        "meta": user.meta,
        "resources": [],
        "project": {"id": str(user.project_id), "billingPlan": "connect_enterprise", "accessibleFeatures": FEATURES},
        "integrations": entries,
    }


def entry_document(credentials: Sequence[Credential], workflows: Sequence[Workflow]) -> EntryDocument:
    documents = [credential_document(credential, workflows) for credential in credentials]
    main = main_credential(credentials)
    if main is None:
        return {"enabled": False, "allCredentials": []}
    document = next(found for found in documents if found["id"] == str(main.pk))
    configuration = document["configurations"][0]
    return {
        "enabled": main.status == CredentialStatus.VALID,
        "credentialId": document["id"],
        "credentialStatus": document["status"],
        "credentialConfigId": configuration["id"],
        "externalId": document["externalId"],
        "providerId": document["providerId"],
        "providerData": document["providerData"],
        "configMeta": configuration["configMeta"],
        "sharedSettings": configuration["sharedSettings"],
        "workflowSettings": configuration["workflowSettings"],
        "configuredWorkflows": configuration["workflowSettings"],
        "allCredentials": documents,
    }


def credential_document(credential: Credential, workflows: Sequence[Workflow]) -> CredentialDocument:
    """One account; its default configuration stands first."""
    configurations = sorted(credential.configurations.all(), key=lambda found: (not found.is_default, found.created_at))
    return {
        "id": str(credential.pk),
        "projectId": str(credential.integration.project_id),
        "integrationId": str(credential.integration_id),
        "personaId": str(credential.user_id),
        "status": credential.status,
        "statusReason": credential.status_reason,
        "providerId": credential.provider_id,
        "providerData": credential.provider_data,
        "externalId": credential.external_id,
        "dateCreated": moment(credential.created_at),
        "dateUpdated": moment(credential.updated_at),
        "dateRefreshed": moment(credential.refreshed_at) if credential.refreshed_at else None,
        "configurations": [configuration_document(configuration, workflows) for configuration in configurations],
    }


def configuration_document(configuration: Configuration, workflows: Sequence[Workflow]) -> ConfigurationDocument:
    return {
        "id": str(configuration.pk),
        "connectCredentialId": str(configuration.credential_id),
        "isDefault": configuration.is_default,
        "externalId": configuration.external_id,
        "dateCreated": moment(configuration.created_at),
        "dateUpdated": moment(configuration.updated_at),
        "configMeta": configuration.meta,
        "sharedSettings": shared_map(configuration, workflows),
        "workflowSettings": settings_map(configuration, workflows),
    }


def integration_document(integration: Integration, workflows: Sequence[Workflow]) -> IntegrationDocument:
    """One item of `GET /sdk/integrations`, with what its portal shows."""
    provider = integration.provider
    values = {
        "accentColor": integration.accent_color or provider.brand_color,
        "paragonLink": False,
        "description": short_text(integration),
        "overview": integration.overview,
        "sharedMeta": {"inputs": []},
        "workflowMeta": {str(workflow.pk): _workflow_meta(workflow, order) for order, workflow in enumerate(workflows)},
    }
    return {
        "id": str(integration.pk),
        "projectId": str(integration.project_id),
        "type": integration.provider_key,
        "name": provider.name,
        "brandColor": provider.brand_color,
        "isActive": integration.is_active,
        "authenticationType": "oauth",
        "needPreOauthInputs": False,
        "providerData": {},
        "dateCreated": moment(integration.created_at),
        "dateUpdated": moment(integration.updated_at),
        "sdkIntegrationConfig": {
            "accountTypes": [],
            "oauthInputs": [],
            "authConfigInputs": [],
            "postOauthInputs": [],
            "dataSources": _choices_of(workflows),
        },
        "workflows": [_workflow_item(workflow) for workflow in workflows],
        "configs": [{"id": str(integration.pk), "integrationId": str(integration.pk), "values": values}],
    }


def _workflow_item(workflow: Workflow) -> dict[str, Any]:
    return {
        "id": str(workflow.pk),
        "integrationId": str(workflow.integration_id),
        "description": workflow.name,
        "dateCreated": moment(workflow.created_at),
        "isOnboardingWorkflow": False,
    }


def _workflow_meta(workflow: Workflow, order: int) -> dict[str, Any]:
    return {
        "id": str(workflow.pk),
        "description": workflow.name,
        "infoText": workflow.description,
        "defaultEnabled": workflow.enabled_by_default,
        "hidden": workflow.is_hidden,
        "order": order,
        "inputs": [_input(workflow, setting) for setting in _settings(workflow)],
    }


def _input(workflow: Workflow, setting: Setting) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": setting["id"],
        "title": setting.get("title") or setting["id"],
        "type": setting["type"],
        "required": setting.get("required", True),
    }
    for key, name in (
        ("subtitle", "subtitle"),
        ("placeholder", "placeholder"),
        ("tooltip", "tooltip"),
        ("hidden", "hidden"),
    ):
        if setting.get(key):
            document[name] = setting[key]
    if setting.get("default") is not None:
        document["defaultValue"] = setting["default"]
    if setting["type"] == "ENUM":
        document["sourceType"] = _source_key(workflow, setting)
    if setting["type"] == "CUSTOM_DROPDOWN":
        document |= {"key": setting["id"], "customDropdownOptions": []}
    return document


def _choices_of(workflows: Sequence[Workflow]) -> dict[str, Any]:
    """A static data source for each ENUM: the SDK has no other place for its choices."""
    return {
        _source_key(workflow, setting): {
            "type": "STATIC_ENUM_DATA_SOURCE",
            "id": _source_key(workflow, setting),
            "title": setting.get("title") or setting["id"],
            "values": [
                {"value": choice["value"], "label": choice.get("label") or str(choice["value"])}
                for choice in setting.get("values") or ()
            ],
        }
        for workflow in workflows
        for setting in _settings(workflow)
        if setting["type"] == "ENUM"
    }


def _source_key(workflow: Workflow, setting: Setting) -> str:
    return f"{workflow.pk}.{setting['id']}"


def _settings(workflow: Workflow) -> Sequence[Setting]:
    return settings_of(workflow.live_version.definition) if workflow.live_version else ()
