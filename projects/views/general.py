"""Settings > General."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from projects.changing import change_project
from projects.forms import GeneralForm
from projects.models import Role
from projects.permissions import ProjectRequest, member_required, require_role


@require_http_methods(["GET", "POST"])
@member_required
def general(request: ProjectRequest) -> HttpResponse:
    """Everybody sees the settings; admins change them."""
    if request.method == "POST":
        return _change(request)
    return render(request, "projects/general.html", {"form": GeneralForm(request.project)})


@require_role(Role.ADMIN)
def _change(request: ProjectRequest) -> HttpResponse:
    form = GeneralForm(request.project, request.POST)
    if not form.is_valid():
        return render(request, "projects/general.html", {"form": form}, status=422)
    changed = change_project(request.project, **form.cleaned_data, by=request.user)
    messages.success(request, "Saved." if changed else "Nothing has changed.")
    return redirect("projects:settings")
