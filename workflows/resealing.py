"""Passwords of end users, sealed anew or for the first time; and all that reseal_secrets goes through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from integrations import resealing
from integrations.models import Configuration
from integrations.resealing import Kind
from workflows import sealed_settings, user_settings
from workflows.models import Workflow, WorkflowSetting, WorkflowVersion


def kinds() -> list[Kind]:
    """Every column of this room and of those below it that holds secrets."""
    by_workflow = _passwords_by_workflow()
    by_integration: dict[UUID, set[str]] = {}
    for workflow_id, integration_id in Workflow.objects.values_list("pk", "integration_id"):
        by_integration.setdefault(integration_id, set()).update(by_workflow.get(workflow_id, ()))

    def of_own(row: WorkflowSetting) -> tuple[Collection[str], str]:
        place = sealed_settings.place_of_own(row.configuration_id, row.workflow_id)
        return by_workflow.get(row.workflow_id, ()), place

    def of_shared(row: Configuration) -> tuple[Collection[str], str]:
        place = sealed_settings.place_of_shared(row.pk)
        return by_integration.get(row.credential.integration_id, ()), place

    own = WorkflowSetting.objects.exclude(values={})
    shared = Configuration.objects.exclude(shared_settings={}).select_related("credential")
    return [
        *resealing.kinds(),
        Kind("Users' passwords", own, "values", _renewing("values", of_own)),
        Kind("Users' shared passwords", shared, "shared_settings", _renewing("shared_settings", of_shared)),
    ]


def _renewing(column: str, about: Callable[[Any], tuple[Collection[str], str]]) -> Callable[[Any], bool | None]:
    def renew(row: Any) -> bool | None:
        before: Mapping[str, Any] = getattr(row, column)
        passwords, place = about(row)
        after = sealed_settings.renewed(before, passwords, place=place)
        if after is None:
            return None
        setattr(row, column, after)
        return after != before

    return renew


def _passwords_by_workflow() -> dict[UUID, set[str]]:
    """What each workflow asks as a password now, or has asked and does not ask as something else."""
    live: dict[UUID, Mapping[str, Any]] = dict(
        Workflow.objects.filter(live_version__isnull=False).values_list("pk", "live_version__definition")
    )
    found: dict[UUID, set[str]] = {}
    for workflow_id, definition in WorkflowVersion.objects.values_list("workflow_id", "definition").iterator():
        asked = {setting["id"]: setting for setting in user_settings.settings_of(live.get(workflow_id, {}))}
        for setting in user_settings.settings_of(definition):
            if user_settings.is_password(asked.get(setting["id"], setting)):
                found.setdefault(workflow_id, set()).add(setting["id"])
    return found
