"""What became of each event: of the healthy ones, and of the poisoned ones by their kind."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from benchmarks.chaos.poison import Ending
from benchmarks.chaos.sending import CRASHED, Sent

_ENDINGS: dict[str, Ending] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "asking": "asked",
    "cancelled": "cancelled",
}
_WORDLESS = frozenset({"", "internal_error"})
"""Codes of errors that tell nobody what to do."""


@dataclass(frozen=True)
class EndedRun:
    """One run as the database has it, after everything has come to rest."""

    state: str
    code: str = ""
    message: str = ""
    received_at: float = 0.0
    """Unix seconds, by the event's own time."""
    finished_at: float = 0.0
    """0 for one that is open."""

    @property
    def seconds(self) -> float:
        return self.finished_at - self.received_at


RUNS = (
    "SELECT r.id, r.state, CAST(r.error AS text), e.received_at, r.finished_at"
    " FROM workflows_run r JOIN workflows_event e ON e.id = r.event_id"
)


def read_runs(rows: Iterable[tuple[Any, ...]]) -> dict[str, EndedRun]:
    """Read the rows of the statement `RUNS`, by run id."""
    runs = {}
    for run_id, state, error, received_at, finished_at in rows:
        told = (json.loads(error) if error else None) or {}
        code, message = str(told.get("code", "")), str(told.get("message", ""))
        runs[str(UUID(str(run_id)))] = EndedRun(state, code, message, _unix(received_at), _unix(finished_at))
    return runs


def _unix(moment: Any) -> float:
    """Read a time as either database gives it; SQLite has text in UTC."""
    if moment is None:
        return 0.0
    read = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return float((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())


def run_of(event: Sent, runs: Mapping[str, EndedRun]) -> EndedRun | None:
    """Give the run that the event's receipt names."""
    return runs.get(event.runs[0]) if event.runs else None


def ending_of(event: Sent, runs: Mapping[str, EndedRun]) -> Ending:
    if event.status == CRASHED:
        return "crashed"
    if event.is_refused:
        return "refused"
    if not event.is_accepted:
        return "unanswered"
    run = run_of(event, runs)
    return _ENDINGS.get(run.state, "open") if run else "without a run"


@dataclass
class KindOfPoison:
    """What became of all events of one kind."""

    sent: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """By code."""
    failed: Counter[str] = field(default_factory=Counter)
    """By code; also those that ask somebody."""
    others: Counter[Ending] = field(default_factory=Counter)

    @property
    def line(self) -> str:
        ends = {"refused": self.refused, "failed": self.failed, "": self.others}
        told = [f"{name} {code} {count}".strip() for name, counts in ends.items() for code, count in counts.items()]
        return f"{self.sent} sent: {', '.join(told)}"


def by_kind(sent: Mapping[int, Sent], runs: Mapping[str, EndedRun]) -> dict[str, KindOfPoison]:
    kinds: dict[str, KindOfPoison] = defaultdict(KindOfPoison)
    for event in sent.values():
        if event.poison is None:
            continue
        kind, ending, run = kinds[event.poison.name], ending_of(event, runs), run_of(event, runs)
        kind.sent += 1
        if ending == "refused":
            kind.refused[event.code] += 1
        elif ending == "failed" and run:
            kind.failed[run.code] += 1
        else:
            kind.others[ending] += 1
    return kinds


def harms(event: Sent, runs: Mapping[str, EndedRun], kept: str | None) -> list[str]:
    """Say what is wrong with what became of a poisoned event, in words that many events share.

    `kept` is the text that stands in its record; None where there is no record.
    """
    poison = event.poison
    assert poison is not None
    ending, run, found = ending_of(event, runs), run_of(event, runs), []
    if ending not in poison.endings:
        found.append(f"{ending}, not {' or '.join(sorted(poison.endings))}")
    if run and ending in ("failed", "asked") and (run.code in _WORDLESS or not run.message):
        found.append(f"{ending} without words: {run.code or 'no code'}")
    if ending == "failed" and kept is not None:
        found.append("failed, and there is a record all the same")
    if ending == "succeeded" and kept is None:
        found.append("succeeded, and there is no record")
    if ending == "succeeded" and poison.kept and kept is not None and kept != poison.kept:
        found.append(f"arrived as something else: {kept[:60]}")
    if event.is_taken_twice:
        found.append("taken twice with one key")
    return found
