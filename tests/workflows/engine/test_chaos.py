"""A short `make chaos` on the embedded default: everything is killed, a fifth of the events is poison, nobody is harmed."""

import subprocess
import sys
from collections import Counter

import pytest

from benchmarks.chaos.checking import Findings, check_healthy, check_limits, check_once, check_order, check_poison
from benchmarks.chaos.endings import EndedRun
from benchmarks.chaos.lateness import Outages
from benchmarks.chaos.plan import Plan
from benchmarks.chaos.poison import BY_NAME, KINDS
from benchmarks.chaos.sending import Sent, choose_poison
from tests.support.processes import ROOT


@pytest.mark.xdist_group("brokers")
@pytest.mark.timeout(300)  # a worker that is killed while it renews a log-in leaves that account alone for 45 s
def test_whatever_is_killed_and_poisoned_each_healthy_event_has_one_record_in_time_and_order():
    options = (
        "--events 700 --users 10 --database sqlite --broker files --web-processes 1 --worker-processes 1 --rate 80"
    )
    pace = "--rounds 1 --most-rounds 1 --mishap-seconds 1 --patience-seconds 90 --limit 1 --poisoned 0.2"

    chaos = subprocess.run(
        [sys.executable, "-m", "benchmarks.chaos", *options.split(), *pace.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
    )

    assert chaos.returncode == 0, chaos.stdout + chaos.stderr
    assert "VIOLATION" not in chaos.stdout
    for kind in KINDS:
        assert kind.name in chaos.stdout


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
    sent = {number: Sent(number, 0, status=201, runs=[f"run-{number}"]) for number in (0, 1)}

    assert violations_of(sent, [0, 1]) == []
    assert violation in violations_of(sent, records)


def test_chaos_names_a_limit_that_was_broken_and_slots_that_are_left():
    findings = Findings()

    check_limits(findings, Plan(limit=2), {"free": 2, "ordered": 3}, 1)

    assert findings.violations == ["calls at once of the ordered workflow, limited to 2: 3", "slots left over: 1"]


def test_chaos_sends_each_kind_of_poison_as_often_as_any_other_and_none_for_the_clean_users():
    plan = Plan(events=20_000, users=50, poisoned=0.1)

    chosen = choose_poison(plan)

    counts = Counter(kind.name for kind in chosen.values())
    assert len(chosen) == 2_000 and set(counts) == {kind.name for kind in KINDS} == set(BY_NAME)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert not any(plan.is_clean(number % plan.users) for number in chosen)


NUMBER = BY_NAME["number past 64 bits out of a filter"]
DIGITS = BY_NAME["integer past 64 bits for a text field"]
DEEP = BY_NAME["nested 300 levels"]


@pytest.mark.parametrize(
    ("event", "run", "text", "harm"),
    [
        (Sent(1, 0, status=400, code="bad_event", poison=DEEP), None, None, ""),
        (Sent(1, 0, status=500, crashes=1, poison=DEEP), None, None, "crashed, not refused"),
        (Sent(1, 0, status=201, runs=["r"], poison=NUMBER), ("failed", "value_type", "Takes a number."), None, ""),
        (Sent(1, 0, status=201, runs=["r"], poison=NUMBER), ("queued", "", ""), None, "open, not failed"),
        (
            Sent(1, 0, status=201, runs=["r"], poison=NUMBER),
            ("failed", "internal_error", "An error inside Isthmus."),
            None,
            "failed without words: internal_error",
        ),
        (
            Sent(1, 0, status=201, runs=["r"], poison=NUMBER),
            ("failed", "value_type", "Takes a number."),
            "1",
            "failed, and there is a record all the same",
        ),
        (Sent(1, 0, status=201, runs=["r"], poison=DIGITS), ("succeeded", "", ""), DIGITS.kept, ""),
        (
            Sent(1, 0, status=201, runs=["r"], poison=DIGITS),
            ("succeeded", "", ""),
            "1.2345678901234568e+22",
            "arrived as something else: 1.2345678901234568e+22",
        ),
        (
            Sent(1, 0, status=201, runs=["r"], poison=DIGITS),
            ("succeeded", "", ""),
            None,
            "succeeded, and there is no record",
        ),
        (
            Sent(1, 0, status=201, runs=["r"], poison=DIGITS, is_taken_twice=True),
            ("succeeded", "", ""),
            DIGITS.kept,
            "taken twice with one key",
        ),
    ],
)
def test_chaos_names_the_harm_that_poison_did(event, run, text, harm):
    findings = Findings()

    check_poison(findings, {1: event}, {"r": EndedRun(*run)} if run else {}, {} if text is None else {1: text})

    expected = f"poison, {event.poison.name}: {harm}: 1, such as 1"
    assert findings.violations == ([expected] if harm else [])
    assert findings.poison[event.poison.name].startswith("1 sent: ")


def test_chaos_names_healthy_events_that_are_late_beyond_the_outages_or_were_answered_500():
    sent = {number: Sent(number, 0, status=201, runs=[f"run-{number}"]) for number in (0, 1, 2)}
    sent[2].crashes = 1
    runs = {
        f"run-{n}": EndedRun("succeeded", received_at=1000, finished_at=1000 + seconds) for n, seconds in LATE.items()
    }
    outages = Outages(frozenset({"worker-0"}), ended=[(990.0, 1010.0), (1005.0, 1020.0)])
    findings = Findings()

    check_healthy(findings, Plan(users=3), sent, runs, outages)
    check_once(findings, sent, Counter(list(sent)), Counter(list(sent)))

    assert findings.violations == [
        "good, and its run did not succeed: 1, such as 2",
        "good, and late by more than 60 s: 1, such as 1",
        "good, and answered 500: 1, such as 2",
    ]


LATE = {0: 79, 1: 81}
"""Seconds from received to done, 20 of which were outage."""


def test_an_outage_lasts_from_the_last_workers_death_to_the_first_ones_return():
    outages = Outages(frozenset({"worker-0", "worker-1"}))

    outages.worker_killed("worker-0", 1, now=10)
    outages.worker_killed("worker-1", 1, now=20)
    outages.worker_killed("worker-0", 1, now=25)
    outages.worker_seen("worker-0", 1, now=28)
    outages.worker_seen("worker-0", 2, now=30)
    outages.worker_seen("worker-1", 2, now=40)

    assert outages.ended == [(20, 30)]
