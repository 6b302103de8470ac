"""Reads of the history that stay quick when it is long: pages by the time-ordered id, counts only of what is bounded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count

from lib.ids import lowest_id_at
from projects.models import Project
from workflows.history.filtering import RunFilters, filtered
from workflows.models import Run
from workflows.querysets import RunQuerySet

PAGE_SIZE = 50
MOST_NEW = 100
OLDEST = UUID(int=0)
"""As `Cursor.after`: the page at the oldest end."""
_OF_A_ROW = (
    "id", "state", "position", "wake_at", "wait_reason", "error", "api_calls", "started_at", "finished_at",
    "replay_number", "project_id", "workflow__name", "version__number", "version__app_event", "user__external_id",
    "user__name", "lane__paused_until", "lane__pause_reason",
)  # fmt: skip
"""What a row of the list shows: payloads and definitions may be large and stay where they are."""


@dataclass(frozen=True)
class Cursor:
    """Where a page lies: older than a run, newer than a run, or at the newest end (both None)."""

    before: UUID | None = None
    after: UUID | None = None

    @classmethod
    def read(cls, before: str | None, after: str | None) -> Cursor:
        """From the address; what is no id counts as not given."""
        return cls(before=_uuid(before), after=None if before else _uuid(after))


@dataclass(frozen=True)
class RunPage:
    """One page of runs, the newest first."""

    runs: list[Run]
    has_newer: bool
    has_older: bool

    @property
    def newest(self) -> UUID | None:
        return self.runs[0].pk if self.runs else None

    @property
    def oldest(self) -> UUID | None:
        return self.runs[-1].pk if self.runs else None


def page_of(runs: RunQuerySet, cursor: Cursor, size: int = PAGE_SIZE) -> RunPage:
    """The page at `cursor`. Rows that arrive meanwhile shift nothing: a page is bounded by a run, not by a count."""
    rows = for_rows(runs)
    if cursor.after:
        found = list(rows.filter(id__gt=cursor.after).order_by("id")[: size + 1])
        if len(found) < size:  # the newest end: a full page of it
            return page_of(runs, Cursor(), size)
        return RunPage(found[:size][::-1], has_newer=len(found) > size, has_older=cursor.after != OLDEST)
    if cursor.before:
        rows = rows.filter(id__lt=cursor.before)
    found = list(rows.newest_first()[: size + 1])
    return RunPage(found[:size], has_newer=cursor.before is not None, has_older=len(found) > size)


def for_rows(runs: RunQuerySet) -> RunQuerySet:
    """With what a row of a list shows, in one query."""
    return runs.select_related("workflow", "version", "user", "lane").only(*_OF_A_ROW)


def count_newer(project: Project, filters: RunFilters, than: UUID | None) -> int:
    """How many runs that pass the filters are newer; counts no further than MOST_NEW."""
    runs = filtered(project, filters)
    newer = runs.filter(id__gt=than) if than else runs
    return len(newer.newest_first().values_list("id", flat=True)[:MOST_NEW])


def watched(project: Project, run_ids: Iterable[UUID]) -> RunQuerySet:
    """These runs of the project, as rows."""
    return for_rows(Run.objects.for_project(project).filter(pk__in=list(run_ids)))


def run_in_full(project: Project, run_id: UUID) -> Run | None:
    """One run with all that its page shows; None if the project has no such run."""
    related = ("workflow__integration", "version", "user", "event", "lane__credential", "configuration", "replay_of")
    return Run.objects.for_project(project).select_related(*related).filter(pk=run_id).first()


def runs_since(user_ids: Iterable[UUID], *, hours: int, now: datetime) -> dict[UUID, int]:
    """How many runs each of these users had in the last `hours`."""
    since = lowest_id_at(now - timedelta(hours=hours))
    recent = Run.objects.filter(user_id__in=list(user_ids), id__gte=since).order_by()
    return dict(recent.values_list("user_id").annotate(Count("id")))


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
