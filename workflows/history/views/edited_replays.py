"""Replaying one run with an edited payload: an editor, and beside it what would be sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from lib.errors import IsthmusError
from projects.models import Role
from projects.permissions import ProjectRequest, member_required
from workflows.app_events.parsing import NotAnObject
from workflows.history import editing, replaying
from workflows.history.foreseeing import foresee
from workflows.history.views.runs import run_or_404
from workflows.models import Run


@require_http_methods(["GET", "POST"])
@member_required(role=Role.BUILDER)
@vary_on_headers("HX-Request")
def replay_edited(request: ProjectRequest, run_id: UUID) -> HttpResponse:
    """GET shows the payload to edit; POST replays with it, or, for htmx and `act=preview`, shows what would be sent."""
    run = run_or_404(request, run_id)
    if not run.has_ended:
        messages.error(request, "This run has not ended yet: wait for it, or cancel it first.")
        return redirect("workflows:run", run_id=run.pk)
    context, payload = _read(request, run)
    status = 200 if payload is not None else 422
    if request.htmx:
        return render(request, "workflows/history/replay_edited.html#outlook", context, status=status)
    if request.method == "POST" and payload is not None and request.POST.get("act") != "preview":
        try:
            again = replaying.replay(
                run, from_start=context["from_start"], on_newest=context["on_newest"], payload=payload, by=request.user
            )
        except IsthmusError as exc:  # what was typed stays
            messages.error(request, exc.message)
            status = exc.status
        else:
            messages.success(request, "Replayed: this is the new run.")
            return redirect("workflows:run", run_id=again.pk)
    return render(request, "workflows/history/replay_edited.html", context, status=status)


def _read(request: ProjectRequest, run: Run) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What the page shows, and the payload; None when the text is no payload, and the page says where it is wrong."""
    can_go_on = replaying.can_go_on(run)
    context: dict[str, Any] = {
        "run": run,
        "can_go_on": can_go_on,
        "from_start": not can_go_on or request.POST.get("from") == "start",
        "on_newest": request.POST.get("version") == "newest",
        "live_version": run.workflow.live_version,
        "text": request.POST.get("payload", ""),
        "bounds": editing.BOUNDS,
    }
    if request.method == "GET":
        context["text"] = editing.as_text(run.payload)
    try:
        payload = editing.read_payload(context["text"])
    except NotAnObject as error:
        return context | {"problem": error}, None
    wanted = {"from_start": context["from_start"], "on_newest": context["on_newest"]}
    return context | {"foreseen": foresee(run, **wanted, payload=payload)}, payload
