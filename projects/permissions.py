"""Who may enter a dashboard view: a signed-in member of the current project, with a role that suffices."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias, cast, overload

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect, render, resolve_url
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from projects.models import Member, Project, Role, User

P = ParamSpec("P")


class ProjectRequest(HttpRequest):
    """A request whose member and project are known."""

    project: Project
    member: Member
    user: User
    htmx: HtmxDetails


MemberView: TypeAlias = Callable[Concatenate[ProjectRequest, P], HttpResponse]
Guarded: TypeAlias = Callable[..., HttpResponse]


@overload
def member_required(view: MemberView[P]) -> Guarded: ...


@overload
def member_required(*, role: Role) -> Callable[[MemberView[P]], Guarded]: ...


def member_required(
    view: MemberView[P] | None = None, *, role: Role = Role.VIEWER
) -> Guarded | Callable[[MemberView[P]], Guarded]:
    """Let members of the current project with at least `role` in; sets `request.project` and `request.member`.

    Without a project the visitor is led to make one; with too low a role the answer is a page with status 403.
    """

    def decorate(inner: MemberView[P]) -> Guarded:
        @wraps(inner)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            response = enter(cast(ProjectRequest, request), *args, **kwargs)
            patch_vary_headers(response, ["HX-Request"])  # one URL serves page and fragment
            return response

        def enter(request: ProjectRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_login(request)
            if getattr(request, "member", None) is None:
                return _go(request, resolve_url("projects:create"))
            if not request.member.may(role):
                return _refuse(request, role)
            return inner(request, *args, **kwargs)

        return guarded

    return decorate(view) if view else decorate


def require_role(role: Role) -> Callable[[MemberView[P]], Guarded]:
    """For the part of a view that asks more than the view itself, such as its POST."""

    def decorate(inner: MemberView[P]) -> Guarded:
        @wraps(inner)
        def guarded(request: ProjectRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            return inner(request, *args, **kwargs) if request.member.may(role) else _refuse(request, role)

        return guarded

    return decorate


def _to_login(request: ProjectRequest) -> HttpResponse:
    """To the log-in and back here; a fragment's page goes there as a whole."""
    if request.htmx:
        page = request.htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(page).url)
    return redirect_to_login(request.get_full_path())


def _go(request: ProjectRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def _refuse(request: ProjectRequest, role: Role) -> HttpResponse:
    if request.htmx:
        mine = request.member.get_role_display().lower()
        return HttpResponseForbidden(
            f"Your role in this project is {mine}; this needs {role.label.lower()}.", content_type="text/plain"
        )
    return render(request, "projects/forbidden.html", {"needed_role": role}, status=403)
