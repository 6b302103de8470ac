"""API budgets in words and drawings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations import budgeting
from integrations.budgeting import Budget
from tests.workflows.history.conftest import Acme
from workflows.history import budgets

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("known", "words", "is_alarming"),
    [
        ({"calls_an_hour": 100.0, "spent_at": NOON + timedelta(minutes=4)}, "in about 4 min.", True),
        ({"calls_an_hour": 100.0, "spent_at": NOON}, "in about 1 min.", True),
        ({"calls_an_hour": 100.0, "spent_at": NOON + timedelta(minutes=63)}, "in about 1 h 5 min.", True),
        ({"calls_an_hour": 10.0, "spent_at": NOON + timedelta(hours=7, minutes=50)}, "in about 8 h.", False),
        ({"calls_an_hour": 1.0}, "lasts for more than a day.", False),
        ({"calls_an_hour": -5.0}, "does not rise", False),
        ({}, "No forecast yet", False),
        ({"calls_an_hour": 1.0, "checked_at": NOON - 2 * HOUR}, "No call within the last hour.", False),
        ({"used": 800, "free_at": NOON + 3 * HOUR}, "in about 3 h, and it goes on then.", True),
        ({"used": 800}, "looks again every 15 minutes", True),
        ({"used": 800, "checked_at": NOON - 25 * HOUR}, "The next call learns the new count.", False),
    ],
)
def test_the_outlook_says_what_to_expect(known, words, is_alarming):
    budget = Budget(**{"used": 600, "limit": 1000, "reserve_percent": 20, "checked_at": NOON} | known)

    outlook = budgets.outlook_of(budget, now=NOON)

    assert words in outlook[0] and outlook[1] == is_alarming


def test_the_parts_of_the_bar_and_the_curve_stay_within_their_drawing(acme: Acme):
    for hours_ago, used in ((23, 100), (2, 14_000), (1, 15_400), (0, 15_200)):
        at = NOON - hours_ago * HOUR
        budgeting.note(acme.credential, used=used, limit=15_000, own_calls=5_000, now=at)
    acme.credential.refresh_from_db()

    (account,) = budgets.of_accounts([acme.credential], now=NOON)

    assert account.bar and account.curve
    assert account.bar.own + account.bar.others <= account.bar.reserved_x + 0.2 <= account.bar.width + 0.2
    assert account.bar.reserved == 0
    places = [tuple(map(float, point.split())) for point in account.curve.used.removeprefix("M").split("L")]
    assert len(places) == 4 and all(0 <= x <= account.curve.now_x + 0.1 and 0 <= y <= 80 for x, y in places)
    assert account.curve.forecast == ""


def test_one_reading_draws_no_curve(acme: Acme):
    budgeting.note(acme.credential, used=10, limit=15_000, own_calls=1, now=NOON)
    acme.credential.refresh_from_db()

    (account,) = budgets.of_accounts([acme.credential], now=NOON)

    assert account.bar and account.curve is None
