"""What the states of runs and steps are called on the pages, and how they look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.providers.base import ErrorClass
from workflows.models import Run, RunState, StepRun, StepState


@dataclass(frozen=True)
class Words:
    """A state as people read it. `tone` is one of the status pill's: ok, bad, warn, busy, idle."""

    label: str
    tone: str
    icon: str
    explanation: str = ""


_RUNNING = Words("Running", "busy", icon="loader-2", explanation="A worker is on it.")
_RUNS = {
    RunState.QUEUED: Words("Queued", "busy", icon="clock", explanation="It starts as soon as its turn comes."),
    RunState.WAITING: Words("Waiting to go on", "warn", icon="hourglass", explanation="It goes on by itself."),
    RunState.PARKED: Words(
        "Waiting for the user to connect again",
        "warn",
        icon="plug-connected-x",
        explanation="The account's connection is no longer valid. The run goes on when the user has connected again.",
    ),
    RunState.ASKING: Words(
        "Needs a decision",
        "warn",
        icon="help-circle",
        explanation="It can not be told whether the last call took effect. Look into the account, then decide below.",
    ),
    RunState.SUCCEEDED: Words("Succeeded", "ok", icon="circle-check"),
    RunState.FAILED: Words("Failed", "bad", icon="alert-circle"),
    RunState.CANCELLED: Words(
        "Cancelled", "idle", icon="circle-minus", explanation="A member of the project stopped it."
    ),
}
_STEPS = {
    StepState.CALLING: _RUNNING,
    StepState.WAITING: Words("Waiting to be tried again", "warn", icon="hourglass"),
    StepState.SUCCEEDED: Words("Succeeded", "ok", icon="circle-check"),
    StepState.FAILED: Words("Failed", "bad", icon="alert-circle"),
    StepState.ASKING: Words("Needs a decision", "warn", icon="help-circle"),
}
NOT_REACHED = Words("Not reached", "idle", icon="circle-dashed")
UP_NEXT = Words("Up next", "busy", icon="clock")


_KINDS = {
    ErrorClass.PERMANENT: "The same call would fail again, so it is not tried again by itself.",
    ErrorClass.TRANSIENT: "Such errors pass, so the call is tried again by itself.",
    ErrorClass.RATE_LIMITED: "The limit passes, so the call is tried again by itself.",
    ErrorClass.UNKNOWN_OUTCOME: "It is not known whether the call took effect.",
    ErrorClass.CREDENTIAL: "The account has to be connected again.",
}


def error_kind(error: Mapping[str, Any]) -> str:
    """What the class of an error means for the run; empty where it has none that we know."""
    return _KINDS.get(error.get("class", ""), "")


def run_words(run: Run) -> Words:
    """How a run stands."""
    if run.state == RunState.QUEUED and run.started_at:
        return _RUNNING
    return _RUNS[RunState(run.state)]


def why_it_stands(run: Run, *, now: datetime) -> str:
    """Why a run stands where it does: its own reason where it has one that holds, else what its state means."""
    words = run_words(run)
    match run.state:
        case RunState.WAITING | RunState.ASKING | RunState.CANCELLED:
            return run.wait_reason or words.explanation
        case RunState.QUEUED if paused_until(run, now=now):
            return run.lane.pause_reason
        case RunState.QUEUED if run.wait_reason != run.lane.pause_reason:  # which runs keep when the pause is over
            return run.wait_reason or words.explanation
        case _:
            return words.explanation


def paused_until(run: Run, *, now: datetime) -> datetime | None:
    """When the run's lane is looked at again, where a rate limit or a used-up API budget has stopped it."""
    until = run.lane.paused_until
    return until if run.state == RunState.QUEUED and until and until > now else None


def step_words(step_run: StepRun) -> Words:
    """How a step that was begun stands."""
    return _STEPS[StepState(step_run.state)]


def in_words(length: timedelta) -> str:
    """A length of time, as exact as one cares to read: "312 ms", "4.2 s", "3 min 5 s", "2 h 3 min", "5 d 1 h"."""
    seconds = max(0.0, length.total_seconds())
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    at = next(at for at, (_, size) in enumerate(units) if seconds >= size)
    whole = int(seconds)
    (first, first_size), (second, second_size) = units[at], units[at + 1]
    rest = whole % first_size // second_size
    return f"{whole // first_size} {first}" + (f" {rest} {second}" if rest else "")


def duration_of(started_at: datetime | None, finished_at: datetime | None) -> str:
    """How long something took; empty while it goes on."""
    return in_words(finished_at - started_at) if started_at and finished_at else ""
