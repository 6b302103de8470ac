"""When a step that failed is tried again: pure functions of the error's class, the tries so far and the time.

How the engine uses it. A step's executor says which class its error is of, and then:

- `transient` and `unknown_outcome`: the step has used up a try. `next_try` says when the run is due again; None means
  that it is given up on and joins the list of what can be replayed. After an unknown outcome the executor looks first
  whether the call arrived, where sending it twice would do harm.
- `rate_limited`: nobody's fault and everybody's, so the *lane* pauses and the run keeps its tries (`counts_as_try` is
  False). `next_try` is asked with the number of pauses in a row and the time of the first of them; a call that gets
  through ends the row.
- `credential`: no clock helps, `next_try` gives None at once. The lane is parked until the end user has reconnected
  (`pauses_lane`), and its runs go on from there with all of their tries.
- `permanent`: the step fails at once, with the provider's own words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Final

from integrations.providers.base import ErrorClass
from workflows.definition.schema import RetryOverrides


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how far apart. The wait doubles (`factor`) from `base_seconds` up to `cap_seconds`.

    `tries` counts the first one as well; nothing is tried later than `total_seconds` after that.
    """

    tries: int
    base_seconds: float
    factor: float
    cap_seconds: float
    total_seconds: float

    def wait_seconds(self, tries: int) -> float:
        """The wait after so many tries, before jitter."""
        exponent = min(max(tries, 1) - 1, 64)
        return float(min(self.cap_seconds, self.base_seconds * self.factor**exponent))


MINUTE: Final = 60
HOUR: Final = 60 * MINUTE

POLICIES: Final = {
    ErrorClass.TRANSIENT: RetryPolicy(20, 10, 2, 30 * MINUTE, 24 * HOUR),
    ErrorClass.UNKNOWN_OUTCOME: RetryPolicy(20, 5, 2, 30 * MINUTE, 24 * HOUR),
    ErrorClass.RATE_LIMITED: RetryPolicy(1_000, 15, 2, 15 * MINUTE, 48 * HOUR),
    ErrorClass.PERMANENT: RetryPolicy(1, 1, 1, 1, 1),
    ErrorClass.CREDENTIAL: RetryPolicy(1, 1, 1, 1, 1),
}
"""With the shortest waits, transient errors and unknown outcomes are tried for more than two and a half hours, so that
an outage of two hours fails no run; rate limits for two days, since a daily limit is counted over 24 hours."""

JITTER: Final = 0.5
"""Up to this share of a wait is left to chance, so that what failed together does not come back together."""

AFTER_JITTER: Final = 0.1
"""The same, on top of the wait that a `Retry-After` demands."""


def policy_for(error_class: ErrorClass, overrides: RetryOverrides | None = None) -> RetryPolicy:
    """The policy for a class of error, with a step's own wishes where the class is tried again at all."""
    policy = POLICIES[error_class]
    if overrides is None or error_class not in (ErrorClass.TRANSIENT, ErrorClass.UNKNOWN_OUTCOME):
        return policy
    wishes = {item.name: getattr(overrides, item.name) for item in fields(overrides)}
    return replace(policy, **{name: wish for name, wish in wishes.items() if wish is not None})


def counts_as_try(error_class: ErrorClass) -> bool:
    """Whether an error uses up one of the run's tries."""
    return error_class not in (ErrorClass.RATE_LIMITED, ErrorClass.CREDENTIAL)


def pauses_lane(error_class: ErrorClass) -> bool:
    """Whether an error holds up all of the credential's runs, and not the one that met it alone."""
    return error_class in (ErrorClass.RATE_LIMITED, ErrorClass.CREDENTIAL)


def next_try(
    policy: RetryPolicy,
    *,
    tries: int,
    first_tried_at: datetime,
    now: datetime,
    retry_after: float | None,
    random: Callable[[], float],
) -> datetime | None:
    """When to try again after `tries` tries; None to give up.

    `retry_after` are the seconds that the other side asked us to wait; we never come back earlier. `random` gives
    numbers from 0 to 1.
    """
    if tries >= policy.tries:
        return None
    wait = policy.wait_seconds(tries) * (1 - JITTER * random())
    if retry_after is not None:
        wait = max(wait, max(retry_after, 0) * (1 + AFTER_JITTER * random()))
    if wait > policy.total_seconds:
        return None
    due = now + timedelta(seconds=wait)
    return due if due <= first_tried_at + timedelta(seconds=policy.total_seconds) else None
