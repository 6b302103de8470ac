"""What was promised, held against what stands in the org and in the database."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from benchmarks.chaos import endings
from benchmarks.chaos.endings import EndedRun
from benchmarks.chaos.lateness import MOST_SECONDS, Outages, Spread
from benchmarks.chaos.plan import Plan
from benchmarks.chaos.sending import Sent
from benchmarks.chaos.stage import Stage

GIVE_BACK_SECONDS = 3.0


@dataclass
class Findings:
    """Counts for the table, and every violation in words."""

    counts: dict[str, int | str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    poison: dict[str, str] = field(default_factory=dict)
    """What became of each kind of poison, in words."""

    def expect_none(self, what: str, numbers: Iterable[int]) -> None:
        """Count `numbers`, of which there must be none."""
        found = sorted(numbers)
        self.counts[what] = len(found)
        if found:
            self.violations.append(f"{what}: {len(found)}, such as {', '.join(map(str, found[:5]))}")


_TEXT_FIELDS = {"Lead": ("FirstName", "Street"), "Every_Type__c": ("Phone__c", "Text__c")}
"""Where an event's number and its `code` stand in each kind of record."""


def check(stage: Stage, plan: Plan, sent: Mapping[int, Sent], outages: Outages, left_open: int) -> Findings:
    """Look at everything, after it has come to rest."""
    records: list[int] = []
    texts: dict[int, str] = {}
    for name, (number_field, text_field) in _TEXT_FIELDS.items():
        for record in stage.org.records(name):
            records.append(int(record[number_field]))
            texts[records[-1]] = record[text_field] or ""
    stored = Counter(
        int(json.loads(payload)["first_name"])
        for (payload,) in stage.rows("SELECT CAST(payload AS text) FROM workflows_event")
    )
    runs = endings.read_runs(stage.rows(endings.RUNS))
    findings = Findings()
    findings.counts["runs succeeded"] = sum(run.state == "succeeded" for run in runs.values())
    findings.counts["records in the org"] = len(records)
    check_once(findings, sent, Counter(records), stored)
    findings.counts["runs left open"] = left_open
    if left_open:
        findings.violations.append(f"runs left open: {left_open}")
    check_healthy(findings, plan, sent, runs, outages)
    check_poison(findings, sent, runs, texts)
    check_order(findings, plan, records, _tried_once(stage))
    check_limits(findings, plan, stage.org.calls()["at_once"], _slots_left(stage))
    return findings


def check_once(findings: Findings, sent: Mapping[int, Sent], records: Counter[int], stored: Counter[int]) -> None:
    accepted = {number for number, event in sent.items() if event.is_accepted}
    started = {number for number in accepted if sent[number].runs}
    promised = {number for number in started if sent[number].poison is None}
    refused = {number for number, event in sent.items() if event.is_refused}
    unanswered = set(sent) - accepted - refused
    findings.counts["accepted"] = len(accepted)
    findings.counts["of them without a run, as the receipt said"] = len(accepted - started)
    findings.counts["refused"] = len(refused)
    findings.counts["never answered"] = len(unanswered)
    findings.expect_none("accepted, and no record", (number for number in promised if not records[number]))
    findings.expect_none("more than one record", (number for number, count in records.items() if count > 1))
    findings.expect_none("a record without a promise", set(records) - started - unanswered)
    findings.expect_none("accepted, and not stored exactly once", (n for n in accepted if stored[n] != 1))
    findings.expect_none("refused, and stored all the same", (number for number in refused if stored[number]))
    findings.expect_none("good, and refused", (number for number in refused if sent[number].is_healthy))
    findings.expect_none("good, and answered 500", (n for n, each in sent.items() if each.is_healthy and each.crashes))
    findings.expect_none("bad, and accepted", (number for number in accepted if sent[number].is_bad))


def check_healthy(
    findings: Findings, plan: Plan, sent: Mapping[int, Sent], runs: Mapping[str, EndedRun], outages: Outages
) -> None:
    """Find healthy events whose run has not succeeded, or late."""
    late: dict[int, float] = {}
    whole: list[float] = []
    for number, event in sent.items():
        run = endings.run_of(event, runs) if event.is_healthy else None
        if run and run.state == "succeeded":
            whole.append(run.seconds)
            late[number] = run.seconds - outages.seconds_within(run.received_at, run.finished_at)
    findings.expect_none(
        "good, and its run did not succeed",
        (n for n, each in sent.items() if each.is_healthy and each.runs and n not in late),
    )
    clean = {number for number in late if plan.is_clean(number % plan.users)}
    findings.counts["seconds of outage: no worker, or no database"] = f"{outages.seconds_within(0, time.time()):.1f}"
    findings.counts["good, received to result, s: p50 / p99 / most"] = str(Spread.of(whole))
    findings.counts["  without the outages"] = str(Spread.of(late.values()))
    findings.counts["  of users who send poison"] = str(Spread.of(late[n] for n in set(late) - clean))
    findings.counts["  of users who send none"] = str(Spread.of(late[n] for n in clean))
    findings.expect_none(
        f"good, and late by more than {MOST_SECONDS:.0f} s", (n for n in late if late[n] > MOST_SECONDS)
    )


def check_poison(
    findings: Findings, sent: Mapping[int, Sent], runs: Mapping[str, EndedRun], texts: Mapping[int, str]
) -> None:
    """Find poisoned events that were neither refused, nor failed in words, nor have their record."""
    findings.counts["poisoned"] = sum(event.poison is not None for event in sent.values())
    findings.poison = {name: kind.line for name, kind in sorted(endings.by_kind(sent, runs).items())}
    found: dict[str, list[int]] = defaultdict(list)
    for number, event in sent.items():
        if event.poison:
            for harm in endings.harms(event, runs, texts.get(number)):
                found[f"poison, {event.poison.name}: {harm}"].append(number)
    for harm, numbers in sorted(found.items()):
        findings.expect_none(harm, numbers)


def _tried_once(stage: Stage) -> set[int]:
    """Return the numbers whose step was tried only once: they never stepped aside, nor were they set aside."""
    rows = stage.rows(
        "SELECT r.id, CAST(e.payload AS text) FROM workflows_event e JOIN workflows_run r ON r.event_id = e.id"
        " JOIN workflows_steprun s ON s.run_id = r.id WHERE s.tries = 1"
    )
    aside = stage.set_aside()
    return {int(json.loads(payload)["first_name"]) for run, payload in rows if str(UUID(str(run))) not in aside}


def check_order(findings: Findings, plan: Plan, records: Sequence[int], tried_once: set[int]) -> None:
    created: dict[int, list[int]] = defaultdict(list)
    for number in dict.fromkeys(records):
        created[number % plan.users].append(number)
    keyed = [numbers for user, numbers in created.items() if plan.is_ordered(user)]
    free = [numbers for user, numbers in created.items() if not plan.is_ordered(user)]
    findings.expect_none("out of order, with an `order by` key", _late(keyed))
    findings.counts["stepped aside for a retry, without a key"] = len(_late(free))
    first_tries = [[number for number in numbers if number in tried_once] for numbers in free]
    findings.expect_none("out of order at the first try, without a key", _late(first_tries))


def _slots_left(stage: Stage) -> int:
    """How many slots are held though nothing is open. The last results are written before their slot is given back."""
    ends_at = time.monotonic() + GIVE_BACK_SECONDS
    while (left := stage.held_slots()) and time.monotonic() < ends_at:
        time.sleep(0.1)
    return left


def check_limits(findings: Findings, plan: Plan, at_once: Mapping[str, int], slots_left: int) -> None:
    """`at_once`: the most calls that the org saw under way at once, by workflow.

    The org counts, not the step runs: a killed worker's call goes on in the org, and its step says that it is under way
    until another worker takes it over. That happens after the lease has lapsed, seconds later than any call lasts here, so
    the limit holds in the org whoever was killed.
    """
    findings.counts[f"calls at once of a workflow limited to {plan.limit}"] = max(at_once.values())
    findings.counts["slots left over"] = slots_left
    for workflow, most in at_once.items():
        if most > plan.limit:
            findings.violations.append(f"calls at once of the {workflow} workflow, limited to {plan.limit}: {most}")
    if slots_left:
        findings.violations.append(f"slots left over: {slots_left}")


def _late(created: Iterable[Sequence[int]]) -> list[int]:
    """Those that were created after one that was sent later by the same user."""
    late: list[int] = []
    for numbers in created:
        highest = -1
        for number in numbers:
            if number < highest:
                late.append(number)
            highest = max(highest, number)
    return late
