"""The page on security promises nothing without a test, and names every bound as the code has it."""

import re
from datetime import timedelta
from operator import attrgetter
from pkgutil import resolve_name
from typing import Any

import pytest

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "security.md"
ROW = re.compile(r"^\| (.+) \| (.+) \| `([a-z_.]+\.[A-Z_.a-z]+)` \|$", re.M)
BOUNDS = ROW.findall(PAGE.read_text())


def test_each_promise_names_a_test_that_exists():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and not ROW.match(line)]
    promises = [row for row in rows if row not in ("| promise | test |", "| what | bound | in the code |")]
    missing = []
    for promise in promises:
        named = re.search(r"\| `(tests/\S+\.py)::(?:Test\w+::)?(test_\w+)` \|$", promise)
        path = ROOT / named[1] if named else None
        if not (named and path and path.exists() and re.search(rf"^ *def {named[2]}\(", path.read_text(), re.M)):
            missing.append(promise)

    assert promises and missing == []


@pytest.mark.parametrize(("what", "bound", "place"), BOUNDS, ids=[place for *_, place in BOUNDS])
def test_each_bound_is_the_codes(what, bound, place):
    assert re.match(rf"(up to )?{re.escape(written(value_at(place)))}\b", bound), what


def value_at(place: str) -> Any:
    """Return what stands at "room.module.NAME" or "room.module.NAME.attribute"."""
    module, _, names = re.fullmatch(r"((?:[a-z_]+\.)+?)()(_?[A-Z].*)", place).groups()
    return attrgetter(names)(resolve_name(module.rstrip(".")))


def written(value: Any) -> str:
    match value:
        case timedelta() if value.days >= 2:
            return f"{value.days} days"
        case timedelta() if value >= timedelta(hours=1):
            return f"{value // timedelta(hours=1)} hours"
        case timedelta():
            return f"{value // timedelta(minutes=1)} minutes"
        case float():
            return f"{value:,.0f}"
        case _:
            return f"{value:,}"
