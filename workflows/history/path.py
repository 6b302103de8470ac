"""A run's path through its version's steps, as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from integrations.accounts import used_accounts
from integrations.models import Credential
from integrations.providers import registry
from workflows.history.words import NOT_REACHED, UP_NEXT, Words, duration_of, step_words
from workflows.models import Run, StepRun


@dataclass(frozen=True)
class StepOnPath:
    """One step of the version, with what this run did there. `step_run` is None where the run has not been."""

    number: int
    key: str
    name: str
    summary: str
    icon: str
    words: Words
    step_run: StepRun | None = None
    record_id: str = ""
    record_url: str = ""
    duration: str = ""

    @property
    def mark(self) -> str:
        """Changes when what is shown changes: the page keeps a viewer that the reader has opened as long as it stays."""
        return f"{self.key}-{self.step_run.state}-{self.step_run.tries}" if self.step_run else self.key


def path_of(run: Run) -> list[StepOnPath]:
    """The steps of the run's version in their order."""
    done = {step_run.step_key: step_run for step_run in run.step_runs.in_order()}
    steps = run.version.definition.get("steps") or []
    return [_on_path(run, at, step, done.get(step.get("key", ""))) for at, step in enumerate(steps)]


def _on_path(run: Run, at: int, step: Mapping[str, Any], step_run: StepRun | None) -> StepOnPath:
    action = registry.action(step.get("type", ""))
    summary = action.summary(step.get("inputs") or {}) if action else step.get("type", "")
    is_next = not run.has_ended and at == run.position
    record_id = _record_id(step_run)
    return StepOnPath(
        number=at + 1,
        key=step.get("key", ""),
        name=step.get("name") or summary,
        summary=summary,
        icon=action.icon if action else "puzzle",
        words=step_words(step_run, run) if step_run else UP_NEXT if is_next else NOT_REACHED,
        step_run=step_run,
        record_id=record_id,
        record_url=record_url(run.lane.credential, record_id),
        duration=duration_of(step_run.started_at, step_run.finished_at) if step_run else "",
    )


def _record_id(step_run: StepRun | None) -> str:
    output = step_run.output if step_run else None
    found = (output.get("id") or output.get("Id")) if isinstance(output, dict) else None
    return found if isinstance(found, str) else ""


def accounts_of(run: Run, path: Sequence[StepOnPath]) -> list[str]:
    """Name the accounts that the run's calls were made with; while it has made none, the one that it would use now.

    The user may have connected again since, as somebody else of the same org.
    """
    credential = run.lane.credential
    called = [at for step in path if (at := _last_called_at(step.step_run))]
    return used_accounts(credential, called) if called else [str(credential)]


def _last_called_at(step_run: StepRun | None) -> datetime | None:
    """When the step's call was made, as near as is kept: an ended call's end, an open one's beginning."""
    if step_run is None:
        return None
    return step_run.finished_at or step_run.repeated_at or step_run.called_at or step_run.started_at


def record_url(credential: Credential, record_id: str) -> str:
    """Where the record stands in the user's account; empty when that is not known."""
    home = str(credential.provider_data.get("instance_url") or "")
    if not record_id or urlsplit(home).scheme not in ("http", "https"):
        return ""
    return f"{home.rstrip('/')}/{quote(record_id, safe='')}"
