"""The editor's page, and its answers to the page's scripts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects.models import Role
from projects.permissions import ProjectRequest, member_required
from workflows import deploying
from workflows.app_events import changing
from workflows.app_events.forms import AppEventForm
from workflows.definition.errors import DefinitionError
from workflows.definition.reading import json_copy
from workflows.editor import creating, saving, snapshot
from workflows.editor.answering import answers_json, body_of
from workflows.editor.forms import DetailsForm, first_error
from workflows.errors import DraftConflict, NotDeployable
from workflows.models import Workflow


def workflow_of(request: ProjectRequest, workflow_id: UUID) -> Workflow:
    """The workflow, if it is one of the request's project."""
    everything = Workflow.objects.for_project(request.project)
    return get_object_or_404(
        everything.select_related("integration__project", "live_version", "draft_saved_by"), pk=workflow_id
    )


@require_safe
@member_required
def editor(request: ProjectRequest, workflow_id: UUID) -> HttpResponse:
    """The draft to work on; viewers may look at it."""
    workflow = workflow_of(request, workflow_id)
    context = {
        "workflow": workflow,
        "data": snapshot.editor_data(workflow, request.member),
        "may_edit": request.member.may(Role.BUILDER),
    }
    return render(request, "workflows/editor/page.html", context)


@require_POST
@member_required(role=Role.BUILDER)
@answers_json
def save_draft(request: ProjectRequest, workflow_id: UUID) -> HttpResponse:
    """Store the draft. Shape: {"definition": …, "revision": int}.

    409 when somebody else saved meanwhile; 422 with a JSON pointer for a definition of a wrong shape.
    """
    workflow = workflow_of(request, workflow_id)
    body = body_of(request)
    revision = body.get("revision")
    saving.save_draft(
        workflow, body.get("definition"), revision=revision if isinstance(revision, int) else 0, by=request.user
    )
    return JsonResponse(snapshot.live_data(workflow))


@require_POST
@member_required
@answers_json
def step_form(request: ProjectRequest, workflow_id: UUID) -> HttpResponse:
    """The inputs of a step's form. Shape: {"type": str, "inputs": {…}, "source": a connected account's id or ""}."""
    workflow = workflow_of(request, workflow_id)
    body = body_of(request)
    inputs = json_copy(body.get("inputs") or {}, "/inputs")
    if not isinstance(inputs, dict) or not isinstance(inputs.get("fields") or {}, dict):
        raise DefinitionError("/inputs/fields", "Inputs, and the fields in them, are objects: names with their values.")
    credential = snapshot.org_credential(workflow, _uuid_or_empty(body.get("source")))
    schema = workflow.integration.provider.schemas(workflow.integration.project, credential)
    form = snapshot.form_data(workflow, str(body.get("type")), inputs, schema)
    if form is None:
        return JsonResponse(
            {"error": {"code": "step_type_unknown", "message": "There is no such type of step."}}, status=404
        )
    return JsonResponse(form)


@require_POST
@member_required(role=Role.BUILDER)
@answers_json
def describe_workflow(request: ProjectRequest, workflow_id: UUID) -> HttpResponse:
    """Change name and description."""
    workflow = workflow_of(request, workflow_id)
    form = DetailsForm(body_of(request))
    if not form.is_valid():
        return JsonResponse({"error": {"code": "invalid", "message": first_error(form)}}, status=422)
    creating.describe_workflow(workflow, **form.cleaned_data, by=request.user)
    return JsonResponse({"name": workflow.name, "description": workflow.description})


@require_POST
@member_required(role=Role.BUILDER)
@answers_json
def create_app_event(request: ProjectRequest, workflow_id: UUID) -> HttpResponse:
    """Create an App Event from the trigger's panel."""
    workflow_of(request, workflow_id)
    form = AppEventForm(body_of(request), project=request.project)
    if not form.is_valid():
        fields = {name: [str(error) for error in errors] for name, errors in form.errors.items()}
        message = first_error(form)
        return JsonResponse({"error": {"code": "invalid", "message": message, "fields": fields}}, status=422)
    row = changing.create_app_event(request.project, **form.cleaned_data, by=request.user)
    url = reverse("workflows:app-event", args=[row.pk])
    return JsonResponse({"name": row.name, "description": row.description, "url": url}, status=201)


@require_http_methods(["GET", "POST"])
@member_required(role=Role.BUILDER)
@answers_json
def deploy_workflow(request: ProjectRequest, workflow_id: UUID) -> HttpResponse:
    """GET: what a deploy would change and what is missing. POST {"revision": int, "note": str}: do it."""
    workflow = workflow_of(request, workflow_id)
    if request.method == "GET":
        return JsonResponse(_review(workflow))
    body = body_of(request)
    if body.get("revision") != workflow.draft_revision:
        raise DraftConflict("The draft has changed since you looked at it. Look again before you deploy.")
    note = str(body.get("note") or "").strip()
    try:
        version = deploying.deploy(workflow, by=request.user, note=note)
    except NotDeployable as error:
        return JsonResponse(
            _review(workflow) | {"error": {"code": error.code, "message": error.message}}, status=error.status
        )
    return JsonResponse({"version": version.number, **snapshot.live_data(workflow_of(request, workflow_id))})


@require_POST
@member_required(role=Role.BUILDER)
@answers_json
def undeploy_workflow(request: ProjectRequest, workflow_id: UUID) -> HttpResponse:
    deploying.undeploy(workflow_of(request, workflow_id), by=request.user)
    return JsonResponse(snapshot.live_data(workflow_of(request, workflow_id)))


def _review(workflow: Workflow) -> dict[str, Any]:
    latest = workflow.versions.order_by("-number").first()
    return {
        "state": deploying.deploy_state(workflow),
        "revision": workflow.draft_revision,
        "problems": [deploying.as_json(problem) for problem in deploying.check(workflow)],
        "changes": [{"kind": change.kind, "text": change.text} for change in deploying.changes_since_live(workflow)],
        "liveVersion": workflow.live_version.number if workflow.live_version else None,
        "nextVersion": latest.number + 1 if latest else 1,
        "usersSwitchedOn": deploying.users_switched_on(workflow),
    }


def _uuid_or_empty(value: object) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        return ""
