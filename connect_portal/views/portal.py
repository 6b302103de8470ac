"""The Connect Portal: the page in the SDK's iframe, and the fragments that it fetches.

The frame itself is the same for everybody and knows nothing. What it shows comes with the SDK's messages: the page keeps
the user token in memory, sends it in the `Authorization` header with each fragment it asks for, and names the origin of
the page that sent it. Both are checked here before anything is read. So a page that is not the project's own may put the
frame up, since the SDK mostly loads it before it knows the project, and gets an explanation instead of a portal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_GET

from connect_portal import installing
from connect_portal.cards import card_of, row_of
from connect_portal.errors import OriginNotAllowed
from connect_portal.selecting import as_uuid
from lib.errors import IsthmusError
from projects.connected_users import connected_user
from projects.errors import TokenRefused
from projects.models import ConnectedUser, Project
from projects.origins import header_sources
from projects.user_tokens import verify_user_token

log = logging.getLogger("isthmus.portal")

PARENT_HEADER = "X-Portal-Parent"
FRAGMENT_HEADER = "X-Isthmus-Fragment"
"""On each fragment; the page swaps nothing in that does not bear it (static/src/portal/fragments.ts)."""
P = ParamSpec("P")


@require_GET
@xframe_options_exempt
def frame(request: HttpRequest) -> HttpResponse:
    """The page in the SDK's iframe: an empty dialog, and the script that listens to the SDK."""
    response = HttpResponse(render_to_string("connect_portal/frame.html"))
    response.headers["Cache-Control"] = "no-cache"
    response._csp_replace = {"frame-ancestors": _ancestors(request.GET.get("projectId", ""))}  # type: ignore[attr-defined]
    return response


def _ancestors(project_id: str) -> list[str]:
    """Who may frame the portal: the project's allowed origins where the SDK names the project, else any web page."""
    known = as_uuid(project_id)
    project = Project.objects.filter(pk=known).first() if known else None
    if project is None:
        return ["*"]
    allowed, refused = header_sources(project.allowed_origins)
    if refused:
        log.warning("portal.origins_ignored", extra={"project": str(project.pk), "count": len(refused)})
    return allowed or ["'none'"]


def portal_fragment(
    view: Callable[Concatenate[HttpRequest, ConnectedUser, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """A fragment for the user whose token the request carries, asked for on behalf of one of the project's own pages.

    What goes wrong comes back as a fragment too, in words, with the error's status.
    """

    @wraps(view)
    @require_GET
    def guarded(request: HttpRequest, project_id: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            project = Project.objects.filter(pk=project_id).first()
            if project is not None:
                installing.check_origin(project, request.headers.get(PARENT_HEADER, ""))
            token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
            user = connected_user(verify_user_token(token, project_id))
            response = view(request, user, *args, **kwargs)
        except IsthmusError as exc:
            response = _explained(exc)
        response.headers["Cache-Control"] = "no-store"
        response.headers[FRAGMENT_HEADER] = "portal"
        return response

    return guarded


@portal_fragment
def card(request: HttpRequest, user: ConnectedUser) -> HttpResponse:
    """One integration as its end user sees it: what it is, whether it is connected, what is switched on."""
    query = request.GET
    shown = card_of(
        user,
        query.get("integration", ""),
        credential=query.get("credential", ""),
        configuration=query.get("configuration", ""),
        tab=query.get("tab", ""),
    )
    return HttpResponse(render_to_string("connect_portal/card.html", {"card": shown}))


@portal_fragment
def workflow_row(request: HttpRequest, user: ConnectedUser, workflow_id: UUID) -> HttpResponse:
    """One workflow with its switch and its settings, after something about it has changed."""
    query = request.GET
    shown, row = row_of(
        user, workflow_id, credential=query.get("credential", ""), configuration=query.get("configuration", "")
    )
    return HttpResponse(render_to_string("connect_portal/card.html#workflow-row", {"card": shown, "row": row}))


@require_GET
def connect_js(request: HttpRequest) -> HttpResponse:
    """The SDK for pages without a bundler. The script reads this deployment's address from the one it was loaded by."""
    response = HttpResponseRedirect(staticfiles_storage.url("connect.js"))
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _explained(exc: IsthmusError) -> HttpResponse:
    context: dict[str, Any] = {
        "error": exc,
        "is_origin": isinstance(exc, OriginNotAllowed),
        "is_token": isinstance(exc, TokenRefused),
    }
    return HttpResponse(render_to_string("connect_portal/card_error.html", context), status=exc.status)
