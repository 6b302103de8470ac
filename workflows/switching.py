"""Workflows switched on and off for one configuration of a connected account, and the values of their user settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypedDict
from uuid import UUID

import orjson
from django.db import transaction

from integrations.models import Configuration, Credential
from workflows import sealed_settings, user_settings
from workflows.errors import SettingMissing, WorkflowNotDeployed
from workflows.models import Lane, Workflow, WorkflowSetting, WorkflowVersion

MAX_VALUES_BYTES: Final = 50_000
"""Of all values of one workflow, or of those that a configuration's workflows share, as JSON."""


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
    """An entry for every deployed workflow, by its id as a string; whoever knows `workflows` already may pass them.

    Passwords are not told: sealed_settings.KEPT stands for them.
    """
    stored = {setting.workflow_id: setting for setting in configuration.workflow_settings.all()}
    return {
        str(workflow.pk): _state(stored.get(workflow.pk), workflow)
        for workflow in (offered_workflows(configuration) if workflows is None else workflows)
    }


def shared_map(configuration: Configuration, workflows: Sequence[Workflow]) -> dict[str, Any]:
    """The values that the configuration's workflows share; passwords as in `settings_map`."""
    return sealed_settings.shown(configuration.shared_settings, _asked(workflows))


def _state(setting: WorkflowSetting | None, workflow: Workflow) -> SwitchState:
    if setting is None:
        return {"enabled": False, "settings": {}}
    values = sealed_settings.shown(setting.values, _asked([workflow]))
    return {"enabled": setting.is_enabled, "settings": values}


def _asked(workflows: Iterable[Workflow]) -> dict[str, bool]:
    """Of each setting that any of these asks for, as deployed, whether one asks for it as a password."""
    found: dict[str, bool] = {}
    for workflow in workflows:
        for setting in user_settings.settings_of(workflow.live_version.definition if workflow.live_version else {}):
            found[setting["id"]] = found.get(setting["id"], False) or user_settings.is_password(setting)
    return found


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
        stored = {row.workflow_id: row for row in configuration.workflow_settings.select_for_update().order_by("pk")}
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


def save_shared(configuration: Configuration, values: Mapping[str, Any]) -> list[str]:
    """Store `values` in the place of all that the configuration's workflows share; give, in words, why they were not.

    All are stored or none. What no deployed workflow asks for is passed over, and what was stored of it stays, as in
    `save_settings`: a workflow that is deployed again may ask for it.
    """
    with transaction.atomic():
        stored = Configuration.objects.select_for_update().get(pk=configuration.pk).shared_settings
        workflows = offered_workflows(configuration)
        asked = _asked(workflows)
        given = {key: value for key, value in values.items() if key in asked}
        definitions = [workflow.live_version.definition for workflow in workflows if workflow.live_version]
        faults = [*user_settings.shared_misfits(definitions, given), *_too_many(given)]
        if not faults:
            others = {key: value for key, value in stored.items() if key not in asked}
            place = sealed_settings.place_of_shared(configuration.pk)
            configuration.shared_settings = others | sealed_settings.sealed(given, stored, asked, place=place)
            configuration.save(update_fields=["shared_settings", "updated_at"])
    return faults


def _too_many(values: Mapping[str, Any]) -> list[str]:
    if len(orjson.dumps(values)) <= MAX_VALUES_BYTES:
        return []
    return [f"The values may have at most {MAX_VALUES_BYTES:,} bytes of JSON, all together."]


def _apply(row: WorkflowSetting, change: SwitchChange, shared: Mapping[str, Any]) -> list[str]:
    version = row.workflow.live_version
    assert version is not None
    asked = _asked([row.workflow])
    given = {key: value for key, value in change.get("settings", row.values).items() if key in asked}
    faults = [*user_settings.misfits(version.definition, given), *_too_many(given if "settings" in change else {})]
    if "settings" in change and not faults:
        # Values of settings that this version does not ask for are kept: an older or newer version may.
        others = {key: value for key, value in row.values.items() if key not in asked}
        place = sealed_settings.place_of_own(row.configuration_id, row.workflow_id)
        row.values = others | sealed_settings.sealed(given, row.values, asked, place=place)
    row.is_enabled = change.get("enabled", row.is_enabled)
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
