"""What waits, as the database knows it: asked when somebody asks, and at most every few seconds."""

import logging
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Count, Max
from django.db.models.functions import Now
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from integrations import budgeting
from integrations.budgeting import Budget
from integrations.models import Credential
from lib import clocks
from workflows.models import Lane, WorkerPulse

log = logging.getLogger("workflows.metrics")

KEPT_SECONDS = 5.0
KEPT_FACTOR = 20
"""A look that took long is kept for as many times its length, so that counting a large backlog never becomes the load."""
MAX_ORGS = 100
"""Those nearest to their limit: a series for each customer's org would be too many."""
WORKER_ALIVE = timedelta(seconds=15)

# Literal states: SQLite uses a partial index only where the statement itself, not a parameter, says what it holds.
_DUE = """
    SELECT count(*) FILTER (WHERE paused.credential_id IS NULL),
           count(*) FILTER (WHERE paused.credential_id IS NOT NULL),
           min(run.wake_at) FILTER (WHERE paused.credential_id IS NULL)
    FROM workflows_run AS run
    LEFT JOIN workflows_lane AS paused ON paused.credential_id = run.lane_id AND paused.paused_until > %s
    WHERE run.state IN ('queued', 'waiting') AND run.wake_at <= %s
"""
_LATER = "SELECT count(*) FROM workflows_run WHERE state IN ('queued', 'waiting') AND wake_at > %s"
_PARKED = "SELECT count(*) FROM workflows_run WHERE state = 'parked'"
_ASKING = "SELECT count(*) FROM workflows_run WHERE state = 'asking' AND NOT (state = 'succeeded')"
_LANES = """
    SELECT count(*) FILTER (WHERE leased_until > %s), count(*) FILTER (WHERE paused_until > %s) FROM workflows_lane
"""


class BacklogCollector(Collector):
    """Gauges of the whole deployment: every web process tells the same, so a query takes their `max`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stale_at = float("-inf")
        self._families: list[GaugeMetricFamily] = []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        with self._lock:
            began = time.monotonic()
            if began > self._stale_at:
                self._families = self._look()
                ended = time.monotonic()
                self._stale_at = ended + max(KEPT_SECONDS, KEPT_FACTOR * (ended - began))
            return self._families

    def _look(self) -> list[GaugeMetricFamily]:
        try:
            families = list(_families(timezone.now()))
        except (DatabaseError, InterfaceError) as exc:
            connection.close()
            log.warning("metrics.database_away", extra={"error": str(exc).strip()})
            return [_gauge("isthmus_database_up", "Whether the database answers.", 0)]
        return [_gauge("isthmus_database_up", "Whether the database answers.", 1), *families]


def _families(now: datetime) -> Iterator[GaugeMetricFamily]:
    moment = connection.ops.adapt_datetimefield_value(now)
    due, held, oldest = _row(_DUE, moment, moment)
    yield _gauge("isthmus_backlog_runs", "Runs that are due, on lanes that are not paused.", due)
    yield _gauge("isthmus_oldest_due_seconds", "How long the oldest of those has been due.", _age(oldest, now))
    yield _gauge("isthmus_paused_runs", "Runs that are due, on lanes that are paused.", held)
    yield _gauge("isthmus_waiting_runs", "Runs that wait for a later time: to be tried again.", *_row(_LATER, moment))
    yield _gauge("isthmus_parked_runs", "Runs that wait for their user to connect again.", *_row(_PARKED))
    yield _gauge("isthmus_asking_runs", "Runs that wait for a person's decision.", *_row(_ASKING))
    leased, paused = _row(_LANES, moment, moment)
    yield _gauge("isthmus_lanes_leased", "Lanes that a worker holds.", leased)
    yield _gauge("isthmus_lanes_paused", "Lanes that a rate limit or an API budget has stopped.", paused)
    yield _gauge("isthmus_lanes_stuck", "Lanes on which work crashes again and again.", Lane.objects.stuck().count())
    yield _credentials()
    yield from _budgets(now)
    newest = WorkerPulse.objects.aggregate(at=Max("beat_at"))["at"]
    yield _gauge(
        "isthmus_worker_pulse_age_seconds",
        "Since a worker last looked for due runs; +Inf: none ever has.",
        _age(newest, now) if newest else float("inf"),
    )
    alive = WorkerPulse.objects.filter(beat_at__gt=Now() - WORKER_ALIVE)
    ahead = dict(alive.values_list("name", "clock_seconds_ahead"))
    yield _gauge("isthmus_worker_hosts", "Hosts with a worker that has looked for due runs lately.", len(ahead))
    yield _clocks({**ahead, socket.gethostname(): clocks.seconds_ahead()})


def _clocks(ahead: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "isthmus_clock_offset_seconds",
        "How far the clocks of workers' hosts, and of this one, are ahead of the database's.",
        labels=["host"],
    )
    for host, seconds in ahead.items():
        family.add_metric([host], seconds)
    return family


def _credentials() -> GaugeMetricFamily:
    family = GaugeMetricFamily("isthmus_credentials", "Connected accounts, by status.", labels=["status"])
    counts = Credential.objects.filter(removed_at__isnull=True).values_list("status").annotate(Count("pk"))
    for status, number in counts.order_by():
        family.add_metric([status.lower()], number)
    return family


def _budgets(now: datetime) -> Iterator[GaugeMetricFamily]:
    names = ["provider", "org"]
    used = GaugeMetricFamily("isthmus_org_api_calls_used", "An org's API calls of the last 24 hours.", labels=names)
    limit = GaugeMetricFamily("isthmus_org_api_calls_limit", "How many of them the org allows.", labels=names)
    spent = GaugeMetricFamily(
        "isthmus_org_api_calls_spent_seconds",
        "Until the count reaches what is reserved for the customer, at the last hour's rate. 0: it has; +Inf: not in a day.",
        labels=names,
    )
    nearest = budgeting.nearest_to_limit(count=MAX_ORGS, now=now)
    budgets = budgeting.budgets_of(nearest, now=now)
    for credential in nearest:
        budget, labels = budgets[credential.pk], [credential.integration.provider_key, credential.provider_id]
        used.add_metric(labels, budget.used)
        limit.add_metric(labels, budget.limit)
        spent.add_metric(labels, _seconds_until_spent(budget, now))
    yield used
    yield limit
    yield spent


def _seconds_until_spent(budget: Budget, now: datetime) -> float:
    if budget.is_spent:
        return 0.0
    return max(0.0, (budget.spent_at - now).total_seconds()) if budget.spent_at else float("inf")


def _row(statement: str, *values: Any) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


def _age(moment: datetime | str | None, now: datetime) -> float:
    """Seconds since then, none below 0; SQLite gives a text where a statement is not the ORM's."""
    if moment is None:
        return 0.0
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if timezone.is_naive(moment):
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (now - moment).total_seconds())


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, value=value)
