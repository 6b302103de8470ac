"""The table that people read, and the JSON that is kept."""

import json
import os
import platform
import subprocess
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import BY_HAND, FIGURES, Results
from benchmarks.plan import Plan
from benchmarks.postgres import Postgres
from benchmarks.processes import ROOT

_PACKAGES = ("django", "granian", "celery", "psycopg", "gunicorn", "djangorestframework")


def settings_of(plan: Plan, postgres: Postgres) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit(),
        "machine": f"{os.cpu_count()} cores ({_cpu_model()}), Linux {platform.release()}, Python {platform.python_version()}",
        "load before": ", ".join(f"{each:.2f}" for each in os.getloadavg()),
        "packages": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "database": f"PostgreSQL {postgres.settings['server_version']}",
        "fsync": ", ".join(f"{name} {postgres.settings[name]}" for name in ("fsync", "synchronous_commit")),
        "postgres": postgres.settings,
        "broker": f"Isthmus: {plan.broker}, by hand: redis",
        "processes": (
            f"each: {plan.web_processes} web x {plan.web_threads} threads, {plan.worker_processes} worker"
            f" x {plan.worker_threads} threads (Isthmus's with beat)"
        ),
        "load": f"{plan.connections} connections, {plan.users} users where many, {plan.rounds} rounds",
        "plan": asdict(plan),
    }


def table(settings: dict[str, Any], results: Results) -> str:
    """The table, as text."""
    rows: list[tuple[str, ...]] = [("figure", "unit", "Isthmus", "by hand", "ratio", "must be", "")]
    rows += [_row(key, results) for key in results.keys()]  # noqa: SIM118 - not a dict
    return written(settings, rows, results)


def written(settings: dict[str, Any], rows: list[tuple[str, ...]], results: Results) -> str:
    """Write settings, then rows in columns, of which the first is the heading, then what went wrong."""
    lines = [f"{name:<12} {value}" for name, value in settings.items() if isinstance(value, str)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines.append("")
    for number, row in enumerate(rows):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    lines += ["", "Medians; (least - most) of the rounds. The ratio is the median of the rounds' ratios."]
    lines += [f"NOTICE  {notice}" for notice in dict.fromkeys(results.notices)]
    lines += [f"WRONG   {wrong}" for wrong in results.wrongs]
    return "\n".join(lines)


def _row(key: str, results: Results) -> tuple[str, ...]:
    figure, ratios = FIGURES[key], results.ratios(key)
    reached = results.is_reached(key)
    other = samples(results.others.get(key, []))
    return (
        figure.title,
        figure.unit,
        samples(results.ours.get(key, [])),
        f"{other} [{figure.other}]" if other and figure.other != BY_HAND else other,
        ratio(ratios),
        figure.must,
        "" if reached is None else "reached" if reached else "NOT REACHED",
    )


def samples(values: list[float]) -> str:
    """Write the median, and the least and the most where there are several."""
    if not values:
        return ""
    spread = f" ({_number(min(values))} - {_number(max(values))})" if len(values) > 1 else ""
    return f"{_number(median(values))}{spread}"


def ratio(values: list[float]) -> str:
    """Write the median ratio with two decimals, and the least and the most where there are several."""
    if not values:
        return ""
    return f"{median(values):.2f}" + (f" ({min(values):.2f} - {max(values):.2f})" if len(values) > 1 else "")


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def keep(folder: Path, settings: dict[str, Any], results: Results) -> Path:
    """Write everything that was measured as JSON; gives the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{settings['commit'][:9]}.json"
    figures = {
        key: {
            "title": FIGURES[key].title.strip(),
            "unit": FIGURES[key].unit,
            "isthmus": results.ours.get(key, []),
            "other": results.others.get(key, []),
            "other_is": FIGURES[key].other,
            "ratios": results.ratios(key),
            "must": FIGURES[key].must,
            "reached": results.is_reached(key),
        }
        for key in results.keys()  # noqa: SIM118 - not a dict
    }
    whole = {"settings": settings, "figures": figures, "notices": results.notices, "wrongs": results.wrongs}
    path.write_text(json.dumps(whole, indent=2))
    return path


def commit(root: Path = ROOT) -> str:
    """Give the commit of a checkout, and whether something in it was changed since."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False).stdout.strip()

    return (git("rev-parse", "HEAD") or "unknown") + (" with changes" if git("status", "--porcelain", "-uno") else "")


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
