"""Deploying: the draft is frozen as the next version, and that version is what runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from django.db import transaction

from integrations.providers import registry
from integrations.providers.base import ObjectSchemas
from projects import auditing
from projects.models import User
from workflows.definition import changes, problems
from workflows.definition.changes import Change
from workflows.definition.problems import Problem
from workflows.definition.schema import Definition, Step, parse_definition, to_json
from workflows.definition.values import JSON
from workflows.errors import NotDeployable, NothingToDeploy
from workflows.models import AppEvent, Workflow, WorkflowSetting, WorkflowVersion


class DeployState(StrEnum):
    """What a workflow's badge says."""

    NEVER = "never_deployed"
    LIVE = "live"
    EDITED = "edited_since"
    OFF = "undeployed"


def deploy_state(workflow: Workflow) -> DeployState:
    """Whether the workflow runs, and whether its draft says something else by now."""
    if workflow.live_version:
        return DeployState.LIVE if _is_unchanged(workflow) else DeployState.EDITED
    return DeployState.OFF if workflow.versions.exists() else DeployState.NEVER


def draft_of(workflow: Workflow) -> Definition:
    return parse_definition(workflow.draft)


def app_event_examples(workflow: Workflow) -> dict[str, JSON]:
    """The example payloads of the project's App Events, by their names."""
    events = AppEvent.objects.for_project(workflow.integration.project)
    return dict(events.values_list("name", "example"))


def step_outputs(workflow: Workflow, definition: Definition) -> dict[str, JSON]:
    """A sample of what each step gives, by its key; a step whose action is not known gives none."""
    schema = _schema(workflow)
    found = ((step.key, registry.action(step.type), step) for step in definition.steps)
    return {key: action.sample_output(step.inputs, schema) for key, action, step in found if action}


def check(workflow: Workflow) -> list[Problem]:
    """All that keeps the workflow's draft from being deployed; each message says what to do."""
    definition = draft_of(workflow)
    schema = _schema(workflow)
    return problems.check(
        definition,
        app_events=app_event_examples(workflow),
        action_problems=lambda step: _action_problems(step, schema),
        step_outputs=step_outputs(workflow, definition),
    )


def changes_since_live(workflow: Workflow) -> list[Change]:
    """What a deploy would change of what runs now; everything is new while nothing does."""
    live = to_json(parse_definition(workflow.live_version.definition)) if workflow.live_version else None
    return changes.differences(live, to_json(draft_of(workflow)))


def users_switched_on(workflow: Workflow) -> int:
    """How many connected users have this workflow switched on."""
    switches = WorkflowSetting.objects.on().filter(
        workflow=workflow, configuration__credential__removed_at__isnull=True
    )
    return switches.values("configuration__credential__user").distinct().count()


def deploy(workflow: Workflow, *, by: User | None, note: str = "") -> WorkflowVersion:
    """Freeze the draft as the next version and make it the live one.

    Raises: NotDeployable, whose `problems` id lists what is missing; NothingToDeploy when the draft runs already.
    """
    with transaction.atomic():
        workflow.refresh_from_db(from_queryset=Workflow.objects.select_for_update())
        if workflow.live_version and _is_unchanged(workflow):
            raise NothingToDeploy(f"Version {workflow.live_version.number} runs already, and the draft says the same.")
        if found := check(workflow):
            raise NotDeployable(_counted(len(found)), problems=[as_json(problem) for problem in found])
        version = _freeze(workflow, by=by, note=note)
        workflow.live_version = version
        workflow.save(update_fields=["live_version"])
        auditing.record(
            workflow.integration.project, "workflow.deployed", by=by, target=workflow.name,
            workflow_id=str(workflow.pk), version=version.number, note=note,
        )  # fmt: skip
    return version


def undeploy(workflow: Workflow, *, by: User | None) -> None:
    """Let no more events start this workflow. Runs under way go on; the versions stay."""
    with transaction.atomic():
        workflow.refresh_from_db(from_queryset=Workflow.objects.select_for_update())
        if workflow.live_version is None:
            return
        number = workflow.live_version.number
        workflow.live_version = None
        workflow.save(update_fields=["live_version"])
        auditing.record(
            workflow.integration.project, "workflow.undeployed", by=by, target=workflow.name,
            workflow_id=str(workflow.pk), version=number,
        )  # fmt: skip


def as_json(problem: Problem) -> dict[str, str | None]:
    return {"code": problem.code, "message": problem.message, "step_key": problem.step_key, "field": problem.field}


def _freeze(workflow: Workflow, *, by: User | None, note: str) -> WorkflowVersion:
    definition = draft_of(workflow)
    latest = workflow.versions.order_by("-number").first()
    return WorkflowVersion.objects.create(
        workflow=workflow,
        number=latest.number + 1 if latest else 1,
        definition=to_json(definition),
        app_event=(definition.trigger.app_event or "") if definition.trigger else "",
        note=note[:300],
        created_by=by,
    )


def _is_unchanged(workflow: Workflow) -> bool:
    live = workflow.live_version
    return live is not None and same_definition(live.definition, workflow.draft)


def same_definition(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two stored definitions mean the same, whatever defaults one of them leaves out."""
    return one == other or to_json(parse_definition(one)) == to_json(parse_definition(other))


def _schema(workflow: Workflow) -> ObjectSchemas:
    """The built-in record types: checking asks no org, and knows nothing that only one customer's org has."""
    return workflow.integration.provider.schemas(workflow.integration.project)


def _action_problems(step: Step, schema: ObjectSchemas) -> Iterable[Problem]:
    action = registry.action(step.type)
    if action is None:
        message = f'The step "{step.name or step.key}" is of a type that is not known here: {step.type}. Remove it.'
        return [Problem("step_type_unknown", message, step.key)]
    return [Problem(item.code, item.message, step.key, item.field) for item in action.problems(step.inputs, schema)]


def _counted(number: int) -> str:
    return (
        "One thing is missing before this can run."
        if number == 1
        else f"{number} things are missing before this can run."
    )
