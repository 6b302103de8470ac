"""What the editor's scripts know of a workflow: at first, and again after each save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.urls import reverse

from integrations.models import Credential
from integrations.providers import registry
from integrations.providers.base import InputField, ObjectSchemas
from projects.models import Member, Role
from workflows import deploying
from workflows.definition.filters import FILTERS
from workflows.definition.schema import Definition, parse_definition, to_json
from workflows.definition.values import JSON
from workflows.definition.variables import Group, variable_menu
from workflows.models import AppEvent, Workflow, WorkflowVersion

MAX_ORGS = 20


def editor_data(workflow: Workflow, member: Member, version: WorkflowVersion | None = None) -> dict[str, Any]:
    """Everything that the page needs once: a draft to work on, or one of its versions to look at."""
    definition = to_json(parse_definition(version.definition if version else workflow.draft))
    return {
        "definition": definition,
        "readOnly": version is not None or not member.may(Role.BUILDER),
        "version": version.number if version else None,
        "name": workflow.name,
        "description": workflow.description,
        "provider": {"key": workflow.integration.provider_key, "name": workflow.integration.provider.name},
        "actions": _actions(workflow),
        "appEvents": _app_events(workflow),
        "sources": _sources(workflow),
        "filters": list(FILTERS),
        "urls": _urls(workflow),
        **live_data(workflow, parse_definition(definition), with_problems=version is None),
    }


def live_data(
    workflow: Workflow, definition: Definition | None = None, *, with_problems: bool = True
) -> dict[str, Any]:
    """What each save may change: problems, the variable menu, samples, summaries, and how draft and live version compare."""
    definition = definition or deploying.draft_of(workflow)
    outputs = deploying.step_outputs(workflow, definition)
    examples = deploying.app_event_examples(workflow)
    example = examples.get(definition.trigger.app_event or "") if definition.trigger else None
    return {
        "revision": workflow.draft_revision,
        "savedAt": workflow.draft_saved_at.isoformat(),
        "savedBy": str(workflow.draft_saved_by or ""),
        "state": deploying.deploy_state(workflow),
        "liveVersion": workflow.live_version.number if workflow.live_version else None,
        "problems": [deploying.as_json(problem) for problem in deploying.check(workflow)] if with_problems else [],
        "variables": _variables(definition, example, outputs),
        "example": example,
        "outputs": outputs,
        "summaries": _summaries(definition),
    }


def form_data(
    workflow: Workflow, step_type: str, inputs: Mapping[str, JSON], schema: ObjectSchemas
) -> dict[str, Any] | None:
    """The inputs of one step's form, and where the record types come from; None for an unknown type of step."""
    action = registry.action(step_type)
    if action is None:
        return None
    return {
        "fields": [_field(field) for field in action.form(inputs, schema)],
        "summary": action.summary(inputs),
        "source": schema.source,
    }


def org_credential(workflow: Workflow, credential_id: str) -> Credential | None:
    """The connected account whose own record types are to be shown, if it is one of this integration."""
    credentials = Credential.objects.for_project(workflow.integration.project).valid()
    return credentials.filter(integration=workflow.integration, pk=credential_id).first() if credential_id else None


def _field(field: InputField) -> dict[str, Any]:
    return asdict(field) | {"choices": [[choice.value, choice.label] for choice in field.choices]}


def _variables(definition: Definition, example: JSON, outputs: Mapping[str, JSON]) -> list[Group]:
    """The last step's menu: it holds what every other step's holds, and the page leaves out what is not upstream."""
    last = definition.steps[-1].key if definition.steps else None
    if last is not None and definition.position(last) != len(definition.steps) - 1:  # two steps share a key
        last = None
    return variable_menu(definition, step_key=last, trigger_example=example, step_outputs=outputs)


def _summaries(definition: Definition) -> dict[str, str]:
    found = ((step, registry.action(step.type)) for step in definition.steps)
    return {step.key: action.summary(step.inputs) for step, action in found if action}


def _actions(workflow: Workflow) -> list[dict[str, str]]:
    provider = workflow.integration.provider
    return [
        {
            "type": f"{provider.key}.{key}",
            "title": action.title,
            "description": action.description,
            "icon": action.icon,
            "provider": provider.name,
        }
        for key, action in provider.actions.items()
    ]


def _app_events(workflow: Workflow) -> list[dict[str, str]]:
    events = AppEvent.objects.for_project(workflow.integration.project).order_by("name")
    return [
        {"name": event.name, "description": event.description, "url": reverse("workflows:app-event", args=[event.pk])}
        for event in events.only("id", "name", "description")
    ]


def _sources(workflow: Workflow) -> list[dict[str, str]]:
    """Whose record types the forms can show: the provider's standard ones, or a connected account's own."""
    schema = workflow.integration.provider.schemas(workflow.integration.project)
    accounts = (
        Credential.objects.filter(integration=workflow.integration)
        .valid()
        .select_related("user")
        .order_by("-created_at")
    )
    return [
        {"id": "", "label": schema.source},
        *({"id": str(account.pk), "label": _account_label(account)} for account in accounts[:MAX_ORGS]),
    ]


def _account_label(account: Credential) -> str:
    org = account.provider_data.get("org_name")
    return f"{org}: {account}" if org else str(account)


def _urls(workflow: Workflow) -> dict[str, str]:
    names = {
        "draft": "save-draft",
        "form": "step-form",
        "details": "describe-workflow",
        "appEvents": "editor-app-event",
        "deploy": "deploy-workflow",
        "undeploy": "undeploy-workflow",
        "versions": "workflow-versions",
        "page": "editor",
    }
    return {key: reverse(f"workflows:{name}", args=[workflow.pk]) for key, name in names.items()}
