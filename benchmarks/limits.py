"""What the same machine does without us: the servers with an empty view, and the bare loop of a worker."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from benchmarks.isthmus import Isthmus
from benchmarks.measuring import Bench
from benchmarks.org import HOST
from benchmarks.plan import Plan
from benchmarks.processes import BIN, Group, free_port, run
from benchmarks.systems import PYTHON, ByHand, System


def measure_limits(plan: Plan, bench: Bench, isthmus: Isthmus, by_hand: ByHand) -> None:
    """Requests a second that granian and gunicorn serve with a view that does nothing, and the bare loop's runs a second."""
    by_hand_empty = f"http://{HOST}:{by_hand.port}/empty"
    bench.results.add("empty_view", _requests_per_second(plan, by_hand, by_hand_empty), is_other=True)
    with TemporaryDirectory(prefix="bench-limits-") as folder:
        group = Group(Path(folder))
        try:
            port = free_port()
            command = [f"{BIN}/granian", "--interface", "wsgi", "--host", HOST, "--port", str(port), "--no-ws"]
            command += ["--workers", str(plan.web_processes), "--blocking-threads", str(plan.web_threads)]
            group.spawn("web", [*command, "benchmarks.by_hand.wsgi:application"], by_hand.environment)
            url = f"http://{HOST}:{port}/empty"
            group.wait_until(lambda: _answers(url), "granian starts with an empty view")
            bench.results.add("empty_view", _requests_per_second(plan, isthmus, url))
        finally:
            group.stop_all()
    isthmus.org.reset()
    database_url = bench.postgres.url_of(isthmus.database)
    command = [PYTHON, "-m", "benchmarks.bare_loop", database_url, isthmus.org.url, str(plan.limit_runs)]
    bench.results.add("bare_loop", json.loads(run(command, {}))["runs_per_second"])


def _requests_per_second(plan: Plan, system: System, url: str) -> float:
    told = system.send(url=url, users=plan.users, count=1_000_000, seconds=plan.limit_seconds, org="")
    return told["accepted"] / told["seconds"]


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False
