"""What intake and engine count. A call here costs one to three microseconds, and never fails nor waits for a disk."""

from collections.abc import Iterable
from functools import cache

from prometheus_client import Counter, Histogram

_CALL_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_ANSWER_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_RUN_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
_GROUP_SIZES = (1, 2, 5, 10, 20, 50, 100, 200)

_requests = Counter("isthmus_intake_requests", "Requests to the event endpoint, by what was answered.", ["code"])
_request_seconds = Histogram(
    "isthmus_intake_seconds", "How long the event endpoint took, commit included.", buckets=_ANSWER_SECONDS
)
_commit_events = Histogram("isthmus_intake_commit_events", "Events that shared one commit.", buckets=_GROUP_SIZES)

_group_runs = Histogram(
    "isthmus_group_runs", "Runs whose step was done by one execution of its action.", ["action"], buckets=_GROUP_SIZES
)
_action_seconds = Histogram(
    "isthmus_action_seconds", "How long one execution of an action took.", ["action"], buckets=_CALL_SECONDS
)
_provider_calls = Counter("isthmus_provider_calls", "API calls made by actions.", ["provider"])
_retries = Counter("isthmus_step_retries", "Steps that will be tried again, by class of error.", ["error_class"])
_unknown_outcomes = Counter("isthmus_unknown_outcomes", "Calls of which nobody knows yet whether they happened.")
_crashes = Counter("isthmus_step_crashes", "Actions that ended by an error of Isthmus' own.")
_runs_ended = Counter("isthmus_runs_ended", "Runs that ended, by state.", ["state"])
_run_seconds = Histogram(
    "isthmus_run_seconds", "From an event's arrival to the success of its run.", buckets=_RUN_SECONDS
)
_lease_losses = Counter("isthmus_lease_losses", "Leases that went to another worker while this one was at work.")
_lane_pauses = Counter("isthmus_lane_pauses", "Pauses of lanes, by their cause.", ["cause"])

# Bound once: looking a child up by its labels costs as much as counting.
_requests_of = cache(_requests.labels)
_retries_of = cache(_retries.labels)
_runs_ended_of = cache(_runs_ended.labels)
_pauses_of = cache(_lane_pauses.labels)
_calls_of = cache(_provider_calls.labels)
_group_of = cache(_group_runs.labels)
_seconds_of = cache(_action_seconds.labels)
# What alerts ask for exists from the start, so that its first increase is seen as one.
for _code in ("accepted", "server_error", "database_unavailable", "database_read_only", "disk_full"):
    _requests_of(_code)
for _state in ("succeeded", "failed", "cancelled"):
    _runs_ended_of(_state)


def request_answered(code: str, seconds: float) -> None:
    """`code`: "accepted", "repeated", or the error's code."""
    _requests_of(code).inc()
    _request_seconds.observe(seconds)


def commit_shared(events: int) -> None:
    _commit_events.observe(events)


def group_done(action: str, *, runs: int, seconds: float, api_calls: float) -> None:
    """`action`: "salesforce.create_record"; its first word is the provider."""
    _group_of(action).observe(runs)
    _seconds_of(action).observe(seconds)
    _calls_of(action.partition(".")[0]).inc(api_calls)


def step_retried(error_class: str) -> None:
    _retries_of(error_class).inc()


def outcome_unknown() -> None:
    _unknown_outcomes.inc()


def step_crashed() -> None:
    _crashes.inc()


def runs_ended(state: str, runs: int = 1) -> None:
    _runs_ended_of(state).inc(runs)


def runs_succeeded(seconds: Iterable[float]) -> None:
    """Those of one group, with how long each took since its event arrived."""
    number = 0
    for each in seconds:
        _run_seconds.observe(each)
        number += 1
    _runs_ended_of("succeeded").inc(number)


def lease_lost() -> None:
    _lease_losses.inc()


def lane_paused(cause: str) -> None:
    """`cause`: "rate_limited" or "budget"."""
    _pauses_of(cause).inc()
