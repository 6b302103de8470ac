"""The harness measures what it says: load and org count right, meters see children, the table judges by the rounds."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import comparison, meters, report
from benchmarks.__main__ import make_keys
from benchmarks.figures import Results
from benchmarks.load import percentile
from benchmarks.plan import Plan
from benchmarks.processes import BenchmarkFailed, Group, run
from benchmarks.profile import read_collapsed
from benchmarks.systems import OrgClient

LEADS = "/services/data/v62.0/sobjects/Lead"


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    group = Group(tmp_path / "logs")
    yield group
    group.stop_all()


def send(org: OrgClient, tmp_path: Path, **changes: object) -> dict:
    """Have the load generator post to the org itself, which takes anything for a record."""
    job = {
        "url": org.url + LEADS,
        "private_key_file": str(make_keys(tmp_path).private),
        "users": 3,
        "connections": 4,
        "count": 25,
        "seconds": 20.0,
        "run": "test",
        "org": org.url,
        "wait_seconds": 5.0,
        "one_at_a_time": False,
    } | changes
    return json.loads(run([sys.executable, "-m", "benchmarks.load"], {}, seconds=60, given=json.dumps(job)))


def test_every_event_is_sent_once_and_counted_by_both_ends(group, tmp_path):
    org = OrgClient(group)

    told = send(org, tmp_path)

    assert told["sent"] == told["accepted"] == told["org"]["records"] == told["org"]["calls"] == 25
    assert told["refused"] == {}
    assert 0 < told["latencies_ms"]["p50"] <= told["latencies_ms"]["p99"] <= told["latencies_ms"]["max"]


def test_the_time_to_the_record_holds_the_delay_of_the_org(group, tmp_path):
    org = OrgClient(group)
    org.reset(delay_ms=60)

    told = send(org, tmp_path, connections=1, count=3, one_at_a_time=True)

    assert len(told["record_latencies_ms"]) == 3
    assert min(told["record_latencies_ms"]) >= 59


def test_sending_ends_with_its_time_however_many_events_are_left(group, tmp_path):
    org = OrgClient(group)
    org.reset(delay_ms=20)

    told = send(org, tmp_path, count=1_000_000, seconds=0.5)

    assert 0 < told["sent"] < 1_000_000
    assert told["accepted"] == told["sent"]


def test_refused_events_are_counted_by_status_and_leave_no_record(group, tmp_path):
    org = OrgClient(group)

    told = send(org, tmp_path, url=f"{org.url}/nowhere", count=5)

    assert told["accepted"] == told["org"]["records"] == 0
    assert told["refused"] == {"404": 5}
    assert told["first_refusal"].startswith("404")


def test_a_group_ends_its_processes_with_their_children(tmp_path):
    group = Group(tmp_path)
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).wait()"
    group.spawn("parent", [sys.executable, "-c", child], {})
    group.wait_until(lambda: len(meters.descendants(group.pid("parent"))) == 1, "the child starts", 10)
    pids = [group.pid("parent"), *meters.descendants(group.pid("parent"))]

    group.stop_all()

    assert len(pids) == 2
    ends_at = time.monotonic() + 60
    while (living := [pid for pid in pids if _lives(pid)]) and time.monotonic() < ends_at:
        time.sleep(0.05)
    assert living == []


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_process_that_ends_early_is_told_with_what_it_said(group):
    group.spawn("short", [sys.executable, "-c", "print('out of coffee'); raise SystemExit(3)"], {})

    with pytest.raises(BenchmarkFailed, match=r"(?s)short ended with 3 .*out of coffee"):
        group.wait_until(lambda: False, "it works", 10)


def test_cpu_time_counts_children_that_have_ended(group):
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    script = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {burn!r}]); time.sleep(60)"
    group.spawn("parent", [sys.executable, "-c", script], {})

    group.wait_until(lambda: meters.cpu_seconds([group.pid("parent")]) >= 0.3, "the child has burnt its time", 20)

    group.wait_until(lambda: meters.descendants(group.pid("parent")) == [], "the child has ended", 10)
    assert meters.cpu_seconds([group.pid("parent")]) >= 0.3


def test_memory_counts_the_whole_tree_and_shared_pages_once_by_pss():
    own = subprocess.Popen([sys.executable, "-c", "kept = bytearray(50_000_000); import time; time.sleep(60)"])
    try:
        ends_at = time.monotonic() + 60
        while meters.resident_mb([own.pid]) < 50 and time.monotonic() < ends_at:
            time.sleep(0.05)
        resident = meters.resident_mb([own.pid])

        assert 50 <= resident < 120
        assert meters.proportional_mb([own.pid]) <= resident + 1
    finally:
        own.kill()
        own.wait()


@pytest.mark.parametrize(("percent", "value"), [(50, 2.0), (99, 4.0), (25, 1.0), (100, 4.0)])
def test_percentiles_are_nearest_rank(percent, value):
    assert percentile([1.0, 2.0, 3.0, 4.0], percent) == value


def test_a_ratio_is_taken_within_each_round_and_judged_by_its_median():
    results = Results()
    for ours, other in ((500, 100), (900, 300), (450, 100)):
        results.add("intake", ours)
        results.add("intake", other, is_other=True)

    assert results.ratios("intake") == [5, 3, 4.5]
    assert results.is_reached("intake") is True
    results.add("intake", 100)
    results.add("intake", 100, is_other=True)
    results.add("intake", 100)
    results.add("intake", 100, is_other=True)
    assert results.is_reached("intake") is False


def test_the_table_names_what_is_not_reached_and_what_went_wrong():
    results = Results(wrongs=["isthmus: 3 accepted, 2 records"])
    results.add("calls", 40)
    results.add("idle_p50", 12)

    told = report.table({"commit": "abc"}, results)

    calls, idle = (
        next(line for line in told.splitlines() if word in line) for word in ("calls per 1,000", "record, p50")
    )
    assert calls.endswith("NOT REACHED")
    assert idle.endswith(" reached")
    assert "WRONG   isthmus: 3 accepted, 2 records" in told


def test_what_was_measured_is_kept_as_json(tmp_path):
    results = Results()
    results.add("one_user", 1000)
    results.add("one_user", 200, is_other=True)

    kept = json.loads(report.keep(tmp_path, {"commit": "abc"}, results).read_text())

    assert kept["figures"]["one_user"]["ratios"] == [5]
    assert kept["figures"]["one_user"]["reached"] is True


def test_a_quick_plan_has_the_same_processes_and_less_of_everything_else():
    full, quick = Plan(), Plan().scaled(0.02)

    assert (quick.web_processes, quick.connections, quick.slow_ms) == (
        full.web_processes,
        full.connections,
        full.slow_ms,
    )
    assert quick.events == 200
    assert quick.old_runs == 40_000


def test_a_profile_leaves_waiting_threads_out(tmp_path):
    stacks = tmp_path / "stacks.txt"
    stacks.write_text(
        "process 1;run (app/main.py:3);send (lib/http.py:9) 30\n"
        "run (app/main.py:4);execute (/x/site-packages/django/db/utils.py:1) 10\n"
        "run (app/main.py:5);wait (threading.py:300) 500\n"
    )

    profile = read_collapsed(stacks)

    assert profile.samples == 40
    assert profile.own["send  lib/http.py"] == 30
    assert profile.beneath["run  app/main.py"] == 40
    assert profile.packages["django"] == 10


def test_a_process_runs_in_the_checkout_that_it_is_told(tmp_path):
    said = run([sys.executable, "-c", "import os; print(os.getcwd())"], {}, root=tmp_path)

    assert Path(said.strip()) == tmp_path


class Held:
    """Stands for a running system: notes when it may run and when it may not."""

    def __init__(self, name, calls):
        self.name, self._calls = name, calls

    def resume(self):
        self._calls.append(f"{self.name} runs")

    def hold(self):
        self._calls.append(f"{self.name} is held")


def test_of_two_checkouts_one_runs_at_a_time_and_they_take_turns_to_begin(monkeypatch):
    monkeypatch.setattr(comparison, "Isthmus", Held)
    calls = []
    pair = comparison.Comparison(Plan(), None, Held("ours", calls), Held("theirs", calls))

    for number in range(2):
        for system, is_other in pair.in_turn(number):
            calls.append(f"{system.name} measured{' as the other' if is_other else ''}")

    ours, theirs = (
        ["ours runs", "ours measured", "ours is held"],
        ["theirs runs", "theirs measured as the other", "theirs is held"],
    )
    assert calls == [*ours, *theirs, *theirs, *ours]


def test_the_comparison_shows_the_ratio_of_each_round():
    results = Results()
    for ours, theirs in ((90, 100), (80, 100), (330, 300)):
        results.add("intake", ours)
        results.add("intake", theirs, is_other=True)

    written = report.written({"commit": "a"}, comparison.rows(results), results)

    assert "intake, accepted  events/s  90.0 (80.0 - 330)  100 (100 - 300)  0.90 (0.80 - 1.10)" in written
