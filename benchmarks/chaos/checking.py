"""What was promised, held against what stands in the org and in the database."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.chaos.plan import Plan
from benchmarks.chaos.sending import Sent
from benchmarks.chaos.stage import Stage

GIVE_BACK_SECONDS = 3.0


@dataclass
class Findings:
    """Counts for the table, and every violation in words."""

    counts: dict[str, int | str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def expect_none(self, what: str, numbers: Iterable[int]) -> None:
        """Count `numbers`, of which there must be none."""
        found = sorted(numbers)
        self.counts[what] = len(found)
        if found:
            self.violations.append(f"{what}: {len(found)}, such as {', '.join(map(str, found[:5]))}")


def check(stage: Stage, plan: Plan, sent: Mapping[int, Sent], left_open: int) -> Findings:
    """Look at everything, after it has come to rest."""
    records = [int(lead["FirstName"]) for lead in stage.org.records("Lead")]
    stored = Counter(
        int(json.loads(payload)["first_name"])
        for (payload,) in stage.rows("SELECT CAST(payload AS text) FROM workflows_event")
    )
    ended = dict(stage.rows("SELECT state, count(*) FROM workflows_run GROUP BY state"))
    findings = Findings()
    findings.counts["runs succeeded"] = ended.pop("succeeded", 0)
    findings.counts["records in the org"] = len(records)
    check_once(findings, sent, Counter(records), stored)
    findings.counts["runs left open"] = left_open
    if left_open:
        findings.violations.append(f"runs left open: {left_open}")
    if any(ended.values()):
        findings.violations.append(f"runs that did not succeed: {ended}")
    check_order(findings, plan, records, _tried_once(stage))
    check_limits(findings, plan, stage.org.calls()["at_once"], _slots_left(stage))
    return findings


def check_once(findings: Findings, sent: Mapping[int, Sent], records: Counter[int], stored: Counter[int]) -> None:
    accepted = {number for number, event in sent.items() if event.is_accepted}
    started = {number for number in accepted if sent[number].started}
    refused = {number for number, event in sent.items() if 400 <= event.status < 500}
    unanswered = set(sent) - accepted - refused
    findings.counts["accepted"] = len(accepted)
    findings.counts["of them without a run, as the receipt said"] = len(accepted - started)
    findings.counts["refused"] = len(refused)
    findings.counts["never answered"] = len(unanswered)
    findings.expect_none("accepted, and no record", (number for number in started if not records[number]))
    findings.expect_none("more than one record", (number for number, count in records.items() if count > 1))
    findings.expect_none("a record without a promise", set(records) - started - unanswered)
    findings.expect_none("accepted, and not stored exactly once", (n for n in accepted if stored[n] != 1))
    findings.expect_none("refused, and stored all the same", (number for number in refused if stored[number]))
    findings.expect_none("good, and refused", (number for number in refused if not sent[number].is_bad))
    findings.expect_none("bad, and accepted", (number for number in accepted if sent[number].is_bad))


def _tried_once(stage: Stage) -> set[int]:
    """The numbers whose step was tried only once: they never stepped aside."""
    rows = stage.rows(
        "SELECT CAST(e.payload AS text) FROM workflows_event e JOIN workflows_run r ON r.event_id = e.id"
        " JOIN workflows_steprun s ON s.run_id = r.id WHERE s.tries = 1"
    )
    return {int(json.loads(payload)["first_name"]) for (payload,) in rows}


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
