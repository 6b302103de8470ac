"""`python -m benchmarks.partitions [--events N] [--parts N …] [--rounds N] [--postgres URL]`: do partitions help retention?

Beside the tables as they are, events, runs and steps in partitions by id, whose beginning is the time: what an event
and a claim cost there, and what it takes to drop the oldest quarter, by batches or as tables. Needs what `make bench` needs.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from uuid import UUID

import psycopg

from benchmarks.__main__ import make_keys
from benchmarks.figures import Results
from benchmarks.history import time_claims
from benchmarks.isthmus import Isthmus
from benchmarks.measuring import Bench
from benchmarks.old_runs import OLD_DAYS, add_old_runs
from benchmarks.plan import Plan
from benchmarks.postgres import server
from benchmarks.processes import Group, run
from benchmarks.systems import PYTHON, OrgClient, Stage

_TABLES = ("workflows_event", "workflows_run", "workflows_steprun")
_DROP_ALL = "from benchmarks.dropping import drop_all; import django; django.setup(); drop_all({days})"
_DAY_MS = 86_400_000


class Layout:
    """A system with a history, in so many partitions a table; 0: in tables as they are."""

    def __init__(self, stage: Stage, parts: int) -> None:
        self.parts, self.postgres = parts, stage.postgres
        self.system = Isthmus(stage, f"isthmus-{parts}-parts")
        self.system.keeps_history = True
        self.figures: dict[str, list[float]] = defaultdict(list)

    def prepare(self, events: int) -> None:
        self.system.start()
        self.system.stop()
        add_old_runs(self.system, self.postgres, events)
        if self.parts:
            with closing(self.postgres.connect(self.system.database)) as connection:
                partition(connection, _bounds(self.parts))
                # Left to itself PostgreSQL plans every statement and every check of a reference anew, to leave partitions
                # out, and that costs much more than it saves.
                for setting in ("search_path = parted, public", "plan_cache_mode = force_generic_plan"):
                    connection.execute(f"ALTER DATABASE {self.system.database} SET {setting}")

    def measure(self, bench: Bench, plan: Plan) -> None:
        self.system.start_processes()
        try:
            for title, users in (("one user", 1), (f"{plan.users} users", plan.users)):
                measured = bench.end_to_end(self.system, users=users, events=plan.events)
                self.figures[f"{title}: events/s"].append(measured.rate)
                postgres_ms = measured.per_thousand(1000 * measured.cpu_postgres)
                self.figures[f"{title}: PostgreSQL's CPU, ms per 1,000"].append(postgres_ms)
            self.figures["claim, ms"].append(median(time_claims(self.system, plan.claims)["claims_ms"]))
        finally:
            self.system.stop()

    def drop_oldest_quarter(self) -> None:
        wal, cpu, begun = self.postgres.wal_bytes(), self.postgres.cpu_seconds(), time.monotonic()
        if self.parts:
            with closing(self.postgres.connect(self.system.database)) as connection:
                for number in range(self.parts // 4):
                    drop_part(connection, number)
        else:
            days = OLD_DAYS + 1 - OLD_DAYS / 4
            run([PYTHON, "-c", _DROP_ALL.format(days=days)], self.system.environment)
        self.figures["dropping a quarter, s"].append(time.monotonic() - begun)
        self.figures["dropping a quarter, PostgreSQL's CPU, s"].append(self.postgres.cpu_seconds() - cpu)
        self.figures["dropping a quarter, MB of log"].append((self.postgres.wal_bytes() - wal) / 1e6)


def _bounds(parts: int) -> list[str]:
    """Where a part ends and the next begins: equal times over the history, of which the last part has no end."""
    first_ms = int(time.time() * 1000) - (OLD_DAYS + 1) * _DAY_MS
    return [str(UUID(int=(first_ms + number * OLD_DAYS * _DAY_MS // parts) << 80)) for number in range(1, parts)]


def partition(connection: psycopg.Connection, bounds: list[str]) -> None:
    """Copy the three tables into partitions of a schema of their own, with every index and reference that they have.

    A unique constraint would have to hold the id; so one_run_per_event and one_result_per_step are plain indexes here.
    """
    connection.execute("SET synchronous_commit = off")
    connection.execute("CREATE SCHEMA parted")
    starts, ends = ["MINVALUE", *(f"'{each}'" for each in bounds)], [*(f"'{each}'" for each in bounds), "MAXVALUE"]
    statements = []
    for table in _TABLES:
        connection.execute(
            f"CREATE TABLE parted.{table} (LIKE {table} INCLUDING DEFAULTS, PRIMARY KEY (id)) PARTITION BY RANGE (id)"
        )
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            connection.execute(
                f"CREATE TABLE parted.{table}_{number} PARTITION OF parted.{table} FOR VALUES FROM ({start}) TO ({end})"
            )
        connection.execute(f"INSERT INTO parted.{table} SELECT * FROM {table}")
        indexes = connection.execute(
            "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass AND NOT indisprimary",
            [table],
        )
        for (index,) in indexes.fetchall():
            plain = index.replace("CREATE UNIQUE INDEX", "CREATE INDEX")
            statements.append(plain.replace(f" ON public.{table} ", f" ON parted.{table} "))
        references = connection.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
            [table],
        )
        for name, definition in references.fetchall():
            statements.append(f'ALTER TABLE parted.{table} ADD CONSTRAINT "{name}" {definition}')
    connection.execute("SET search_path = parted, public")
    for statement in statements:
        connection.execute(statement)
    connection.execute("VACUUM (ANALYZE) workflows_event, workflows_run, workflows_steprun")


def drop_part(connection: psycopg.Connection, number: int) -> None:
    """Steps first, then runs, then events. A table that others refer to has to be detached first, and
    PostgreSQL looks whether what is left refers to it."""
    for table in reversed(_TABLES):
        connection.execute(f"ALTER TABLE {table} DETACH PARTITION parted.{table}_{number}")
        connection.execute(f"DROP TABLE parted.{table}_{number}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.partitions", description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=400_000, help="old ones, of 60 days")
    parser.add_argument("--parts", type=int, nargs="+", default=[4, 60], help="partitions a table, multiples of 4")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", default=os.environ.get("BENCH_POSTGRES_URL", ""))
    given = parser.parse_args()
    plan, results = Plan(events=5_000), Results()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="isthmus-bench-")))
        postgres = stack.enter_context(server(given.postgres))
        group = Group(scratch / "org")
        stack.callback(group.stop_all)
        stage = Stage(plan, scratch, OrgClient(group), make_keys(scratch), postgres)
        layouts = [Layout(stage, parts) for parts in (0, *given.parts)]
        for layout in layouts:
            stack.callback(layout.system.stop)
            layout.prepare(given.events)
        bench = Bench(postgres, results)
        for _ in range(given.rounds):
            for layout in layouts:
                layout.measure(bench, plan)
        for layout in layouts:
            layout.drop_oldest_quarter()
    print(f"{'':<40}" + "".join(f"{f'{each.parts} parts' if each.parts else 'as it is':>14}" for each in layouts))
    for title in layouts[0].figures:
        print(f"{title:<40}" + "".join(f"{median(each.figures[title]):>14,.2f}" for each in layouts))
    for wrong in results.wrongs:
        print(f"WRONG  {wrong}")
    return 1 if results.wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
