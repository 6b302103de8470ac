"""Connected Users: the app's end users, their accounts, what they have switched on, and their runs."""

from __future__ import annotations

import re
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from integrations import budgeting, disconnecting
from integrations.models import Configuration, Credential
from lib.errors import IsthmusError
from projects import auditing
from projects.models import ConnectedUser, Role
from projects.permissions import ProjectRequest, member_required
from projects.toasts import toast
from workflows import switching
from workflows.engine import pausing
from workflows.history import budgets, people, queries
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
        "accounts": budgets.of_accounts([each for each in credentials if each.removed_at is None], now=timezone.now()),
        "removed": [each for each in credentials if each.removed_at is not None],
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
    credential = _credential_or_404(request, user_id, credential_id)
    disconnecting.disconnect(credential, by=request.user)
    messages.success(request, f"Disconnected {credential}.")
    return redirect("workflows:connected-user", user_id=user_id)


@require_POST
@member_required(role=Role.BUILDER)
def set_api_reserve(request: ProjectRequest, user_id: UUID, credential_id: UUID) -> HttpResponse:
    """Say how much of its org's API calls is left to this customer; empty: as much as to all. The answer is the budget."""
    credential = _credential_or_404(request, user_id, credential_id)
    given = request.POST.get("percent", "").strip()
    try:
        percent = _percent(given)
    except ValueError as exc:
        return _budget_shown(request, credential, status=422, problem=str(exc), given=given[:10])
    with transaction.atomic():
        budgeting.set_reserve(credential, percent, by=request.user)
        has_freed = pausing.go_on_within_budget(credential.integration, now=timezone.now()) > 0
    if not request.htmx:
        return redirect("workflows:connected-user", user_id=user_id)
    text = "Saved. The runs that waited go on." if has_freed else "Saved. It holds from the next call on."
    return toast(_budget_shown(request, credential), text)


def _budget_shown(request: ProjectRequest, credential: Credential, *, status: int = 200, **more: str) -> HttpResponse:
    (account,) = budgets.of_accounts([credential], now=timezone.now())
    context = {"account": account, "connected_user": credential.user, "can_build": True, **more}
    return render(request, "workflows/history/budget.html", context, status=status)


def _percent(given: str) -> int | None:
    """Raises ValueError, whose text is for the person."""
    if not given:
        return None
    most = budgeting.MAX_RESERVE_PERCENT
    if not re.fullmatch("[0-9]{1,3}", given) or int(given) > most:
        raise ValueError(f"A whole number from 0 to {most}, or nothing.")
    return int(given)


def _credential_or_404(request: ProjectRequest, user_id: UUID, credential_id: UUID) -> Credential:
    """One of the user's accounts that are connected."""
    own = Credential.objects.for_project(request.project).for_connected_user(_user_or_404(request, user_id)).present()
    credential = own.filter(pk=credential_id).select_related("integration__project", "user").first()
    if credential is None:
        raise Http404("This user has no such account.")
    return credential


def _user_or_404(request: ProjectRequest, user_id: UUID) -> ConnectedUser:
    user = ConnectedUser.objects.for_project(request.project).filter(pk=user_id).first()
    if user is None:
        raise Http404("This project has no such user.")
    return user
