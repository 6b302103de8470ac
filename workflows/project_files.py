"""Projects as files: a project's integrations, App Events and workflows as YAML that reads well and diffs well.

Secrets never stand in the file: `client_id` and `client_secret` are references to environment variables, "${NAME}".
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.db import transaction

from integrations.models import Integration
from integrations.providers import registry
from lib.errors import Invalid
from projects import auditing
from projects.models import PayloadPolicy, Project
from workflows import deploying
from workflows.definition.errors import DefinitionError
from workflows.definition.schema import parse_definition, to_json
from workflows.definition.templates import normalise
from workflows.models import AppEvent, Workflow

_REFERENCE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}\Z")
FORMAT = 1


class BadProjectFile(Invalid):
    """The project file is not valid."""

    code = "bad_project_file"


@dataclass
class Imported:
    """What an import made or found; ids as text."""

    project_id: str
    created: bool
    integrations: dict[str, str] = field(default_factory=dict)
    """Integration ids by provider."""
    app_events: dict[str, str] = field(default_factory=dict)
    workflows: dict[str, str] = field(default_factory=dict)
    deployed: dict[str, int] = field(default_factory=dict)
    """Live version numbers by workflow, of those that this import deployed."""


def export_project(project: Project) -> str:
    """The project as YAML: the same project always gives the same text."""
    integrations = project.integrations.order_by("provider_key")
    document = {
        "format": FORMAT,
        "name": project.name,
        "allowed_origins": list(project.allowed_origins),
        "payload_policy": str(project.payload_policy),
        "app_events": [_exported_event(event) for event in AppEvent.objects.for_project(project).order_by("name")],
        "integrations": [_exported_integration(integration) for integration in integrations],
    }
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False)


class _Dumper(yaml.SafeDumper):
    """Indents lists beneath their keys, and never writes anchors: a file is for people to read."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _exported_event(event: AppEvent) -> dict[str, Any]:
    described = {"description": event.description} if event.description else {}
    return {"name": event.name, **described, "example": event.example}


def _exported_integration(integration: Integration) -> dict[str, Any]:
    prefix = integration.provider_key.upper().replace(".", "_")
    return {
        "provider": integration.provider_key,
        "active": integration.is_active,
        "client_id": f"${{{prefix}_CLIENT_ID}}",
        "client_secret": f"${{{prefix}_CLIENT_SECRET}}",
        "scopes": list(integration.scopes),
        "settings": dict(sorted(integration.settings.items())),
        "description": integration.description,
        "overview": integration.overview,
        "workflows": [_exported_workflow(workflow) for workflow in integration.workflows.order_by("position", "name")],
    }


def _exported_workflow(workflow: Workflow) -> dict[str, Any]:
    return {
        "name": workflow.name,
        "description": workflow.description,
        "enabled_by_default": workflow.enabled_by_default,
        "hidden": workflow.is_hidden,
        **to_json(parse_definition(workflow.draft)),
    }


def import_project(
    text: str, *, project: Project | None = None, deploy: bool = False, environment: Mapping[str, str] = os.environ
) -> Imported:
    """Make or update a project from YAML: what has the file's name is updated, the rest is left alone.

    Without `project` the one of the same name is updated, or made. Raises BadProjectFile, and NotDeployable with
    `deploy`; then nothing at all was changed.
    """
    document = _parsed(text)
    name = document["name"]
    with transaction.atomic():
        found = project or Project.objects.filter(name=name).order_by("created_at").first()
        project = found or Project(name=name)
        project.allowed_origins = document.get("allowed_origins", project.allowed_origins)
        project.payload_policy = document.get("payload_policy", project.payload_policy)
        project.save()
        imported = Imported(str(project.pk), created=found is None)
        for event in document.get("app_events", []):
            imported.app_events[event["name"]] = str(_import_event(project, event).pk)
        for entry in document.get("integrations", []):
            _import_integration(project, entry, imported, deploy, environment)
        auditing.record(project, "project.imported", by=None, target=project.name)
    return imported


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise BadProjectFile(f"The file is not YAML: {exc}") from exc
    if not isinstance(document, dict) or not isinstance(document.get("name"), str) or not document["name"].strip():
        raise BadProjectFile("The file must be a mapping with at least a `name`.")
    if document.get("format", FORMAT) != FORMAT:
        raise BadProjectFile(f"The file's format is {document['format']!r}; this Isthmus reads format {FORMAT}.")
    if document.get("payload_policy", "accept") not in PayloadPolicy.values:
        raise BadProjectFile(f"`payload_policy` must be one of {', '.join(PayloadPolicy.values)}.")
    for key in ("app_events", "integrations", "allowed_origins"):
        if not isinstance(document.get(key, []), list):
            raise BadProjectFile(f"`{key}` must be a list.")
    return document


def _import_event(project: Project, entry: Any) -> AppEvent:
    if (
        not isinstance(entry, dict)
        or not isinstance(entry.get("name"), str)
        or not isinstance(entry.get("example", {}), dict)
    ):
        raise BadProjectFile("An entry of `app_events` needs a `name` and an `example` that is a mapping.")
    event, _ = AppEvent.objects.update_or_create(
        project=project,
        name=entry["name"],
        defaults={"description": entry.get("description", ""), "example": entry.get("example", {})},
    )
    return event


def _import_integration(
    project: Project, entry: Any, imported: Imported, deploy: bool, environment: Mapping[str, str]
) -> None:
    if not isinstance(entry, dict) or entry.get("provider") not in registry.providers():
        known = ", ".join(registry.providers())
        raise BadProjectFile(f"An entry of `integrations` needs a `provider` out of: {known}.")
    integration, _ = Integration.objects.get_or_create(project=project, provider_key=entry["provider"])
    if (client_id := _referenced(entry.get("client_id"), environment)) is not None:
        integration.client_id = client_id
    if (client_secret := _referenced(entry.get("client_secret"), environment)) is not None:
        integration.client_secret = client_secret
    integration.scopes = entry.get("scopes") or list(integration.provider.default_scopes)
    integration.settings = entry.get("settings") or {}
    integration.description = entry.get("description", "")
    integration.overview = entry.get("overview", "")
    integration.is_active = bool(entry.get("active", True))
    integration.save()
    imported.integrations[integration.provider_key] = str(integration.pk)
    for position, each in enumerate(entry.get("workflows", [])):
        workflow = _import_workflow(integration, each, position)
        imported.workflows[workflow.name] = str(workflow.pk)
        if deploy and (workflow.live_version is None or workflow.live_version.definition != workflow.draft):
            imported.deployed[workflow.name] = deploying.deploy(workflow, by=None, note="Imported from a file").number


def _referenced(value: Any, environment: Mapping[str, str]) -> str | None:
    """The value of an environment reference; None leaves what is there. A literal secret in the file is refused."""
    if value in (None, ""):
        return None
    match = _REFERENCE.match(str(value))
    if not match:
        raise BadProjectFile(
            "`client_id` and `client_secret` must be references to environment variables, like ${SALESFORCE_CLIENT_ID}."
        )
    return environment.get(match[1]) or None


_WORKFLOW_WORDS = {"name", "description", "enabled_by_default", "hidden"}


def _import_workflow(integration: Integration, entry: Any, position: int) -> Workflow:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise BadProjectFile("An entry of `workflows` needs a `name`.")
    try:
        definition = to_json(
            parse_definition(normalise({key: value for key, value in entry.items() if key not in _WORKFLOW_WORDS}))
        )
    except DefinitionError as exc:
        raise BadProjectFile(f"The workflow “{entry['name']}” is not valid: {exc}") from exc
    workflow, _ = Workflow.objects.update_or_create(
        integration=integration,
        name=entry["name"],
        defaults={
            "description": entry.get("description", ""),
            "enabled_by_default": bool(entry.get("enabled_by_default", False)),
            "is_hidden": bool(entry.get("hidden", False)),
            "draft": definition,
            "position": position,
        },
    )
    return workflow
