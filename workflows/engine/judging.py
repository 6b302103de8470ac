"""What an outcome means for the step and its run: pure, and told the time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.providers.base import ErrorClass, Outcome, OutcomeKind
from workflows.definition.retrying import next_try, policy_for
from workflows.definition.schema import RetryOverrides
from workflows.models import PauseCause, RunState, StepState

RATE_LIMIT_PAUSE_SECONDS = 60.0
"""How long a lane pauses when a provider says that it is too much, and not for how long."""


@dataclass(frozen=True)
class Pause:
    """For how long, why and by which cause (PauseCause) a lane stops."""

    until: datetime
    reason: str
    cause: str


@dataclass(frozen=True)
class Verdict:
    """The next states of a step and its run."""

    step_state: StepState
    run_state: RunState
    wake_at: datetime | None = None
    wait_reason: str = ""
    is_call_open: bool = False
    """Whether the call may have happened without our knowing."""
    counts_as_try: bool = True
    pause: Pause | None = None
    """Of the lane."""
    parks_lane: bool = False


def judge(
    outcome: Outcome,
    *,
    tries: int,
    first_tried_at: datetime,
    now: datetime,
    overrides: RetryOverrides | None,
    random: Callable[[], float],
    was_call_open: bool = False,
) -> Verdict:
    """Decide what follows from one step's outcome. `tries` counts this one; the run's next step is the caller's matter.

    `was_call_open`: an earlier call had no answer. That this one was certainly not done says nothing of that one, which a
    provider may yet commit late; so the call stays open until the step has ended.
    """
    if outcome.kind is OutcomeKind.DONE:
        return Verdict(StepState.SUCCEEDED, RunState.SUCCEEDED)
    if outcome.kind is OutcomeKind.ASK:
        return Verdict(StepState.ASKING, RunState.ASKING, wait_reason=message_of(outcome.error), is_call_open=True)
    is_unknown = outcome.kind is OutcomeKind.UNKNOWN
    is_call_open = is_unknown or was_call_open
    error_class = (
        ErrorClass.UNKNOWN_OUTCOME
        if is_unknown
        else ErrorClass((outcome.error or {}).get("class", ErrorClass.PERMANENT))
    )
    if error_class is ErrorClass.CREDENTIAL:
        return Verdict(
            StepState.WAITING, RunState.PARKED, is_call_open=is_call_open, counts_as_try=False, parks_lane=True
        )
    if error_class is ErrorClass.RATE_LIMITED:
        until = now + timedelta(seconds=outcome.retry_after or RATE_LIMIT_PAUSE_SECONDS)
        cause = PauseCause.DAILY_LIMIT if (outcome.error or {}).get("limit") == "daily" else PauseCause.RATE_LIMIT
        return Verdict(
            StepState.WAITING,
            RunState.QUEUED,
            wake_at=now,
            is_call_open=is_call_open,
            counts_as_try=False,
            pause=Pause(until, message_of(outcome.error), cause),
        )
    again_at = None
    if error_class is not ErrorClass.PERMANENT:
        again_at = next_try(
            policy_for(error_class, overrides),
            tries=tries if outcome.counts_as_try else max(1, tries - 1),
            first_tried_at=first_tried_at,
            now=now,
            retry_after=outcome.retry_after,
            random=random,
        )
    if again_at is not None:
        return Verdict(
            StepState.WAITING,
            RunState.WAITING,
            again_at,
            message_of(outcome.error),
            is_call_open=is_call_open,
            counts_as_try=outcome.counts_as_try,
        )
    if is_unknown:
        # It may have happened, so it has not failed: a person decides.
        return Verdict(StepState.ASKING, RunState.ASKING, wait_reason=message_of(outcome.error), is_call_open=True)
    return Verdict(StepState.FAILED, RunState.FAILED)


def message_of(error: Mapping[str, Any] | None) -> str:
    """One line of an error, for the run's list."""
    if not error:
        return ""
    code, message = str(error.get("code") or ""), str(error.get("message") or "")
    return (f"{code}: {message}" if code else message)[:300]
