"""Which workflows an event starts, for which of the user's configurations, and why the others do not start."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Q

from integrations.models import Configuration, CredentialStatus
from projects.models import ConnectedUser
from workflows.models import AppEvent, Workflow, WorkflowSetting, WorkflowVersion


class SkipReason(StrEnum):
    """Why a workflow that listens did not start."""

    NOT_CONNECTED = "not_connected"
    SWITCHED_OFF = "switched_off"
    NOT_DEPLOYED = "not_deployed"
    SETTING_MISSING = "setting_missing"
    CREDENTIAL_INVALID = "credential_invalid"
    INTEGRATION_INACTIVE = "integration_inactive"


ADVICE = {
    SkipReason.NOT_CONNECTED: "The user has not connected {provider}. Open the Connect Portal for them.",
    SkipReason.SWITCHED_OFF: "The user has not switched this workflow on: in the Connect Portal, or through your app.",
    SkipReason.NOT_DEPLOYED: "The workflow has never been deployed, or was undeployed. Deploy it in the editor.",
    SkipReason.SETTING_MISSING: "The user has not filled in a required setting in the portal: {detail}.",
    SkipReason.CREDENTIAL_INVALID: "The user's connection to {provider} is no longer valid; they reconnect in the portal.",
    SkipReason.INTEGRATION_INACTIVE: "The integration with {provider} is switched off. An admin can switch it on.",
}


@dataclass(frozen=True)
class Start:
    """A run to be made."""

    workflow: Workflow
    version: WorkflowVersion
    configuration: Configuration


@dataclass(frozen=True)
class Skip:
    """A workflow that listens and does not start."""

    workflow: Workflow
    reason: SkipReason
    detail: str = ""

    @property
    def message(self) -> str:
        return ADVICE[self.reason].format(provider=self.workflow.integration.provider.name, detail=self.detail)


@dataclass(frozen=True)
class Selection:
    """Which of the user's accounts the app named; empty strings: all of them.

    An id is a UUID, or the external id that the app gave (with or without "ext:"). Source: connect-protocol.md, 2.0.2.
    """

    credential: str = ""
    configuration: str = ""

    def admits(self, configuration: Configuration) -> bool:
        return _names(self.credential, configuration.credential_id, configuration.credential.external_id) and _names(
            self.configuration, configuration.pk, configuration.external_id
        )


def _names(selector: str, row_id: UUID, external_id: str | None) -> bool:
    return not selector or selector == str(row_id) or selector.removeprefix("ext:") == external_id


def plan(app_event: AppEvent, user: ConnectedUser, selection: Selection) -> tuple[list[Start], list[Skip]]:
    """Decide for every workflow of the project that listens, deployed or only drafted, to `app_event`."""
    listening = list(
        Workflow.objects.filter(integration__project_id=app_event.project_id)
        .filter(
            Q(live_version__app_event=app_event.name)
            | Q(draft__trigger__app_event=app_event.name, live_version__isnull=True)
        )
        .select_related("live_version", "integration")
        .order_by("position", "created_at")
    )
    if not listening:
        return [], []
    configurations = [
        configuration
        for configuration in Configuration.objects.present()
        .filter(credential__user=user)
        .select_related("credential")
        .order_by("created_at")
        if selection.admits(configuration)
    ]
    settings = {
        (setting.configuration_id, setting.workflow_id): setting
        for setting in WorkflowSetting.objects.filter(configuration__in=configurations, workflow__in=listening)
    }
    starts: list[Start] = []
    skips: list[Skip] = []
    for workflow in listening:
        own = [found for found in configurations if found.credential.integration_id == workflow.integration_id]
        found_starts, skip = _decide(workflow, own, settings)
        starts += found_starts
        if skip and not found_starts:
            skips.append(skip)
    return starts, skips


def _decide(
    workflow: Workflow, configurations: Sequence[Configuration], settings: Mapping[tuple[UUID, UUID], WorkflowSetting]
) -> tuple[list[Start], Skip | None]:
    if workflow.live_version is None:
        return [], Skip(workflow, SkipReason.NOT_DEPLOYED)
    if not workflow.integration.is_active:
        return [], Skip(workflow, SkipReason.INTEGRATION_INACTIVE)
    if not configurations:
        return [], Skip(workflow, SkipReason.NOT_CONNECTED)
    starts: list[Start] = []
    skip: Skip | None = None
    for configuration in configurations:
        setting = settings.get((configuration.pk, workflow.pk))
        reason = _reason_not_to_start(workflow.live_version, configuration, setting)
        if reason is None:
            starts.append(Start(workflow, workflow.live_version, configuration))
        else:
            skip = Skip(workflow, *reason)
    return starts, skip


def _reason_not_to_start(
    version: WorkflowVersion, configuration: Configuration, setting: WorkflowSetting | None
) -> tuple[SkipReason, str] | None:
    if configuration.credential.status != CredentialStatus.VALID:
        return SkipReason.CREDENTIAL_INVALID, ""
    if setting is None or not setting.is_enabled:
        return SkipReason.SWITCHED_OFF, ""
    if missing := list(missing_settings(version.definition, setting.values, configuration.shared_settings)):
        return SkipReason.SETTING_MISSING, ", ".join(missing)
    return None


def missing_settings(
    definition: Mapping[str, Any], values: Mapping[str, Any], shared: Mapping[str, Any]
) -> Iterable[str]:
    """Titles of the required user settings that have neither a value nor a default."""
    for wanted in definition.get("settings") or ():
        given = values.get(wanted["id"], shared.get(wanted["id"], wanted.get("default")))
        if wanted.get("required", True) and given in (None, "", [], {}):
            yield wanted.get("title") or wanted["id"]
