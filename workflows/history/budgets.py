"""API budgets as the pages show them: the bar, the last day as a curve, and the forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations import budgeting
from integrations.budgeting import Budget, Reading
from integrations.models import Credential, Integration
from workflows.engine.pausing import BUDGET_KNOWLEDGE
from workflows.history.words import in_words

WIDTH, HEIGHT = 600, 80
AHEAD = timedelta(hours=6)
ORGS_LISTED = 5
_DAY = budgeting.WINDOW


@dataclass(frozen=True)
class Curve:
    """The count of the last 24 hours and, dashed, of the hours to come; in the units of a drawing of WIDTH x HEIGHT."""

    used: str
    """An SVG path."""
    forecast: str
    """An SVG path; empty where there is no forecast."""
    share_y: float
    now_x: float
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Bar:
    """The parts of the limit, as they stand beside each other in a drawing WIDTH wide."""

    own: float
    others: float
    reserved_x: float
    reserved: float
    width: int = WIDTH


@dataclass(frozen=True)
class AccountBudget:
    """One account's budget. `budget` is None while its org has not said its count."""

    credential: Credential
    budget: Budget | None
    outlook: str = ""
    is_alarming: bool = False
    bar: Bar | None = None
    curve: Curve | None = None

    @property
    def own_reserve(self) -> int | None:
        return self.credential.api_reserve_percent

    @property
    def reserve_percent(self) -> int:
        return budgeting.reserve_percent_of(self.credential)


def of_accounts(credentials: Sequence[Credential], *, now: datetime) -> list[AccountBudget]:
    """Each account's budget, in the order given."""
    readings = budgeting.readings(credentials, now=now)
    budgets = budgeting.budgets_of(credentials, now=now, found=readings)
    accounts = []
    for credential in credentials:
        budget = budgets.get(credential.pk)
        if budget is None:
            accounts.append(AccountBudget(credential, None))
            continue
        of_org = readings.get((credential.integration_id, credential.provider_id), ())
        outlook, is_alarming = outlook_of(budget, now=now)
        accounts.append(
            AccountBudget(credential, budget, outlook, is_alarming, _bar(budget), _curve(budget, of_org, now=now))
        )
    return accounts


def nearest_to_limit(integration: Integration, *, now: datetime) -> list[AccountBudget]:
    """The orgs of the integration's users that have used the largest part of their limit."""
    return of_accounts(budgeting.nearest_to_limit(integration, count=ORGS_LISTED, now=now), now=now)


def outlook_of(budget: Budget, *, now: datetime) -> tuple[str, bool]:
    """What to expect, in words, and whether somebody should do something."""
    if budget.is_spent and budget.checked_at < now - _DAY:
        return "Used up when it was last told, more than a day ago. The next call learns the new count.", False
    if budget.is_spent:
        free = (
            f"Calls of yesterday leave the count in about {_roughly(budget.free_at - now)}, and it goes on then."
            if budget.free_at and budget.free_at > now
            else f"It looks again every {BUDGET_KNOWLEDGE.seconds // 60} minutes, and goes on as the count falls."
        )
        return f"What is not reserved is used up, so runs wait. {free}", True
    if budget.spent_at:
        left = _roughly(budget.spent_at - now)
        return f"At the last hour's rate Isthmus's share is used up in about {left}.", budget.spent_at < now + AHEAD
    if budget.checked_at < now - budgeting.RATE_OVER:
        return "No call within the last hour.", False
    if budget.calls_an_hour is None:
        return "No forecast yet: it takes calls over some minutes.", False
    if budget.calls_an_hour <= 0:
        return "The count does not rise: calls of yesterday leave it as fast as new ones come.", False
    return "At the last hour's rate Isthmus's share lasts for more than a day.", False


def _roughly(length: timedelta) -> str:
    """As exact as a forecast is."""
    exactness = next(
        timedelta(minutes=minutes)
        for minutes, up_to in ((1, timedelta(minutes=15)), (5, timedelta(hours=2)), (30, timedelta.max))
        if length <= up_to
    )
    return in_words(max(1, round(length / exactness)) * exactness)


def _bar(budget: Budget) -> Bar:
    whole = max(budget.limit, budget.used)
    part = WIDTH / whole
    own = budget.own_calls
    return Bar(
        own=round(own * part, 1),
        others=round(budget.used_by_others * part, 1),
        reserved_x=round(max(budget.share, budget.used) * part, 1),
        reserved=round(budget.reserved * part, 1),
    )


def _curve(budget: Budget, readings: Sequence[Reading], *, now: datetime) -> Curve | None:
    """None while there are too few readings for a line."""
    points = [(reading.checked_at, reading.used) for reading in readings if reading.checked_at < budget.checked_at]
    points.append((budget.checked_at, budget.used))
    begin, whole = now - _DAY, _DAY + AHEAD
    points = [point for point in points if point[0] >= begin]
    if len(points) < 2:
        return None
    highest = max(budget.limit, *(used for _, used in points))

    def place(at: datetime, used: float) -> str:
        return f"{(at - begin) / whole * WIDTH:.1f} {HEIGHT - used / highest * HEIGHT:.1f}"

    forecast = ""
    if budget.spent_at and budget.calls_an_hour:
        end = min(budget.spent_at, now + AHEAD)
        used = budget.used + budget.calls_an_hour * ((end - budget.checked_at) / timedelta(hours=1))
        forecast = f"M{place(*points[-1])}L{place(end, min(used, budget.share))}"
    return Curve(
        used="M" + "L".join(place(*point) for point in points),
        forecast=forecast,
        share_y=round(HEIGHT - budget.share / highest * HEIGHT, 1),
        now_x=round(_DAY / whole * WIDTH, 1),
    )
