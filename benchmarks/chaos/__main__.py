"""`make chaos`, `python -m benchmarks.chaos [--events N] [--users N] …`: sends numbered events while everything is killed.

Prints what was sent, what happened and what came of it. The exit code is 1 when an event that was accepted has not exactly
one record, one that was refused has any, an order or a limit was broken or a run is stuck.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn

from benchmarks.chaos.checking import Findings, check
from benchmarks.chaos.mischief import Mischief
from benchmarks.chaos.plan import Plan
from benchmarks.chaos.sending import App
from benchmarks.chaos.stage import Stage
from benchmarks.load import percentile
from benchmarks.processes import BenchmarkFailed


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    plan, keeps = _arguments()
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="isthmus-chaos-"))
    print(
        f"chaos: {plan.events:,} events of {plan.users} users, {plan.database}, broker {plan.broker}, {folder}",
        flush=True,
    )
    try:
        with Stage(plan, folder) as stage:
            findings = _run(stage, plan)
    except BenchmarkFailed as exc:
        print(f"Failed: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped before the end.", file=sys.stderr)
        return 130
    print(_table(findings.counts))
    if findings.poison:
        print(f"\nPoison:\n{_table(findings.poison)}\n")
    for violation in findings.violations:
        print(f"VIOLATION  {violation}")
    if findings.violations or keeps:
        print(f"Logs and data: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if findings.violations else 0


def _run(stage: Stage, plan: Plan) -> Findings:
    app = App(plan, stage.web_ports, stage.path, stage.private_key)
    mischief = Mischief(stage)
    stage.arm_faults()
    begun = time.monotonic()
    app.start()
    mischief.go_on_while(lambda: not app.is_done or not mischief.is_enough)
    sent_after = time.monotonic() - begun
    print(f"All sent and answered after {sent_after:.0f} s; waiting for what is open.", flush=True)
    left_open = mischief.wait_until_nothing_is_open()
    fired: Counter[str] = Counter()
    for fault in stage.org.armed_faults():
        fired[fault["kind"]] += fault["fired"]
    ended_after = time.monotonic() - begun
    findings = check(stage, plan, app.sent, mischief.outages, left_open)
    app_figures: dict[str, int | str] = {
        "events sent": len(app.sent),
        "requests repeated, for want of an answer": app.repeated,
        "answers repeated to the same key": app.replayed,
        "slowest answer in the end, ms": f"{1000 * percentile(sorted(app.latencies), 100):.0f}",
    }
    mishaps = {kind: mischief.happened[kind] for kind in mischief.kinds}
    org = {f"org: {kind}": count for kind, count in fired.items()}
    times = {
        "connected again by the user": stage.reconnected,
        "seconds until all was answered": f"{sent_after:.0f}",
        "seconds until nothing was open": f"{ended_after:.0f}",
    }
    findings.counts = {**app_figures, **mishaps, **org, **findings.counts, **times}
    return findings


def _table(lines: Mapping[str, int | str]) -> str:
    width = max(map(len, lines))
    return "\n".join(f"{name:<{width}}  {value:>8}" for name, value in lines.items())


def _arguments() -> tuple[Plan, bool]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__.partition("\n")[0])
    for each in dataclasses.fields(Plan):
        choices = {"database": ["postgresql", "sqlite"], "broker": ["redis", "rabbitmq", "files"]}.get(each.name)
        default = each.default
        parser.add_argument(
            f"--{each.name.replace('_', '-')}", type=type(default), default=default, choices=choices, help=f"{default}"
        )
    parser.add_argument("--keep", action="store_true", help="keep logs and data also when all went well")
    given = vars(parser.parse_args())
    keeps = given.pop("keep")
    return Plan(**given), keeps


if __name__ == "__main__":
    sys.exit(main())
