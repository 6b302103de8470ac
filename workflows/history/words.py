"""What the states of runs and steps are called on the pages, and how they look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.providers.base import ErrorClass
from workflows.engine import waits
from workflows.models import Run, RunState, StepRun, StepState
from workflows.querysets import STUCK_CRASHES


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
    RunState.FAILED: Words(
        "Failed", "bad", icon="alert-circle", explanation="It is not tried again by itself. It can be replayed."
    ),
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
_STOPPED = Words("Stopped", "idle", icon="circle-minus")
NOT_REACHED = Words("Not reached", "idle", icon="circle-dashed")
UP_NEXT = Words("Up next", "busy", icon="clock")


_FAILED = {
    ErrorClass.PERMANENT: "The same call would fail again, so it is not tried again by itself. Mend the cause, then replay.",
    ErrorClass.TRANSIENT: "Such errors pass, but its tries are used up: it is not tried again by itself. Replay the run.",
    ErrorClass.RATE_LIMITED: "The limit passes, but its tries are used up: it is not tried again by itself. Replay the run.",
    ErrorClass.UNKNOWN_OUTCOME: "It is not known whether the call took effect. Look into the account before you replay.",
    ErrorClass.CREDENTIAL: "The account has to be connected again. Replay the run then.",
}
_GOES_ON = {
    ErrorClass.PERMANENT: "The same call would fail again, so it is not tried again by itself.",
    ErrorClass.TRANSIENT: "Such errors pass, so the call is tried again by itself.",
    ErrorClass.RATE_LIMITED: "The limit passes, so the call is tried again by itself.",
    ErrorClass.UNKNOWN_OUTCOME: "It is not known whether the call took effect. That is found out before it is sent again.",
    ErrorClass.CREDENTIAL: "The account has to be connected again. The run goes on then.",
}


def what_follows(error: Mapping[str, Any], run: Run) -> str:
    """What an error of its step means for a run, as it stands; empty where the error has no class that we know."""
    error_class = error.get("class", "")
    match run.state:
        case RunState.FAILED:
            return _FAILED.get(error_class, "")
        case RunState.CANCELLED:
            return "The run was cancelled, so it is not tried again."
        case RunState.ASKING:
            return "It is not known whether the call took effect."
        case _:
            return _GOES_ON.get(error_class, "")


def run_words(run: Run, *, now: datetime) -> Words:
    """How a run stands. Its lane has to be there."""
    if waits.is_held_up(run, now=now):
        return _RUNS[RunState.WAITING]
    if run.state == RunState.QUEUED and run.started_at:
        return _RUNNING
    return _RUNS[RunState(run.state)]


def why_it_stands(run: Run, *, now: datetime) -> str:
    """Why a run stands where it does: its own reason where it has one that holds, else what its state means."""
    words = run_words(run, now=now)
    match run.state:
        case RunState.QUEUED if waits.is_held_up(run, now=now):
            return run.lane.pause_reason or words.explanation
        case RunState.QUEUED if run.lane.crashes >= STUCK_CRASHES:
            return (
                f"Work on this account's runs has crashed {run.lane.crashes} times in a row. Isthmus finds the run at fault, "
                "sets it aside and goes on with the others."
            )
        case RunState.QUEUED | RunState.WAITING | RunState.ASKING | RunState.CANCELLED:
            return run.wait_reason or words.explanation
        case RunState.FAILED if run.error and not run.error.get("step_key"):
            return " ".join(filter(None, (str(run.error.get("message") or ""), str(run.error.get("advice") or ""))))
        case _:
            return words.explanation


def reason_in_row(run: Run, *, now: datetime) -> str:
    """The same for a row of a list, where one is worth its room."""
    if run.state == RunState.WAITING or waits.is_held_up(run, now=now):
        return why_it_stands(run, now=now)
    return ""


def paused_until(run: Run, *, now: datetime) -> datetime | None:
    """When the run's lane is looked at again, where a rate limit or a used-up API budget has stopped it."""
    return run.lane.paused_until if waits.is_held_up(run, now=now) else None


def step_words(step_run: StepRun, run: Run) -> Words:
    """How a step that was begun stands. What it waited for is over when its run has ended."""
    if run.has_ended and step_run.state in (StepState.WAITING, StepState.CALLING):
        return _STOPPED
    return _STEPS[StepState(step_run.state)]


def tries_words(step_run: StepRun) -> str:
    """How many tries a step has used up. A call that a rate limit or the log-in stopped used up none."""
    match step_run.tries:
        case 0:
            return "No try used up" if step_run.api_calls else "Not tried"
        case 1:
            return "1 try"
        case tries:
            return f"{tries} tries"


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
