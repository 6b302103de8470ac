"""`make bench`, `python -m benchmarks [--quick] [--rounds N] [--scenario NAME …]`: Isthmus and the baseline side by side.

Prints a table of medians and ranges, and keeps everything measured as JSON in the data folder's `bench/`. The exit code is
1 when an event was lost, doubled or refused; a figure that is not reached is said in the table.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks import report
from benchmarks.figures import Results
from benchmarks.history import History
from benchmarks.isthmus import Isthmus
from benchmarks.measuring import Bench
from benchmarks.plan import Plan
from benchmarks.postgres import Postgres, server
from benchmarks.processes import ROOT, BenchmarkFailed, Group
from benchmarks.retention import Retention
from benchmarks.scenarios import SCENARIOS, Field
from benchmarks.systems import ByHand, Keys, OrgClient, Stage, System

QUICK = 0.02
PHASES: dict[str, type[History | Retention]] = {"old_runs": History, "retention": Retention}
"""What needs databases of its own, made before its rounds."""


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End the run once: whoever is impatient must not keep what was started from being ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    plan, scenarios = _plan(arguments), arguments.scenario or [*SCENARIOS, *PHASES]
    try:
        with server(arguments.postgres) as postgres:
            return _measure_and_tell(plan, scenarios, postgres)
    except BenchmarkFailed as exc:
        print(f"Failed: {exc}", file=sys.stderr)
        return 1


def _measure_and_tell(plan: Plan, scenarios: list[str], postgres: Postgres) -> int:
    settings, results = report.settings_of(plan, postgres), Results()
    kept, code = Path(os.environ.get("DATA_DIR") or ROOT / "data") / "bench", 0
    try:
        _measure(plan, scenarios, postgres, results, kept)
    except BenchmarkFailed as exc:
        print(f"\nFailed: {exc}", file=sys.stderr)
        results.wrongs.append("The run failed before its end.")
    except KeyboardInterrupt:
        results.notices.append("Stopped before the end.")
        code = 130
    print(f"\n{report.table(settings, results)}\n")
    print(f"Kept in {report.keep(kept, settings, results)}")
    return code or (1 if results.wrongs else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round with 2 %% of the work: does the harness run?")
    parser.add_argument("--scale", type=float, default=1.0, help="this share of the work in each measurement")
    parser.add_argument("--rounds", type=int, help="default 3")
    parser.add_argument("--scenario", action="append", choices=[*SCENARIOS, *PHASES], help="only this one; repeatable")
    parser.add_argument("--web-processes", type=int)
    parser.add_argument("--web-threads", type=int, help="of each web process, in both systems")
    parser.add_argument("--worker-processes", type=int)
    parser.add_argument("--worker-threads", type=int, help="of each worker: tasks at once, in both systems")
    parser.add_argument("--broker", choices=["redis", "rabbitmq"], help="Isthmus's; by hand always has Redis")
    parser.add_argument("--old-runs", type=int, help="default 2,000,000")
    parser.add_argument("--past-retention", type=int, help="events to be dropped, default 400,000")
    parser.add_argument(
        "--postgres",
        default=os.environ.get("BENCH_POSTGRES_URL", ""),
        help="a server on this machine whose role may make databases; without it, one of this run's own",
    )
    return parser.parse_args()


def _plan(arguments: argparse.Namespace) -> Plan:
    factor = QUICK if arguments.quick else arguments.scale
    plan = Plan().scaled(factor) if factor != 1 else Plan()
    changes = {
        "rounds": arguments.rounds or (1 if arguments.quick else None),
        "web_processes": arguments.web_processes,
        "web_threads": arguments.web_threads,
        "worker_processes": arguments.worker_processes,
        "worker_threads": arguments.worker_threads,
        "broker": arguments.broker,
        "old_runs": arguments.old_runs,
        "past_retention": arguments.past_retention,
    }
    return Plan(**{**vars(plan), **{name: value for name, value in changes.items() if value is not None}})


def _measure(plan: Plan, scenarios: list[str], postgres: Postgres, results: Results, kept: Path) -> None:
    """Run the rounds; whatever happens, end every process."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="isthmus-bench-")))
        group = Group(scratch / "org")
        stack.callback(group.stop_all)
        try:
            stage = Stage(plan, scratch, OrgClient(group), make_keys(scratch), postgres)
            bench = Bench(postgres, results)
            if side_by_side := [name for name in SCENARIOS if name in scenarios]:
                _run_side_by_side(stage, bench, side_by_side)
            for name in PHASES:
                if name in scenarios:
                    _run_phase(name, stage, bench)
        except BaseException:
            shutil.copytree(scratch, kept / "logs", ignore=_all_but_logs, dirs_exist_ok=True)
            say(f"what the processes said is in {kept / 'logs'}")
            raise


def _all_but_logs(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (name.endswith(".log") or (Path(folder) / name).is_dir())]


def _run_side_by_side(stage: Stage, bench: Bench, names: list[str]) -> None:
    wanted, free = stage.plan.connections_to_postgres, stage.postgres.free_connections()
    if free < wanted:
        raise BenchmarkFailed(
            f"Both systems may hold {wanted} connections, and PostgreSQL has {free} left: choose fewer --web-threads, or"
            " raise its max_connections."
        )
    with ExitStack() as systems:
        field = _start(stage, bench, systems, with_embedded="embedded" in names)
        for number in range(stage.plan.rounds):
            for name in names:
                say(f"round {number + 1} of {stage.plan.rounds}: {name}")
                SCENARIOS[name](field, number)


def _run_phase(name: str, stage: Stage, bench: Bench) -> None:
    phase = PHASES[name](stage, bench)
    try:
        say(f"{name}: adding {phase.rows:,} old events with their runs")
        say(f"added in {phase.prepare():.0f} s")
        for number in range(stage.plan.rounds):
            say(f"round {number + 1} of {stage.plan.rounds}: {name}")
            phase.run_round(number)
    finally:
        phase.stop()


def _start(stage: Stage, bench: Bench, systems: ExitStack, *, with_embedded: bool) -> Field:
    def started(system: System) -> None:
        systems.callback(system.stop)
        say(f"starting {system.name}")
        system.start()

    isthmus, by_hand = Isthmus(stage), ByHand(stage)
    started(isthmus)
    started(by_hand)
    embedded = None
    if with_embedded:
        embedded = Isthmus(stage, "isthmus-embedded", is_embedded=True)
        started(embedded)
        embedded.hold()
    return Field(stage.plan, bench, isthmus, by_hand, embedded)


def make_keys(scratch: Path) -> Keys:
    """The app's key pair, for user tokens."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    keys = Keys(scratch / "private.pem", scratch / "public.pem")
    keys.private.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    keys.public.write_bytes(
        private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return keys


_began_at = time.monotonic()


def say(words: str) -> None:
    """Print what is being done, with the seconds since the start."""
    print(f"  {time.monotonic() - _began_at:>6.0f} s  {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
