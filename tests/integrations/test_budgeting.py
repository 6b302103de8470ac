"""API budgets: what is kept of the org's answers, and what they let one expect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from integrations import budgeting
from integrations.budgeting import SLOT, Budget, Reading, forecast
from integrations.models import ApiUsage
from integrations.tasks import keep_credentials_alive
from projects.models import AuditEntry
from tests.factories import make_connected_user, make_credential, make_integration, make_project, make_user

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def reading(ago: timedelta, used: int, own_calls: int = 0) -> Reading:
    at = NOON - ago
    return Reading(budgeting.slot_of(at), at, used, 1000, own_calls)


def expect(*found: Reading, used: int, reserve_percent: int = 20, told: timedelta = timedelta(0)) -> Budget:
    return forecast(found, used=used, limit=1000, checked_at=NOON - told, reserve_percent=reserve_percent, now=NOON)


@pytest.mark.parametrize(
    ("found", "used", "told", "an_hour", "spent_in"),
    [
        ([], 100, timedelta(0), None, None),
        ([reading(4 * MINUTE, 50)], 100, timedelta(0), None, None),
        ([reading(HOUR, 500)], 600, timedelta(0), 100, 2 * HOUR),
        ([reading(30 * MINUTE, 500)], 600, timedelta(0), 200, HOUR),
        ([reading(3 * HOUR, 0), reading(HOUR, 500)], 600, timedelta(0), 100, 2 * HOUR),
        ([reading(HOUR, 90)], 100, timedelta(0), 10, None),  # 70 hours
        ([reading(HOUR, 700)], 600, timedelta(0), -100, None),
        ([reading(HOUR, 600)], 600, timedelta(0), 0, None),
        ([reading(HOUR, 760)], 780, 20 * MINUTE, 30, 20 * MINUTE),
        ([reading(3 * HOUR, 100)], 600, 2 * HOUR, 500, None),  # of two hours ago: nobody knows what is now
    ],
)
def test_the_last_hours_rate_tells_when_the_share_is_used_up(found, used, told, an_hour, spent_in):
    budget = expect(*found, used=used, told=told)

    assert budget.calls_an_hour == (None if an_hour is None else pytest.approx(an_hour))
    assert budget.spent_at == (None if spent_in is None else NOON + spent_in)
    assert budget.free_at is None


@pytest.mark.parametrize(
    ("found", "used", "free_in"),
    [
        ([], 800, None),  # others' calls: when they leave the count is not known
        ([reading(23 * HOUR, 100, 100)], 850, HOUR + SLOT),
        ([reading(23 * HOUR, 50, 50), reading(20 * HOUR, 60, 10)], 850, 4 * HOUR + SLOT),
        ([reading(23 * HOUR, 50, 50)], 950, None),
    ],
)
def test_a_share_that_is_used_up_is_free_when_enough_own_calls_have_left_the_count(found, used, free_in):
    budget = expect(*found, used=used)

    assert budget.is_spent and budget.left == 0 and budget.spent_at is None
    assert budget.free_at == (None if free_in is None else NOON + free_in)


def test_the_parts_of_a_budget_make_up_the_limit():
    budget = expect(reading(HOUR, 300, own_calls=40), reading(MINUTE, 400, own_calls=60), used=450)

    assert (budget.own_calls, budget.used_by_others, budget.left, budget.reserved) == (100, 350, 350, 200)
    over = expect(used=900)
    assert (over.left, over.reserved) == (0, 100)


def test_calls_are_counted_in_slots_of_ten_minutes_and_the_last_count_stands():
    credential = make_credential()
    noon = NOON

    for minute, used, own in ((1, 10, 1), (9, 30, 3), (10, 35, 2)):
        budgeting.note(credential, used=used, limit=1000, own_calls=own, now=noon + minute * MINUTE)

    rows = ApiUsage.objects.order_by("since").values_list("since", "api_used", "own_calls", "checked_at")
    assert list(rows) == [(noon, 30, 4, noon + 9 * MINUTE), (noon + SLOT, 35, 2, noon + 10 * MINUTE)]
    credential.refresh_from_db()
    assert (credential.api_used, credential.api_limit, credential.api_checked_at) == (35, 1000, noon + 10 * MINUTE)
    budget = budgeting.budget_of(credential, now=noon + 11 * MINUTE)
    assert budget and (budget.used, budget.own_calls) == (35, 6)


def test_what_another_project_knows_of_the_org_is_not_told():
    here, there = make_credential(), make_credential(make_integration(make_project(name="Globex")))
    assert here.provider_id == there.provider_id
    now = timezone.now()
    budgeting.note(there, used=700, limit=1000, own_calls=600, now=now)

    here.refresh_from_db()
    assert budgeting.budget_of(here, now=now) is None
    budgeting.note(here, used=701, limit=1000, own_calls=1, now=now)
    here.refresh_from_db()
    budget = budgeting.budget_of(here, now=now)
    assert budget and budget.own_calls == 1


@pytest.mark.parametrize("counts_of_one_moment", [(900, 890), (890, 900)])
def test_orgs_come_once_those_nearest_to_their_limit_first(counts_of_one_moment):
    one, other = counts_of_one_moment
    integration = make_integration()
    now = timezone.now()
    for number, (org, used) in enumerate((("A", 10), ("B", one), ("B", other), ("C", 500), ("old", 990))):
        credential = make_credential(
            integration, make_connected_user(integration.project, f"user-{number}"), provider_id=org
        )
        told = now - timedelta(days=2) if org == "old" else now
        budgeting.note(credential, used=used, limit=1000, own_calls=1, now=told)

    found = budgeting.nearest_to_limit(integration, count=2, now=now)

    assert [(each.provider_id, each.api_used) for each in found] == [("B", 900), ("C", 500)]


def test_an_org_is_listed_with_the_newest_count_of_its_accounts_however_near_a_stale_one_was_to_the_limit():
    integration, now = make_integration(), timezone.now()
    stale, fresh = (
        make_credential(integration, make_connected_user(integration.project, name), provider_id="A")
        for name in ("stale", "fresh")
    )
    budgeting.note(stale, used=1000, limit=1000, own_calls=1, now=now - timedelta(minutes=30))
    budgeting.note(fresh, used=80, limit=1000, own_calls=1, now=now)

    [listed] = budgeting.nearest_to_limit(integration, count=5, now=now)
    stale.refresh_from_db()
    budget = budgeting.budget_of(stale, now=now)

    assert listed == fresh and listed.api_used == 80
    assert budget and budget.used == 80


def test_old_readings_are_forgotten_by_the_hourly_task():
    credential = make_credential()
    now = timezone.now()
    budgeting.note(credential, used=1, limit=1000, own_calls=1, now=now - timedelta(hours=26))
    budgeting.note(credential, used=2, limit=1000, own_calls=1, now=now - timedelta(hours=23))

    keep_credentials_alive()

    assert [row.api_used for row in ApiUsage.objects.all()] == [2]


def test_a_changed_reserve_is_in_the_audit_log_once():
    credential, ana = make_credential(), make_user()

    for percent in (50, 50, None):
        budgeting.set_reserve(credential, percent, by=ana)

    entries = AuditEntry.objects.filter(action="credential.reserve_changed").order_by("at")
    assert [(entry.details["before"], entry.details["percent"]) for entry in entries] == [(None, 50), (50, None)]
    credential.refresh_from_db()
    assert credential.api_reserve_percent is None
