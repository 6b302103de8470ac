"""`python -m benchmarks.comparison PATH`: this checkout beside another one, in turn, and the ratio of what they do.

Both run with the Python environment of this one, each with its own database and broker, on the same PostgreSQL. The one that
is not measured is stopped where it stands. The exit code is 1 when an event was lost, doubled or refused, by either.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks import report
from benchmarks.__main__ import interrupt, make_keys, say
from benchmarks.figures import FIGURES, Results
from benchmarks.isthmus import Isthmus
from benchmarks.measuring import Bench
from benchmarks.plan import Plan
from benchmarks.postgres import Postgres, server
from benchmarks.processes import BenchmarkFailed, Group
from benchmarks.scenarios import Pair, idle, intake, many_users, one_user
from benchmarks.systems import OrgClient, Stage, System

SCENARIOS = {"intake": intake, "one_user": one_user, "many_users": many_users, "idle": idle}
DEFAULT = ("intake", "one_user")


class Comparison(Pair):
    """Two checkouts, of which one runs at a time."""

    def in_turn(self, number: int) -> Iterator[tuple[System, bool]]:
        for system, is_other in super().in_turn(number):
            assert isinstance(system, Isthmus)
            system.resume()
            yield system, is_other
            system.hold()


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    plan = Plan().scaled(arguments.scale) if arguments.scale != 1 else Plan()
    results = Results()
    try:
        with server("") as postgres:
            settings = report.settings_of(plan, postgres) | {"against": report.commit(arguments.path)}
            settings |= {"broker": plan.broker, "load": f"{plan.connections} connections, {arguments.rounds} rounds"}
            _measure(plan, arguments, postgres, results)
    except BenchmarkFailed as exc:
        print(f"Failed: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\n{report.written(settings, rows(results), results)}")
    return 1 if results.wrongs else 0


def _measure(plan: Plan, arguments: argparse.Namespace, postgres: Postgres, results: Results) -> None:
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="isthmus-bench-")))
        group = Group(scratch / "org")
        stack.callback(group.stop_all)
        stage = Stage(plan, scratch, OrgClient(group), make_keys(scratch), postgres)
        systems = Isthmus(stage), Isthmus(stage, "against", root=arguments.path.resolve())
        for system in systems:
            say(f"starting {system.name}, {system.root}")
            stack.callback(system.stop)
            system.start()
            system.hold()
        pair = Comparison(plan, Bench(postgres, results), *systems)
        for number in range(arguments.rounds):
            for name in arguments.scenario or DEFAULT:
                say(f"round {number + 1} of {arguments.rounds}: {name}")
                SCENARIOS[name](pair, number)


def rows(results: Results) -> list[tuple[str, ...]]:
    """Give the table's rows, the heading first."""
    found: list[tuple[str, ...]] = [("figure", "unit", "this one", "against", "ratio")]
    for key in results.keys():  # noqa: SIM118 - not a dict
        figure, ours, others = FIGURES[key], results.ours.get(key, []), results.others.get(key, [])
        ratio = report.ratio(results.ratios(key))
        found.append((figure.title, figure.unit, report.samples(ours), report.samples(others), ratio))
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparison", description=__doc__.partition("\n")[0])
    parser.add_argument("path", type=Path, help="the other checkout, such as one made by `git worktree add`")
    parser.add_argument("--rounds", type=int, default=6, help="default 6")
    parser.add_argument("--scale", type=float, default=1.0, help="this share of the work in each measurement")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="only this one; repeatable")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
