"""Activity: every run of the project, filtered, paged, and brought up to date while runs go on."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zlib import crc32

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from lib.ids import made_at
from projects.models import Role
from projects.permissions import ProjectRequest, member_required
from workflows.engine import waits
from workflows.history import charting, queries
from workflows.history.filtering import RunFilterForm, RunFilters, filtered
from workflows.history.queries import Cursor, RunPage
from workflows.models import Run, RunState

_WHILE_OPEN_SECONDS = 2
_WHILE_QUIET_SECONDS = 10
_CHART_DAYS = 14


@require_GET
@member_required
@vary_on_headers("HX-Request")
def activity(request: ProjectRequest) -> HttpResponse:
    """The list; for htmx, the list without the page around it."""
    form = RunFilterForm(request.project, request.GET)
    filters = form.filters()
    cursor = Cursor.read(request.GET.get("before"), request.GET.get("after"))
    page = queries.page_of(filtered(request.project, filters), cursor)
    context = {"form": form, "filters": filters, **list_context(request, page, filters)}
    if request.htmx:
        response = render(request, "workflows/history/activity.html#runs", context)
        response["HX-Push-Url"] = _address(filters, before=cursor.before, after=cursor.after)
        return response
    context["chart"] = charting.of_project(request.project, days=_CHART_DAYS, now=timezone.now())
    return render(request, "workflows/history/activity.html", context)


@require_GET
@member_required
def activity_updates(request: ProjectRequest) -> HttpResponse:
    """What changed since the list was shown: rows that went on, swapped in their places, and how many runs are new."""
    filters = RunFilterForm(request.project, request.GET).filters()
    seen = _read_marks(request.GET.get("watch", ""))
    rows = list(queries.watched(request.project, seen)) if seen else []
    changed = [run for run in rows if row_mark(run) != seen[run.pk]]
    newest = Cursor.read(None, request.GET.get("newest")).after
    counts = request.GET.get("count_new") == "1"
    new_runs = queries.count_newer(request.project, filters, newest) if counts else 0
    if not counts and not any(not run.has_ended for run in rows):
        poll = None
    else:
        poll = poll_url(filters, newest, rows, counts_new=counts)
    context = {
        "rows": changed,
        "new_runs": new_runs,
        "most_new": queries.MOST_NEW,
        "poll_url": poll,
        "poll_seconds": _poll_seconds(rows),
        "fresh_url": _address(filters),
    }
    status = 200 if poll else 286  # htmx stops asking at 286
    return render(request, "workflows/history/activity.html#updates", context, status=status)


def list_context(request: ProjectRequest, page: RunPage, filters: RunFilters) -> dict[str, Any]:
    """What the list of runs and its paging need."""
    is_newest_page = not page.has_newer
    has_open = any(not run.has_ended for run in page.runs)
    offers_replay = filters.state == RunState.FAILED and page.runs and request.member.may(Role.BUILDER)
    return {
        "page": page,
        "replay_url": f"{reverse('workflows:replay-runs')}?{filters.query}" if offers_replay else "",
        "fresh_url": _address(filters),
        "newer_url": _address(filters, after=page.newest) if page.has_newer else "",
        "older_url": _address(filters, before=page.oldest) if page.has_older else "",
        "oldest_url": _address(filters, after=queries.OLDEST) if page.has_older else "",
        "poll_url": poll_url(filters, page.newest, page.runs, counts_new=is_newest_page)
        if has_open or is_newest_page
        else "",
        "poll_seconds": _poll_seconds(page.runs),
        "first_at": made_at(page.newest) if page.newest else None,
        "last_at": made_at(page.oldest) if page.oldest else None,
    }


def poll_url(filters: RunFilters, newest: UUID | None, runs: list[Run], *, counts_new: bool) -> str:
    """Where the list asks for changes: with the open runs that it shows, and how it shows them."""
    watch = ".".join(f"{run.pk.hex}-{row_mark(run)}" for run in runs if not run.has_ended)
    given = {"newest": newest.hex if newest else "", "watch": watch, "count_new": "1" if counts_new else ""}
    query = "&".join([part for part in (filters.query, *(f"{k}={v}" for k, v in given.items() if v)) if part])
    return f"{reverse('workflows:activity-updates')}?{query}"


def row_mark(run: Run) -> str:
    """Changes when the run's row has to be shown anew."""
    shown = f"{run.state} {run.position} {run.wait_reason} {run.wake_at} {run.started_at} {run.finished_at}"
    if waits.is_held_up(run, now=timezone.now()):
        shown += f" {run.lane.pause_reason}"
    return f"{crc32(shown.encode()):08x}"


def _poll_seconds(runs: list[Run]) -> int:
    return _WHILE_OPEN_SECONDS if any(not run.has_ended for run in runs) else _WHILE_QUIET_SECONDS


def _read_marks(text: str) -> dict[UUID, str]:
    marks: dict[UUID, str] = {}
    for part in text.split(".")[: queries.PAGE_SIZE]:
        run_id, _, mark = part.partition("-")
        try:
            marks[UUID(run_id)] = mark
        except ValueError:
            continue
    return marks


def _address(filters: RunFilters, **cursor: UUID | None) -> str:
    query = "&".join(
        part for part in (filters.query, *(f"{k}={v}" for k, v in cursor.items() if v is not None)) if part
    )
    return f"{reverse('workflows:activity')}?{query}" if query else reverse("workflows:activity")
