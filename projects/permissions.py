"""Who may enter a dashboard view: a signed-in member of the current project, with a role that suffices."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect, render
from django_htmx.middleware import HtmxDetails

from projects.models import Member, Project, Role, User

P = ParamSpec("P")


class ProjectRequest(HttpRequest):
    """A request whose member and project are known."""

    project: Project
    member: Member
    user: User
    htmx: HtmxDetails


def member_required(
    view: Callable[Concatenate[ProjectRequest, P], HttpResponse] | None = None, *, role: Role = Role.VIEWER
) -> Any:
    """Let members of the current project with at least `role` in; sets `request.project` and `request.member`.

    Without a project the visitor is led to make one; with too low a role the answer is a page with status 403.
    """

    def decorate(inner: Callable[Concatenate[ProjectRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(inner)
        @login_required
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            project_request = cast(ProjectRequest, request)
            if getattr(request, "member", None) is None:
                return redirect("projects:create")
            if not project_request.member.may(role):
                return _refuse(project_request, role)
            return inner(project_request, *args, **kwargs)

        return guarded

    return decorate(view) if view else decorate


def _refuse(request: ProjectRequest, role: Role) -> HttpResponse:
    if request.htmx:
        return HttpResponseForbidden(f"Your role in this project is {request.member.get_role_display().lower()}; this needs {role.label.lower()}.")
    return render(request, "projects/forbidden.html", {"needed_role": role}, status=403)
