"""What each outcome means for the step and its run, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.providers.base import ErrorClass, Outcome, OutcomeKind
from workflows.definition.schema import RetryOverrides
from workflows.engine.judging import judge

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def verdict_on(kind, error_class=None, *, tries=1, first=NOW, overrides=None, was_call_open=False, **outcome):
    error = {"class": error_class, "code": "SOME_CODE", "message": "words"} if error_class else None
    return judge(
        Outcome(kind, error=error, **outcome),
        tries=tries,
        first_tried_at=first,
        now=NOW,
        overrides=overrides,
        random=lambda: 0.0,
        was_call_open=was_call_open,
    )


@pytest.mark.parametrize(
    ("kind", "error_class", "step", "run", "is_call_open", "counts"),
    [
        (OutcomeKind.DONE, None, "succeeded", "succeeded", False, True),
        (OutcomeKind.FAILED, ErrorClass.PERMANENT, "failed", "failed", False, True),
        (OutcomeKind.FAILED, ErrorClass.TRANSIENT, "waiting", "waiting", False, True),
        (OutcomeKind.FAILED, ErrorClass.RATE_LIMITED, "waiting", "queued", False, False),
        (OutcomeKind.FAILED, ErrorClass.CREDENTIAL, "waiting", "parked", False, False),
        (OutcomeKind.UNKNOWN, ErrorClass.UNKNOWN_OUTCOME, "waiting", "waiting", True, True),
        (OutcomeKind.ASK, ErrorClass.UNKNOWN_OUTCOME, "asking", "asking", True, True),
    ],
)
def test_each_outcome_leads_to_its_states(kind, error_class, step, run, is_call_open, counts):
    verdict = verdict_on(kind, error_class)

    assert (verdict.step_state, verdict.run_state) == (step, run)
    assert (verdict.is_call_open, verdict.counts_as_try) == (is_call_open, counts)


def test_a_transient_error_is_given_up_on_only_after_hours():
    assert (
        verdict_on(OutcomeKind.FAILED, ErrorClass.TRANSIENT, tries=15, first=NOW - timedelta(hours=2)).run_state
        == "waiting"
    )
    assert (
        verdict_on(OutcomeKind.FAILED, ErrorClass.TRANSIENT, tries=20, first=NOW - timedelta(hours=5)).run_state
        == "failed"
    )


def test_an_unknown_outcome_that_never_became_known_is_asked_about_and_never_failed():
    assert verdict_on(OutcomeKind.UNKNOWN, ErrorClass.UNKNOWN_OUTCOME, tries=20).run_state == "asking"


def test_a_rate_limit_pauses_the_lane_for_as_long_as_the_provider_says():
    verdict = verdict_on(OutcomeKind.FAILED, ErrorClass.RATE_LIMITED, retry_after=300)

    assert verdict.pause and verdict.pause.until == NOW + timedelta(seconds=300) and verdict.wake_at == NOW
    assert (verdict.pause.cause, verdict.pause.reason) == ("rate_limited", "SOME_CODE: words")


def test_a_dead_credential_parks_the_lane():
    assert verdict_on(OutcomeKind.FAILED, ErrorClass.CREDENTIAL).parks_lane


def test_a_step_may_want_fewer_tries():
    assert (
        verdict_on(OutcomeKind.FAILED, ErrorClass.TRANSIENT, tries=2, overrides=RetryOverrides(tries=2)).run_state
        == "failed"
    )


def test_retry_after_is_obeyed():
    assert verdict_on(OutcomeKind.FAILED, ErrorClass.TRANSIENT, retry_after=600).wake_at >= NOW + timedelta(seconds=600)


@pytest.mark.parametrize(
    ("kind", "error_class", "is_call_open"),
    [
        (OutcomeKind.FAILED, ErrorClass.TRANSIENT, True),
        (OutcomeKind.FAILED, ErrorClass.RATE_LIMITED, True),
        (OutcomeKind.FAILED, ErrorClass.CREDENTIAL, True),
        (OutcomeKind.FAILED, ErrorClass.PERMANENT, False),
        (OutcomeKind.DONE, None, False),
    ],
)
def test_an_earlier_call_without_an_answer_stays_open_until_the_step_has_ended(kind, error_class, is_call_open):
    assert verdict_on(kind, error_class, was_call_open=True).is_call_open == is_call_open


def test_to_wait_for_what_may_still_happen_uses_up_no_try():
    only_too_early = {"counts_as_try": False, "was_sent": False, "retry_after": 20.0}
    verdict = verdict_on(
        OutcomeKind.UNKNOWN,
        ErrorClass.UNKNOWN_OUTCOME,
        tries=2,
        overrides=RetryOverrides(tries=2),
        **only_too_early,
    )

    assert verdict.run_state == "waiting" and not verdict.counts_as_try and verdict.is_call_open
    assert verdict.wake_at >= NOW + timedelta(seconds=20)
    much_later = verdict_on(
        OutcomeKind.UNKNOWN, ErrorClass.UNKNOWN_OUTCOME, first=NOW - timedelta(hours=25), **only_too_early
    )
    assert much_later.run_state == "asking"
