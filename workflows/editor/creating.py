"""Making, copying, naming and deleting workflows."""

from __future__ import annotations

import itertools

from django.db import transaction

from integrations.models import Integration
from projects import auditing
from projects.models import User
from workflows.definition.schema import MAX_NAME, Definition, Trigger, to_json
from workflows.errors import StillDeployed
from workflows.models import Workflow
from workflows.naming import refusing_taken_names

DEFAULT_NAME = "New workflow"


def create_workflow(integration: Integration, *, name: str, by: User | None) -> Workflow:
    """A workflow with nothing in it but the trigger's card. A name that is taken gets a number."""
    with transaction.atomic():
        workflow = Workflow.objects.create(
            integration=integration,
            name=_free_name(integration, name.strip() or DEFAULT_NAME),
            draft=to_json(Definition(trigger=Trigger("app_event"))),
            draft_saved_by=by,
        )
        _audit(workflow, "workflow.created", by)
    return workflow


def duplicate_workflow(workflow: Workflow, *, by: User) -> Workflow:
    """A copy of the draft under a name of its own; never deployed."""
    with transaction.atomic():
        copy = Workflow.objects.create(
            integration=workflow.integration,
            name=_free_name(workflow.integration, f"{workflow.name[: MAX_NAME - 10]} (copy)"),
            description=workflow.description,
            draft=workflow.draft,
            draft_saved_by=by,
        )
        _audit(copy, "workflow.created", by, copy_of=str(workflow.pk))
    return copy


def describe_workflow(workflow: Workflow, *, name: str, description: str, by: User | None) -> None:
    """Change the name and the text that the end user reads. Raises: NameTaken."""
    with refusing_taken_names(f"There is a workflow “{name}” already."):
        before = workflow.name
        workflow.name, workflow.description = name, description
        workflow.save(update_fields=["name", "description"])
        _audit(workflow, "workflow.described", by, name_before=before)


def delete_workflow(workflow: Workflow, *, by: User | None) -> None:
    """Delete a workflow with its versions and its runs. Raises: StillDeployed while a version of it is live."""
    with transaction.atomic():
        if Workflow.objects.select_for_update(of=("self",)).get(pk=workflow.pk).live_version_id:
            raise StillDeployed
        _audit(workflow, "workflow.deleted", by)
        workflow.delete()


def _free_name(integration: Integration, wanted: str) -> str:
    taken = set(Workflow.objects.filter(integration=integration).values_list("name", flat=True))
    names = itertools.chain(
        [wanted[:MAX_NAME]], (f"{wanted[: MAX_NAME - 5]} {number}" for number in itertools.count(2))
    )
    return next(name for name in names if name not in taken)


def _audit(workflow: Workflow, action: str, by: User | None, **details: str) -> None:
    project = workflow.integration.project
    auditing.record(project, action, by=by, target=workflow.name, workflow_id=str(workflow.pk), **details)
