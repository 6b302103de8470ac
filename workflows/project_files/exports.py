"""A project as a file."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from integrations.errors import IntegrationIncomplete
from integrations.models import Integration
from lib import plain_yaml
from projects.models import Project
from workflows.definition.schema import parse_definition, to_json
from workflows.models import AppEvent, Workflow
from workflows.project_files import FORMAT
from workflows.project_files.document import variable_prefix
from workflows.project_files.numbers import as_written


def export_project(project: Project) -> str:
    """The project as YAML: the same project always gives the same text, and reading it gives the same project."""
    return plain_yaml.write(
        {
            "format": FORMAT,
            "name": project.name,
            "allowed_origins": list(project.allowed_origins),
            "payload_policy": str(project.payload_policy),
            "max_token_hours": project.max_token_hours,
            "parked_days": project.parked_days,
            "app_events": [_event(event) for event in AppEvent.objects.for_project(project).order_by("name")],
            "integrations": [_integration(each) for each in project.integrations.order_by("provider_key")],
        }
    )


def _event(event: AppEvent) -> dict[str, Any]:
    described = {"description": event.description} if event.description else {}
    return {"name": event.name, **described, "example": as_written(event.example)}


def _integration(integration: Integration) -> dict[str, Any]:
    prefix = variable_prefix(integration.provider)
    return {
        "provider": integration.provider_key,
        "active": integration.is_active,
        "client_id": f"${{{prefix}CLIENT_ID}}",
        "client_secret": f"${{{prefix}CLIENT_SECRET}}",
        "scopes": list(integration.scopes),
        "settings": _settings(integration),
        "description": integration.description,
        "overview": integration.overview,
        "api_reserve_percent": integration.api_reserve_percent,
        "workflows": [_workflow(workflow) for workflow in integration.workflows.order_by("position", "name")],
    }


def _settings(integration: Integration) -> dict[str, Any]:
    """The provider's settings, each of them written out; those that it would refuse today are written as they are."""
    stored = integration.settings
    with suppress(IntegrationIncomplete):
        stored = integration.provider.checked_settings(integration.provider.default_settings() | stored)
    return dict(sorted(stored.items()))


def _workflow(workflow: Workflow) -> dict[str, Any]:
    return {
        "name": workflow.name,
        "description": workflow.description,
        "enabled_by_default": workflow.enabled_by_default,
        "hidden": workflow.is_hidden,
        **to_json(parse_definition(workflow.draft)),
    }
