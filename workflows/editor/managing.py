"""Pages and buttons around the editor: new, duplicate, delete, and the versions."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from integrations.models import Integration
from integrations.providers import registry
from projects.models import Role
from projects.permissions import ProjectRequest, member_required
from workflows import deploying
from workflows.editor import creating, saving, snapshot
from workflows.editor.forms import NewWorkflowForm, first_error
from workflows.editor.views import workflow_of
from workflows.errors import StillDeployed
from workflows.models import Workflow, WorkflowVersion


@require_POST
@member_required(role=Role.BUILDER)
def create_workflow(request: ProjectRequest, provider_key: str) -> HttpResponse:
    if provider_key not in registry.providers():
        raise Http404("There is no such integration.")
    form = NewWorkflowForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"No workflow was made. {first_error(form)}")
        return redirect("workflows:integration", provider_key)
    integration, _ = Integration.objects.for_project(request.project).get_or_create(
        project=request.project,
        provider_key=provider_key,
        defaults={"scopes": list(registry.provider(provider_key).default_scopes)},
    )
    workflow = creating.create_workflow(integration, name=form.cleaned_data["name"], by=request.user)
    return redirect("workflows:editor", workflow.pk)


@require_POST
@member_required(role=Role.BUILDER)
def duplicate_workflow(request: ProjectRequest, workflow_id: UUID) -> HttpResponse:
    copy = creating.duplicate_workflow(workflow_of(request, workflow_id), by=request.user)
    messages.success(request, f"This is “{copy.name}”, a copy of its own.")
    return redirect("workflows:editor", copy.pk)


@require_POST
@member_required(role=Role.BUILDER)
def delete_workflow(request: ProjectRequest, workflow_id: UUID) -> HttpResponse:
    workflow = workflow_of(request, workflow_id)
    try:
        creating.delete_workflow(workflow, by=request.user)
    except StillDeployed:
        messages.error(request, f"“{workflow.name}” is deployed. Undeploy it before you delete it.")
        return redirect("workflows:editor", workflow.pk)
    messages.success(request, f"“{workflow.name}” was deleted.")
    return redirect("workflows:integration", workflow.integration.provider_key)


@require_safe
@member_required
def workflow_versions(request: ProjectRequest, workflow_id: UUID) -> HttpResponse:
    """The versions, newest first, for the editor's history."""
    workflow = workflow_of(request, workflow_id)
    versions = workflow.versions.select_related("created_by").order_by("-number")
    return JsonResponse({"versions": [_as_json(workflow, version) for version in versions[:200]]})


@require_safe
@member_required
def workflow_version(request: ProjectRequest, workflow_id: UUID, number: int) -> HttpResponse:
    """One frozen version, to look at."""
    version = _version_of(request, workflow_id, number)
    workflow = version.workflow
    context = {
        "workflow": workflow,
        "version": version,
        "is_live": workflow.live_version_id == version.pk,
        "differs": not deploying.same_definition(version.definition, workflow.draft),
        "data": snapshot.editor_data(workflow, request.member, version),
        "may_edit": request.member.may(Role.BUILDER),
    }
    return render(request, "workflows/editor/page.html", context)


@require_POST
@member_required(role=Role.BUILDER)
def restore_version(request: ProjectRequest, workflow_id: UUID, number: int) -> HttpResponse:
    version = _version_of(request, workflow_id, number)
    saving.restore_version(version, by=request.user)
    messages.success(request, f"The draft is version {number} again. Deploy it to make it run.")
    return redirect("workflows:editor", workflow_id)


def _version_of(request: ProjectRequest, workflow_id: UUID, number: int) -> WorkflowVersion:
    workflow = workflow_of(request, workflow_id)
    version = get_object_or_404(workflow.versions.select_related("created_by"), number=number)
    version.workflow = workflow
    return version


def _as_json(workflow: Workflow, version: WorkflowVersion) -> dict[str, object]:
    return {
        "number": version.number,
        "note": version.note,
        "by": str(version.created_by or "a command"),
        "at": version.created_at.isoformat(),
        "isLive": version.pk == workflow.live_version_id,
        "url": reverse("workflows:workflow-version", args=[workflow.pk, version.number]),
    }
