"""Replaying the failed runs of a filtered list: first what would be sent, then the replays."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from projects.models import Role
from projects.permissions import ProjectRequest, member_required
from workflows.history import replaying_many
from workflows.history.filtering import RunFilterForm, RunFilters
from workflows.models import RunState


@require_http_methods(["GET", "POST"])
@member_required(role=Role.BUILDER)
def replay_runs(request: ProjectRequest) -> HttpResponse:
    """GET shows how many runs and what the first of them would send; POST starts them."""
    filters = RunFilterForm(request.project, request.GET).filters()
    given = request.POST if request.method == "POST" else request.GET
    from_start, on_newest = given.get("from") == "start", given.get("version") == "newest"
    if request.method == "POST":
        done = replaying_many.replay_many(
            request.project, filters, from_start=from_start, on_newest=on_newest, by=request.user
        )
        return _tell(request, filters, done)
    outlook = replaying_many.dry_run(request.project, filters, from_start=from_start, on_newest=on_newest)
    context = {
        "filters": filters,
        "outlook": outlook,
        "most": replaying_many.MOST,
        "from_start": from_start,
        "on_newest": on_newest,
        "list_url": _list_url(filters),
    }
    return render(request, "workflows/history/replay_runs.html", context)


def _tell(request: ProjectRequest, filters: RunFilters, done: replaying_many.Replayed) -> HttpResponse:
    if done.count or not done.refusals:
        left = "; there are more, replay again" if done.has_more else ""
        messages.success(request, f"Replayed {done.count} run{'' if done.count == 1 else 's'}{left}.")
    for words, count in done.refusals.most_common(3):
        messages.warning(request, f"{count} left alone. {words}")
    return redirect(_list_url(filters))


def _list_url(filters: RunFilters) -> str:
    query = filters.query or f"state={RunState.FAILED.value}"
    return f"{reverse('workflows:activity')}?{query}"
