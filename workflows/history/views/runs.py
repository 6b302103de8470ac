"""One run's page, and what a builder may do about the run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID
from zlib import crc32

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from lib.errors import IsthmusError
from projects.models import Role
from projects.permissions import ProjectRequest, member_required
from workflows.engine import cancelling, deciding, waits
from workflows.history import queries, replaying
from workflows.history.path import StepOnPath, accounts_of, path_of, record_url
from workflows.intake.planning import SkipReason
from workflows.models import Event, Run, RunState, StepRun, StepState, Workflow

_CHOICES = ("adopt", "send_again", "give_up")
_RECORD_ID = re.compile("[A-Za-z0-9]{1,255}")
_SKIPPED = {
    SkipReason.NOT_CONNECTED: "The user had no account connected",
    SkipReason.SWITCHED_OFF: "The user had it switched off",
    SkipReason.NOT_DEPLOYED: "It was not deployed",
    SkipReason.SETTING_MISSING: "A required setting had no value",
    SkipReason.CREDENTIAL_INVALID: "The user's connection was no longer valid",
    SkipReason.INTEGRATION_INACTIVE: "The integration was switched off",
    SkipReason.NO_SUCH_ACCOUNT: "The app had named an account that the user does not have",
}


@require_GET
@member_required
@vary_on_headers("HX-Request")
def run_page(request: ProjectRequest, run_id: UUID) -> HttpResponse:
    """The run and its path. For htmx its changing part alone: nothing when it has not changed, 286 once it has ended."""
    run = run_or_404(request, run_id)
    context = run_context(request, run)
    if not request.htmx:
        return render(request, "workflows/history/run.html", context)
    if request.GET.get("seen") == context["mark"]:
        return HttpResponse(status=204)
    status = 286 if run.has_ended else 200  # htmx stops asking at 286
    return render(request, "workflows/history/run.html#run", context, status=status)


def run_context(request: ProjectRequest, run: Run) -> dict[str, Any]:
    """What the page of a run shows."""
    path = path_of(run)
    credential = run.lane.credential
    return {
        "run": run,
        "path": path,
        "mark": _mark(run, [step.step_run for step in path if step.step_run]),
        "credential": credential,
        "accounts": accounts_of(run, path),
        "live_version": run.workflow.live_version,
        "replays": run.replays.select_related("lane")
        .order_by("-id")
        .only("id", "state", "started_at", "replay_number", "lane__paused_until"),
        "can_build": request.member.may(Role.BUILDER),
        "can_try_now": waits.may_be_ended(run, now=timezone.now()),
        "can_go_on": replaying.can_go_on(run),
        "candidates": _candidates(run, path),
    }


@require_POST
@member_required(role=Role.BUILDER)
def replay_run(request: ProjectRequest, run_id: UUID) -> HttpResponse:
    """Start the run again, and show the new one."""
    run = run_or_404(request, run_id)
    try:
        again = replaying.replay(
            run,
            from_start=request.POST.get("from") != "failed",
            on_newest=request.POST.get("version") == "newest",
            by=request.user,
        )
    except IsthmusError as exc:
        return _refused(request, run, exc)
    messages.success(request, "Replayed: this is the new run.")
    return redirect("workflows:run", run_id=again.pk)


@require_POST
@member_required(role=Role.BUILDER)
def cancel_run(request: ProjectRequest, run_id: UUID) -> HttpResponse:
    """Stop a run that has not ended."""
    run = run_or_404(request, run_id)
    try:
        cancelling.cancel(run, by=request.user)
    except IsthmusError as exc:
        return _refused(request, run, exc)
    messages.success(request, "Cancelled.")
    return redirect("workflows:run", run_id=run.pk)


@require_POST
@member_required(role=Role.BUILDER)
def try_run_now(request: ProjectRequest, run_id: UUID) -> HttpResponse:
    """Have a run that waits for a time tried at once."""
    run = run_or_404(request, run_id)
    try:
        waits.try_now(run, by=request.user)
    except IsthmusError as exc:
        return _refused(request, run, exc)
    messages.success(request, "It is tried now.")
    return redirect("workflows:run", run_id=run.pk)


@require_POST
@member_required(role=Role.BUILDER)
def decide_run(request: ProjectRequest, run_id: UUID) -> HttpResponse:
    """Answer a run that asks whether its last call took effect."""
    run = run_or_404(request, run_id)
    choice, record_id = request.POST.get("choice", ""), request.POST.get("record_id", "").strip()
    if choice not in _CHOICES:
        raise Http404("There is no such choice.")
    if choice == "adopt" and not _RECORD_ID.fullmatch(record_id):
        messages.error(
            request, "Enter the id of the record that this run created: letters and digits, as in its address."
        )
        return redirect("workflows:run", run_id=run.pk)
    try:
        deciding.decide(run, choice=cast(deciding.Choice, choice), record_id=record_id, by=request.user)
    except IsthmusError as exc:
        return _refused(request, run, exc)
    messages.success(request, "Decided.")
    return redirect("workflows:run", run_id=run.pk)


@require_GET
@member_required
def run_document(request: ProjectRequest, run_id: UUID) -> HttpResponse:
    """One of the run's JSON values in full: `?of=trigger` (what the run reads), `?of=event` (what the app sent),
    `?of=<step key>.input` or `?of=<step key>.output`."""
    run = run_or_404(request, run_id)
    key, _, part = request.GET.get("of", "").rpartition(".")
    if not key and part == "trigger":
        return _document(run.payload)
    if not key and part == "event":
        return _document(run.event.payload)
    step_run = run.step_runs.filter(step_key=key).first()
    if step_run is None or part not in ("input", "output"):
        raise Http404("There is no such value.")
    return _document(getattr(step_run, part))


@require_GET
@member_required
def event_page(request: ProjectRequest, event_id: UUID) -> HttpResponse:
    """One event: its payload, the runs that it started, and the workflows that it did not start."""
    event = Event.objects.for_project(request.project).select_related("user").filter(pk=event_id).first()
    if event is None:
        raise Http404("This project has no such event.")
    known = {str(row.pk): row for row in Workflow.objects.for_project(request.project).only("name")}
    skipped = [
        {"workflow": known.get(skip["workflow_id"]), "words": _SKIPPED[SkipReason(skip["reason"])]}
        for skip in event.skipped
    ]
    runs = queries.for_rows(Run.objects.for_project(request.project).filter(event=event)).newest_first()
    context = {"event": event, "runs": runs, "skipped": skipped}
    return render(request, "workflows/history/event.html", context)


def run_or_404(request: ProjectRequest, run_id: UUID) -> Run:
    """The project's run, with all that its pages show."""
    run = queries.run_in_full(request.project, run_id)
    if run is None:
        raise Http404("This project has no such run.")
    return run


def _refused(request: ProjectRequest, run: Run, exc: IsthmusError) -> HttpResponse:
    messages.error(request, exc.message)
    return redirect("workflows:run", run_id=run.pk)


def _document(value: Any) -> JsonResponse:
    return JsonResponse(value, safe=False, json_dumps_params={"indent": 2, "ensure_ascii": False})


def _mark(run: Run, step_runs: list[StepRun]) -> str:
    """Changes when anything that the page shows does."""
    parts = [f"{run.state} {run.position} {run.wake_at} {run.wait_reason} {run.api_calls} {run.finished_at}"]
    if waits.is_held_up(run, now=timezone.now()):
        parts.append(f"{run.lane.paused_until} {run.lane.pause_reason}")
    parts += [f"{row.state} {row.tries} {row.called_at} {len(row.notes)} {row.finished_at}" for row in step_runs]
    return f"{crc32(' '.join(parts).encode()):08x}"


@dataclass(frozen=True)
class _Candidate:
    """A record that may be the one which an interrupted call created."""

    id: str
    url: str
    created_at: datetime | None


def _candidates(run: Run, path: list[StepOnPath]) -> list[_Candidate]:
    """The records among which a run that asks could not choose (integrations.providers: an ASK outcome's `candidates`)."""
    if run.state != RunState.ASKING:
        return []
    errors = [step.step_run.error for step in path if step.step_run and step.step_run.state == StepState.ASKING]
    found = [item for error in errors if isinstance(error, dict) for item in error.get("candidates") or []]
    return [
        _Candidate(
            item["id"], record_url(run.lane.credential, item["id"]), parse_datetime(item.get("created_at") or "")
        )
        for item in found
    ]
