"""Replays in bulk: the failed runs that pass a filter, first shown, then started again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from projects import auditing
from projects.models import Project, User
from workflows.history import replaying
from workflows.history.filtering import RunFilters, filtered
from workflows.history.foreseeing import Foreseen, foresee
from workflows.history.replaying import NotReplayable
from workflows.models import Run, RunState
from workflows.querysets import RunQuerySet

MOST = 1_000
"""At once: a request does it. What is left is offered again."""
EXAMPLES = 3
_BATCH = 100


@dataclass(frozen=True)
class Outlook:
    """What a bulk replay would do."""

    count: int
    """At most MOST."""
    has_more: bool
    examples: Sequence[Foreseen]


@dataclass(frozen=True)
class Replayed:
    """What a bulk replay did."""

    count: int
    refusals: Counter[str]
    """Runs left alone, by the reason in words."""
    has_more: bool


def replayable(project: Project, filters: RunFilters) -> RunQuerySet:
    """The failed runs that pass the filters and that nobody has replayed yet: asking twice starts nothing twice."""
    return filtered(project, replace(filters, state=RunState.FAILED.value)).filter(replays__isnull=True)


def dry_run(project: Project, filters: RunFilters, *, from_start: bool, on_newest: bool) -> Outlook:
    """Count the runs, and render what the first of them would send. Writes nothing and calls nobody."""
    runs = replayable(project, filters)
    count = len(runs.order_by("id").values_list("pk", flat=True)[: MOST + 1])
    examples = [foresee(run, from_start=from_start, on_newest=on_newest) for run in _in_full(runs)[:EXAMPLES]]
    return Outlook(min(count, MOST), count > MOST, examples)


def replay_many(
    project: Project, filters: RunFilters, *, from_start: bool, on_newest: bool, by: User | None
) -> Replayed:
    """Replay the runs, the oldest first, at most MOST of them; one audit entry beside each run's own."""
    ids = list(replayable(project, filters).order_by("id").values_list("pk", flat=True)[: MOST + 1])
    count, refusals = 0, Counter[str]()
    for start in range(0, len(ids[:MOST]), _BATCH):
        with transaction.atomic():  # one commit for many; a replay's own transaction is a savepoint in here
            for run in _in_full(Run.objects.filter(pk__in=ids[:MOST][start : start + _BATCH])):
                try:
                    replaying.replay(run, from_start=from_start, on_newest=on_newest, by=by)
                    count += 1
                except NotReplayable as refusal:
                    refusals[refusal.message] += 1
    auditing.record(
        project,
        "runs.replayed",
        by=by,
        count=count,
        refused=refusals.total(),
        filter=filters.query,
        start="the start" if from_start else "the failed step",
        version="newest" if on_newest else "own",
    )
    return Replayed(count, refusals, len(ids) > MOST)


def _in_full(runs: RunQuerySet) -> RunQuerySet:
    related = ("event", "user", "version", "workflow__live_version", "workflow__integration")
    return runs.select_related(*related, "configuration__credential", "project").order_by("id")
