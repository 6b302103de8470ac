"""When a failed step is tried again, as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations.providers.base import ErrorClass
from workflows.definition.retrying import (
    POLICIES,
    RetryPolicy,
    counts_as_try,
    next_try,
    pauses_lane,
    policy_for,
)
from workflows.definition.schema import RetryOverrides

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = RetryPolicy(tries=5, base_seconds=10, factor=2, cap_seconds=60, total_seconds=600)


def wait(*, tries, after=0.0, retry_after=None, chance=0.0, policy=POLICY):
    now = START + timedelta(seconds=after)
    due = next_try(policy, tries=tries, first_tried_at=START, now=now, retry_after=retry_after, random=lambda: chance)
    return None if due is None else (due - now).total_seconds()


@pytest.mark.parametrize(
    ("tries", "chance", "seconds"),
    [
        (1, 0.0, 10),
        (2, 0.0, 20),
        (3, 0.0, 40),
        (4, 0.0, 60),  # capped
        (1, 1.0, 5),
        (3, 0.5, 30),
        (5, 0.0, None),  # all tries used up
        (6, 0.0, None),
    ],
)
def test_waits_double_up_to_the_cap_with_up_to_half_left_to_chance(tries, chance, seconds):
    assert wait(tries=tries, chance=chance) == seconds


@pytest.mark.parametrize(
    ("retry_after", "chance", "seconds"),
    [(5, 0.0, 10), (30, 0.0, 30), (30, 1.0, 33), (0, 0.0, 10), (-3, 1.0, 5), (700, 0.0, None), (1e18, 0.0, None)],
)
def test_we_never_come_back_earlier_than_asked(retry_after, chance, seconds):
    assert wait(tries=1, retry_after=retry_after, chance=chance) == seconds


@pytest.mark.parametrize(("after", "seconds"), [(589, 10), (590, 10), (591, None), (10_000, None)])
def test_nothing_is_tried_after_the_total_time(after, seconds):
    assert wait(tries=1, after=after) == seconds


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("error_class", [ErrorClass.TRANSIENT, ErrorClass.UNKNOWN_OUTCOME, ErrorClass.RATE_LIMITED])
def test_a_run_outlasts_an_outage_of_two_hours(error_class, chance):
    elapsed, tries = 0.0, 1
    while elapsed <= 2 * 3600:
        seconds = wait(tries=tries, after=elapsed, chance=chance, policy=POLICIES[error_class])
        assert seconds is not None, f"gave up after {elapsed:.0f} s"
        elapsed, tries = elapsed + seconds, tries + 1


def test_a_rate_limit_of_a_whole_day_is_outlasted():
    assert wait(tries=90, after=86_400, policy=POLICIES[ErrorClass.RATE_LIMITED]) is not None


@pytest.mark.parametrize("error_class", [ErrorClass.PERMANENT, ErrorClass.CREDENTIAL])
def test_what_time_does_not_mend_is_not_tried_again(error_class):
    assert wait(tries=1, policy=policy_for(error_class, RetryOverrides(tries=50, total_seconds=9_999))) is None


def test_a_very_large_number_of_tries_does_not_overflow():
    policy = RetryPolicy(tries=10**6, base_seconds=1, factor=10, cap_seconds=60, total_seconds=600)

    assert wait(tries=10**5, policy=policy) == 60


@pytest.mark.parametrize(
    ("error_class", "uses_up_a_try", "holds_up_the_lane"),
    [
        ("transient", True, False),
        ("unknown_outcome", True, False),
        ("permanent", True, False),
        ("rate_limited", False, True),
        ("credential", False, True),
    ],
)
def test_limits_and_lost_credentials_pause_the_lane_and_use_up_no_try(error_class, uses_up_a_try, holds_up_the_lane):
    assert counts_as_try(ErrorClass(error_class)) is uses_up_a_try
    assert pauses_lane(ErrorClass(error_class)) is holds_up_the_lane


def test_a_step_may_wish_for_other_figures():
    policy = policy_for(ErrorClass.TRANSIENT, RetryOverrides(tries=3, base_seconds=1.5))
    usual = POLICIES[ErrorClass.TRANSIENT]

    assert (policy.tries, policy.base_seconds, policy.cap_seconds) == (3, 1.5, usual.cap_seconds)
    assert policy_for(ErrorClass.RATE_LIMITED, RetryOverrides(tries=3)) == POLICIES[ErrorClass.RATE_LIMITED]
