"""A short `make chaos` on the embedded default: everything is killed once, and each accepted event has its one record."""

import subprocess
import sys
from collections import Counter

import pytest

from benchmarks.chaos.checking import Findings, check_limits, check_once, check_order
from benchmarks.chaos.plan import Plan
from benchmarks.chaos.sending import Sent
from tests.support.processes import ROOT


@pytest.mark.xdist_group("brokers")
@pytest.mark.timeout(200)  # a worker that is killed while it renews a log-in leaves that account alone for 45 s
def test_whatever_is_killed_each_accepted_event_has_one_record_and_the_order_holds():
    options = "--events 300 --users 5 --database sqlite --broker files --web-processes 1 --worker-processes 1 --rate 80"
    pace = "--rounds 1 --mishap-seconds 1 --patience-seconds 90 --limit 1"

    chaos = subprocess.run(
        [sys.executable, "-m", "benchmarks.chaos", *options.split(), *pace.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=190,
        check=False,
    )

    assert chaos.returncode == 0, chaos.stdout + chaos.stderr
    assert "refused" in chaos.stdout and "VIOLATION" not in chaos.stdout


def violations_of(sent, records):
    findings = Findings()
    check_once(findings, sent, Counter(records), Counter(list(sent)))
    check_order(findings, Plan(users=1), records, set(records))
    return findings.violations


@pytest.mark.parametrize(
    ("records", "violation"),
    [
        ([0], "accepted, and no record: 1, such as 1"),
        ([0, 1, 1], "more than one record: 1, such as 1"),
        ([0, 1, 7], "a record without a promise: 1, such as 7"),
        ([1, 0], "out of order, with an `order by` key: 1, such as 0"),
    ],
)
def test_chaos_names_what_it_finds(records, violation):
    sent = {number: Sent(number, 0, status=201, started=1) for number in (0, 1)}

    assert violations_of(sent, [0, 1]) == []
    assert violation in violations_of(sent, records)


def test_chaos_names_a_limit_that_was_broken_and_slots_that_are_left():
    findings = Findings()

    check_limits(findings, Plan(limit=2), {"free": 2, "ordered": 3}, 1)

    assert findings.violations == ["calls at once of the ordered workflow, limited to 2: 3", "slots left over: 1"]
