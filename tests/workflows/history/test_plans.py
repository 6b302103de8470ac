"""The history's reads go by an index, whatever they are filtered by: a walk through all runs shows only in production."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection

from tests.workflows.history.conftest import Acme
from workflows.history.filtering import RunFilters, filtered
from workflows.history.queries import for_rows


def plan(acme: Acme, **filters: object) -> str:
    """How the database would read the first page."""
    runs = for_rows(filtered(acme.project, RunFilters(**filters))).newest_first()[:51]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # small tables are walked, as that is quicker
    return runs.explain()


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"state": "succeeded"},
        {"state": "failed"},
        {"state": "open"},
        {"state": "waiting"},
        {"state": "queued"},
        {"event": "Lead Created"},
        {"user": "user-1"},
        {"user": "user-1", "state": "failed"},
        {"since": date(2026, 1, 1), "until": date(2026, 1, 2)},
        {"search": "0199"},
        {"search": "01990000-0000-7000-8000-000000000000"},
    ],
)
def test_no_filter_makes_the_database_walk_through_all_runs(acme, filters):
    told = plan(acme, **filters)

    assert "SCAN workflows_run" not in told and "Seq Scan on workflows_run" not in told


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL sorts few rows rather than read them in order")
@pytest.mark.parametrize(
    ("filters", "index"),
    [({}, "run_by_project"), ({"state": "failed"}, "run_not_succeeded"), ({"user": "user-1"}, "run_by_user")],
)
def test_a_page_is_read_in_order_and_not_sorted(acme, filters, index):
    told = plan(acme, **filters)

    assert index in told and "TEMP B-TREE" not in told


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite alone must see the index's condition in the query")
def test_open_runs_are_found_by_the_index_that_leaves_out_the_succeeded(acme):
    assert "COVERING INDEX run_not_succeeded" in plan(acme, state="open")
