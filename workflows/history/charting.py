"""Outcomes day by day, counted so that a long history costs little: ended days are remembered, all counts are of indexes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count

from lib.ids import lowest_id_at
from projects.models import Project
from workflows.models import Run, RunState, Workflow
from workflows.querysets import OPEN_STATES

_CHANGING_DAY = timedelta(seconds=15)
_ENDED_DAY = timedelta(days=1)
BAR_WIDTH = 16
BAR_GAP = 6
HEIGHT = 72


@dataclass(frozen=True)
class Figures:
    """How the runs of some time ended. `total` has cancelled runs too."""

    total: int = 0
    failed: int = 0
    open: int = 0
    cancelled: int = 0

    @property
    def succeeded(self) -> int:
        return self.total - self.failed - self.open - self.cancelled


@dataclass(frozen=True)
class Bar:
    """One day of the chart, in the units of its drawing."""

    day: date
    figures: Figures
    x: int
    succeeded_y: float
    succeeded_height: float
    failed_y: float
    failed_height: float
    other_y: float
    other_height: float


@dataclass(frozen=True)
class Chart:
    """The days up to today, ready to be drawn."""

    bars: Sequence[Bar]
    highest: int
    width: int
    height: int = HEIGHT
    bar_width: int = BAR_WIDTH
    base_y: int = HEIGHT - 1

    @property
    def is_empty(self) -> bool:
        return not self.highest

    @property
    def total(self) -> Figures:
        days = [bar.figures for bar in self.bars]
        return Figures(
            sum(day.total for day in days),
            sum(day.failed for day in days),
            sum(day.open for day in days),
            sum(day.cancelled for day in days),
        )


def of_project(project: Project, *, days: int, now: datetime) -> Chart:
    """The project's runs of the last `days`, today included, by the day (UTC) on which they were started."""
    workflows = list(Workflow.objects.for_project(project).values_list("pk", flat=True))
    return of_workflows(project, workflows, days=days, now=now)


def of_workflows(project: Project, workflow_ids: Sequence[UUID], *, days: int, now: datetime) -> Chart:
    """The same for some of the project's workflows."""
    today = now.astimezone(UTC).date()
    key = f"runs-by-day:{project.pk.hex}:{hash(tuple(sorted(workflow_ids)))}"
    known: dict[date, _DayCount] = cache.get(key) or {}
    counted: dict[date, _DayCount] = {}
    for day in (today - timedelta(days=back) for back in range(days - 1, -1, -1)):
        remembered = known.get(day)
        is_good = remembered is not None and now < remembered.good_until
        counted[day] = remembered if remembered and is_good else _count_day(project, workflow_ids, day, now)
    if counted != known:
        cache.set(key, counted, _ENDED_DAY.total_seconds())
    return _drawn([(day, row.figures) for day, row in counted.items()])


def count_since(project: Project, workflow_ids: Sequence[UUID], since: datetime) -> Figures:
    """How the runs started since then stand."""
    return _count(project, workflow_ids, lowest_id_at(since), None)


@dataclass(frozen=True)
class _DayCount:
    """One day's figures, and until when they need not be counted anew."""

    figures: Figures
    good_until: datetime


def _count_day(project: Project, workflow_ids: Sequence[UUID], day: date, now: datetime) -> _DayCount:
    begin = datetime.combine(day, time.min, UTC)
    end = begin + timedelta(days=1)
    figures = _count(project, workflow_ids, lowest_id_at(begin), lowest_id_at(end))
    # A day that has ended, with no run of it still open, stays as it is.
    return _DayCount(figures, now + (_ENDED_DAY if end <= now and not figures.open else _CHANGING_DAY))


def _count(project: Project, workflow_ids: Sequence[UUID], lowest: UUID, below: UUID | None) -> Figures:
    runs = Run.objects.filter(workflow_id__in=workflow_ids, id__gte=lowest).order_by()
    if below:
        runs = runs.filter(id__lt=below)
    unsuccessful = runs.filter(project=project).exclude(state=RunState.SUCCEEDED)
    by_state: dict[str, int] = dict(unsuccessful.values_list("state").annotate(Count("id")))
    return Figures(
        total=runs.count(),
        failed=by_state.get(RunState.FAILED, 0),
        open=sum(by_state.get(state, 0) for state in OPEN_STATES),
        cancelled=by_state.get(RunState.CANCELLED, 0),
    )


def _drawn(days: Sequence[tuple[date, Figures]]) -> Chart:
    highest = max((figures.total for _, figures in days), default=0)
    scale = HEIGHT / highest if highest else 0.0
    bars = []
    for at, (day, figures) in enumerate(days):
        heights = [figures.succeeded * scale, figures.failed * scale, (figures.open + figures.cancelled) * scale]
        failed_y = HEIGHT - heights[0] - heights[1]
        bars.append(
            Bar(
                day,
                figures,
                x=at * (BAR_WIDTH + BAR_GAP),
                succeeded_y=round(HEIGHT - heights[0], 2),
                succeeded_height=round(heights[0], 2),
                failed_y=round(failed_y, 2),
                failed_height=round(heights[1], 2),
                other_y=round(failed_y - heights[2], 2),
                other_height=round(heights[2], 2),
            )
        )
    return Chart(bars, highest, width=len(days) * (BAR_WIDTH + BAR_GAP) - BAR_GAP)
