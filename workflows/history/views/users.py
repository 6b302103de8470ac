"""Connected Users: the app's end users, their accounts, what they have switched on, and their runs."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from integrations import disconnecting
from integrations.models import Configuration, Credential
from lib.errors import IsthmusError
from projects import auditing
from projects.models import ConnectedUser, Role
from projects.permissions import ProjectRequest, member_required
from workflows import switching
from workflows.history import people, queries
from workflows.history.filtering import RunFilters
from workflows.history.queries import Cursor
from workflows.history.views.activity import poll_url
from workflows.models import Run, Workflow

_RUNS_SHOWN = 20


@require_GET
@member_required
@vary_on_headers("HX-Request")
def connected_users(request: ProjectRequest) -> HttpResponse:
    """The list, searched and paged; for htmx, the list without the page around it."""
    search = request.GET.get("q", "").strip()[:255]
    place = people.Place.read(request.GET.get("after", ""))
    page = people.page_of(request.project, search=search, place=place, now=timezone.now())
    context = {"page": page, "search": search, "is_first_page": place is None}
    if request.htmx:
        response = render(request, "workflows/history/users.html#users", context)
        response["HX-Push-Url"] = request.get_full_path() if search or place else reverse("workflows:connected-users")
        return response
    return render(request, "workflows/history/users.html", context)


@require_GET
@member_required
def connected_user(request: ProjectRequest, user_id: UUID) -> HttpResponse:
    """One user: who they are in the app, their accounts, their switches, their latest runs."""
    user = _user_or_404(request, user_id)
    credentials = list(
        Credential.objects.for_connected_user(user).select_related("integration").order_by("removed_at", "created_at")
    )
    page = queries.page_of(Run.objects.for_connected_user(user), Cursor(), size=_RUNS_SHOWN)
    context = {
        "connected_user": user,
        "credentials": [credential for credential in credentials if credential.removed_at is None],
        "removed": [credential for credential in credentials if credential.removed_at is not None],
        "switches": people.switches_of(user),
        "page": page,
        "poll_url": poll_url(RunFilters(user=user.external_id), page.newest, page.runs, counts_new=False)
        if any(not run.has_ended for run in page.runs)
        else "",
        "all_runs": f"{reverse('workflows:activity')}?{RunFilters(user=user.external_id).query}",
        "can_build": request.member.may(Role.BUILDER),
    }
    return render(request, "workflows/history/user.html", context)


@require_POST
@member_required(role=Role.BUILDER)
def switch_workflow(request: ProjectRequest, user_id: UUID, configuration_id: UUID, workflow_id: UUID) -> HttpResponse:
    """Switch one of the user's workflows on or off for them; the answer is the switch as it stands now."""
    user = _user_or_404(request, user_id)
    own = Configuration.objects.for_project(request.project).present().filter(credential__user=user)
    configuration = own.filter(pk=configuration_id).select_related("credential").first()
    deployed = Workflow.objects.for_project(request.project).deployed().filter(pk=workflow_id)
    workflow = deployed.select_related("live_version").first()
    if configuration is None or workflow is None or workflow.integration_id != configuration.credential.integration_id:
        raise Http404("This user has no such workflow.")
    wants_on = request.POST.get("on") == "1"
    problem = ""
    try:
        with transaction.atomic():
            (switching.enable if wants_on else switching.disable)(configuration, workflow)
            action = "workflow.switched_on" if wants_on else "workflow.switched_off"
            auditing.record(request.project, action, by=request.user, target=str(workflow), user=user.external_id)
    except IsthmusError as exc:
        problem = exc.message
    switch = people.Switch(configuration, workflow, wants_on and not problem)
    context = {"switch": switch, "problem": problem, "connected_user": user, "can_build": True}
    return render(request, "workflows/history/user.html#switch", context, status=422 if problem else 200)


@require_POST
@member_required(role=Role.BUILDER)
def disconnect_credential(request: ProjectRequest, user_id: UUID, credential_id: UUID) -> HttpResponse:
    """Disconnect one of the user's accounts for them."""
    user = _user_or_404(request, user_id)
    credential = (
        Credential.objects.for_project(request.project)
        .for_connected_user(user)
        .present()
        .filter(pk=credential_id)
        .first()
    )
    if credential is None:
        raise Http404("This user has no such account.")
    disconnecting.disconnect(credential, by=request.user)
    messages.success(request, f"Disconnected {credential}.")
    return redirect("workflows:connected-user", user_id=user.pk)


def _user_or_404(request: ProjectRequest, user_id: UUID) -> ConnectedUser:
    user = ConnectedUser.objects.for_project(request.project).filter(pk=user_id).first()
    if user is None:
        raise Http404("This project has no such user.")
    return user
