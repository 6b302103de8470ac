"""Workflows switched on and off for one configuration of a connected account, and the values of their user settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from uuid import UUID

from django.db import transaction

from integrations.models import Configuration, Credential
from workflows import user_settings
from workflows.errors import SettingMissing, WorkflowNotDeployed
from workflows.models import Lane, Workflow, WorkflowSetting, WorkflowVersion


class SwitchState(TypedDict):
    """One workflow's state in a configuration; the SDK's `workflowSettings` entry."""

    enabled: bool
    settings: dict[str, Any]


class SwitchChange(TypedDict, total=False):
    """What a configuration shall have for one workflow; a key left out stays as it is."""

    enabled: bool
    settings: dict[str, Any]


def offered_workflows(configuration: Configuration) -> list[Workflow]:
    """The deployed workflows of the configuration's integration, in the builder's order."""
    workflows = Workflow.objects.deployed().filter(integration_id=configuration.credential.integration_id)
    return list(workflows.select_related("live_version").in_order())


def settings_map(configuration: Configuration, workflows: Sequence[Workflow] | None = None) -> dict[str, SwitchState]:
    """An entry for every deployed workflow, by its id as a string; whoever knows `workflows` already may pass them."""
    stored = {setting.workflow_id: setting for setting in configuration.workflow_settings.all()}
    return {
        str(workflow.pk): _state(stored.get(workflow.pk))
        for workflow in (offered_workflows(configuration) if workflows is None else workflows)
    }


def _state(setting: WorkflowSetting | None) -> SwitchState:
    return (
        {"enabled": setting.is_enabled, "settings": setting.values} if setting else {"enabled": False, "settings": {}}
    )


def missing_settings(version: WorkflowVersion, values: Mapping[str, Any], shared: Mapping[str, Any]) -> list[str]:
    """Titles of the required user settings that have neither a value nor a default."""
    return user_settings.missing_titles(version.definition, values, shared)


def enable(configuration: Configuration, workflow: Workflow) -> WorkflowSetting:
    """Switch `workflow` on. Raises WorkflowNotDeployed, and SettingMissing with the titles of what is to be filled in."""
    if workflow.live_version is None:
        raise WorkflowNotDeployed(workflow_id=workflow.pk)
    with transaction.atomic():
        setting, _ = WorkflowSetting.objects.select_for_update().get_or_create(
            configuration=configuration, workflow=workflow
        )
        missing = missing_settings(workflow.live_version, setting.values, configuration.shared_settings)
        if missing:
            raise SettingMissing(
                f"“{workflow.name}” can not be switched on yet. Fill in first: {', '.join(missing)}.",
                workflow_id=workflow.pk,
                missing=missing,
            )
        setting.is_enabled = True
        setting.save(update_fields=["is_enabled", "updated_at"])
    return setting


def disable(configuration: Configuration, workflow: Workflow) -> None:
    """Switch `workflow` off; its values stay. What runs already goes on."""
    WorkflowSetting.objects.filter(configuration=configuration, workflow=workflow).update(is_enabled=False)


def save_settings(configuration: Configuration, changes: Mapping[str, SwitchChange]) -> list[str]:
    """Store each named workflow's values and switch; give, in words, what was not stored.

    A workflow is stored whole or not at all: with a value that does not fit, or switched on with a required one missing,
    it keeps what it had and the others are stored. The SDK sends back all that it was ever told of: workflows that are no
    longer deployed are passed over, and what was never touched gets no row, so that it stays undecided.
    """
    errors: list[str] = []
    with transaction.atomic():
        stored = {row.workflow_id: row for row in configuration.workflow_settings.select_for_update()}
        for workflow in offered_workflows(configuration):
            change = changes.get(str(workflow.pk))
            if change is None:
                continue
            row = stored.get(workflow.pk) or WorkflowSetting(configuration=configuration, workflow=workflow)
            faults = _apply(row, change, configuration.shared_settings)
            errors += [f"{workflow.name}: {fault}" for fault in faults]
            if not faults and (row.pk or row.is_enabled or row.values):
                row.save()
    return errors


def _apply(row: WorkflowSetting, change: SwitchChange, shared: Mapping[str, Any]) -> list[str]:
    version = row.workflow.live_version
    assert version is not None
    asked = {setting["id"] for setting in user_settings.settings_of(version.definition)}
    if "settings" in change:
        # Values of settings that this version does not ask for are kept: an older or newer version may.
        others = {key: value for key, value in row.values.items() if key not in asked}
        row.values = others | {key: value for key, value in change["settings"].items() if key in asked}
    row.is_enabled = change.get("enabled", row.is_enabled)
    faults = list(user_settings.misfits(version.definition, row.values))
    if row.is_enabled and not faults:
        missing = missing_settings(version, row.values, shared)
        faults = [f"{title} must be filled in while this is switched on." for title in missing]
    return faults


def apply_defaults(configuration: Configuration) -> list[Workflow]:
    """Switch on what the builder wants on from the start, where the user has not decided yet; gives what was switched on.

    A workflow with a required setting that has no default waits for the user.
    """
    decided: set[UUID] = set(configuration.workflow_settings.values_list("workflow_id", flat=True))
    switched_on: list[Workflow] = []
    for workflow in offered_workflows(configuration):
        if workflow.pk in decided or not workflow.enabled_by_default or workflow.live_version is None:
            continue
        if not missing_settings(workflow.live_version, {}, configuration.shared_settings):
            enable(configuration, workflow)
            switched_on.append(workflow)
    return switched_on


def ensure_lane(credential: Credential) -> Lane:
    """The credential's lane, made if it is not there yet."""
    lane, _ = Lane.objects.get_or_create(credential=credential)
    return lane
