"""Making projects and changing between them."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from projects.creating import create_project
from projects.errors import TooManyProjects
from projects.forms import NewProjectForm
from projects.middleware import SESSION_KEY
from projects.models import Project, User


@require_http_methods(["GET", "POST"])
@login_required
def create(request: HttpRequest) -> HttpResponse:
    """A new project; right after sign-up it is the first."""
    form = NewProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            project = create_project(form.cleaned_data["name"], owner=cast(User, request.user))
        except TooManyProjects as exc:
            form.add_error(None, exc.message)
            return render(request, "projects/create.html", {"form": form}, status=exc.status)
        request.session[SESSION_KEY] = str(project.pk)
        messages.success(request, f"{project.name} is ready.")
        return redirect("projects:home")
    return render(request, "projects/create.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """Go on with another project of the user's."""
    project = get_object_or_404(
        Project.objects.for_user(cast(User, request.user)), pk__in=_one_uuid(request.POST.get("project", ""))
    )
    request.session[SESSION_KEY] = str(project.pk)
    return redirect("projects:home")


def _one_uuid(text: str) -> list[str]:
    """The id in a list, or an empty list when it is none: a form field may hold anything."""
    try:
        return [str(UUID(text))]
    except ValueError:
        return []
