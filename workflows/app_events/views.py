"""The App Events pages: list, new, one, delete."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects.models import Role
from projects.permissions import ProjectRequest, member_required
from workflows.app_events import changing
from workflows.app_events.forms import AppEventForm
from workflows.app_events.listening import listeners, listeners_by_event
from workflows.app_events.snippets import snippets
from workflows.errors import AppEventInUse, NameTaken
from workflows.models import AppEvent

PER_PAGE = 25


@require_safe
@member_required
def app_events(request: ProjectRequest) -> HttpResponse:
    """All App Events, searchable; the search swaps in the list alone."""
    search = request.GET.get("q", "").strip()
    everything = AppEvent.objects.for_project(request.project)
    found = everything.matching(search) if search else everything
    page = Paginator(found.order_by("name"), PER_PAGE).get_page(request.GET.get("page"))
    used_by = listeners_by_event(request.project, [app_event.name for app_event in page])
    context = {
        "page": page,
        "rows": [(app_event, used_by[app_event.name]) for app_event in page],
        "search": search,
        "nothing_found": f"Nothing matches “{search}”",
        "has_any": bool(page.paginator.count) or everything.exists(),
        "may_edit": request.member.may(Role.BUILDER),
    }
    template = "workflows/app_events/list.html"
    response = render(request, f"{template}#results" if request.htmx else template, context)
    response["Vary"] = "HX-Request"
    return response


@require_http_methods(["GET", "POST"])
@member_required(role=Role.BUILDER)
def new_app_event(request: ProjectRequest) -> HttpResponse:
    form = AppEventForm(request.POST or None, project=request.project)
    if request.method == "POST" and form.is_valid():
        try:
            app_event = changing.create_app_event(request.project, **form.cleaned_data, by=request.user)
        except NameTaken as error:
            form.add_error("name", error.message)
        else:
            messages.success(request, f"“{app_event.name}” is ready to be sent.")
            return redirect("workflows:app-event", app_event.pk)
    return render(request, "workflows/app_events/new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member_required
def app_event(request: ProjectRequest, app_event_id: UUID) -> HttpResponse:
    """One App Event: its form, how to send it, and who listens."""
    row = get_object_or_404(AppEvent.objects.for_project(request.project), pk=app_event_id)
    if request.method == "POST":
        return _change(request, row)
    return _page(request, row, AppEventForm(project=request.project, app_event=row))


@member_required(role=Role.BUILDER)
def _change(request: ProjectRequest, row: AppEvent) -> HttpResponse:
    form = AppEventForm(request.POST, project=request.project, app_event=row, is_in_use=bool(listeners(row)))
    if not form.is_valid():
        return _page(request, row, form, status=422)
    try:
        changing.change_app_event(row, **form.cleaned_data, by=request.user)
    except (AppEventInUse, NameTaken) as error:
        form.add_error("name", error.message)
        return _page(request, row, form, status=error.status)
    messages.success(request, "Saved.")
    return redirect("workflows:app-event", row.pk)


def _page(request: ProjectRequest, row: AppEvent, form: AppEventForm, status: int = 200) -> HttpResponse:
    context = {
        "app_event": row,
        "form": form,
        "listeners": listeners(row),
        "snippets": snippets(row, settings.BASE_URL),
        "may_edit": request.member.may(Role.BUILDER),
    }
    return render(request, "workflows/app_events/detail.html", context, status=status)


@require_POST
@member_required(role=Role.BUILDER)
def delete_app_event(request: ProjectRequest, app_event_id: UUID) -> HttpResponse:
    row = get_object_or_404(AppEvent.objects.for_project(request.project), pk=app_event_id)
    try:
        changing.delete_app_event(row, by=request.user)
    except AppEventInUse as error:
        messages.error(request, error.message)
        return _page(request, row, AppEventForm(project=request.project, app_event=row), status=error.status)
    messages.success(request, f"“{row.name}” was deleted.")
    return redirect("workflows:app-events")
