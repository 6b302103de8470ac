"""Pages of runs: bounded by a run, never by a count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from lib.ids import lowest_id_at
from tests.factories import make_event, make_run
from tests.workflows.history.conftest import Acme
from workflows.history.queries import OLDEST, Cursor, page_of
from workflows.models import Run

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def run_at(acme: Acme, moment: datetime, number: int = 0) -> Run:
    run_id = UUID(int=lowest_id_at(moment).int + number)
    return make_run(acme.workflow, acme.credential, id=run_id)


@pytest.fixture
def seven(acme: Acme) -> list[Run]:
    """Seven runs, the newest first."""
    return [run_at(acme, NOON + timedelta(minutes=minute)) for minute in range(6, -1, -1)]


def ids(runs: list[Run]) -> list[UUID]:
    return [run.pk for run in runs]


def test_the_first_page_holds_the_newest_runs(seven):
    page = page_of(Run.objects.all(), Cursor(), size=3)

    assert ids(page.runs) == ids(seven[:3])
    assert (page.has_newer, page.has_older) == (False, True)


def test_going_older_and_newer_again_shows_each_run_once(seven):
    first = page_of(Run.objects.all(), Cursor(), size=3)
    second = page_of(Run.objects.all(), Cursor(before=first.oldest), size=3)
    third = page_of(Run.objects.all(), Cursor(before=second.oldest), size=3)
    back = page_of(Run.objects.all(), Cursor(after=third.newest), size=3)

    assert ids(first.runs + second.runs + third.runs) == ids(seven)
    assert not third.has_older
    assert ids(back.runs) == ids(second.runs)


def test_a_run_that_arrives_meanwhile_shifts_no_row_of_the_next_page(acme, seven):
    first = page_of(Run.objects.all(), Cursor(), size=3)
    run_at(acme, NOON + timedelta(hours=1))

    second = page_of(Run.objects.all(), Cursor(before=first.oldest), size=3)

    assert ids(second.runs) == ids(seven[3:6])


def test_the_oldest_page_is_full_and_knows_that_nothing_is_older(seven):
    page = page_of(Run.objects.all(), Cursor(after=OLDEST), size=3)

    assert ids(page.runs) == ids(seven[4:])
    assert (page.has_newer, page.has_older) == (True, False)


def test_going_newer_near_the_end_gives_the_full_first_page(seven):
    page = page_of(Run.objects.all(), Cursor(after=seven[1].pk), size=3)

    assert ids(page.runs) == ids(seven[:3])
    assert not page.has_newer


@pytest.mark.parametrize("given", ["", "nonsense", "0192'; DROP TABLE", None])
def test_a_cursor_that_is_no_id_is_the_first_page(given):
    assert Cursor.read(given, given) == Cursor()


def test_a_page_of_runs_takes_one_query_and_leaves_payloads_where_they_are(acme, django_assert_num_queries):
    for _ in range(3):
        make_run(acme.workflow, acme.credential, event=make_event(acme.credential.user))

    with django_assert_num_queries(1) as queries:
        for run in page_of(Run.objects.all(), Cursor()).runs:
            assert run.workflow.name and run.version.number and run.user.external_id

    assert "payload" not in queries[0]["sql"]
    assert "definition" not in queries[0]["sql"]
