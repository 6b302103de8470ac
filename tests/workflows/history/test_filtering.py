"""The filters of the list of runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.http import QueryDict
from django.utils import timezone

from lib.ids import lowest_id_at
from tests.factories import lead_definition, make_connected_user, make_credential, make_run, make_workflow
from tests.workflows.history.conftest import Acme
from workflows.history.filtering import RunFilterForm, RunFilters, filtered
from workflows.models import Lane, Run, RunState


def found(acme: Acme, **filters: object) -> set[UUID]:
    return set(filtered(acme.project, RunFilters(**filters)).values_list("pk", flat=True))


def read(acme: Acme, **given: str) -> RunFilters:
    return RunFilterForm(acme.project, given).filters()


@pytest.mark.parametrize(
    ("filter_state", "passing"),
    [
        ("", {"queued", "waiting", "parked", "asking", "succeeded", "failed", "cancelled"}),
        ("open", {"queued", "waiting", "parked", "asking"}),
        *((state, {state}) for state in RunState.values),
    ],
)
def test_the_status_filter_lets_pass_what_it_names(acme, filter_state, passing):
    runs = {state: make_run(acme.workflow, acme.credential, state=state) for state in RunState.values}

    assert found(acme, state=filter_state) == {runs[state].pk for state in passing}


def test_a_run_that_its_lanes_pause_holds_up_waits_and_is_not_queued(acme):
    held_up, waits = make_run(acme.workflow, acme.credential), make_run(acme.workflow, acme.credential, state="waiting")
    elsewhere = make_run(acme.workflow, make_credential(acme.integration, make_connected_user(acme.project, "user-2")))
    Lane.objects.filter(pk=acme.credential.pk).update(paused_until=timezone.now() + timedelta(minutes=5))

    assert (
        found(acme, state="waiting")
        == found(acme, state="waiting", workflow=acme.workflow.pk)
        == {held_up.pk, waits.pk}
    )
    assert found(acme, state="queued") == {elsewhere.pk}
    assert found(acme, state="open") == {held_up.pk, waits.pk, elsewhere.pk}


def test_the_workflow_filter_leaves_out_other_workflows(acme):
    mine = make_run(acme.workflow, acme.credential)
    make_run(make_workflow(acme.integration), acme.credential)

    assert found(acme, workflow=acme.workflow.pk) == {mine.pk}


def test_the_event_filter_goes_by_the_event_that_the_runs_version_listens_to(acme):
    make_run(acme.workflow, acme.credential)
    deals = lead_definition(trigger={"type": "app_event", "app_event": "Deal Won"})
    deal = make_run(make_workflow(acme.integration, draft=deals), acme.credential)

    assert found(acme, event="Deal Won") == {deal.pk}


@pytest.mark.parametrize("text", ["user-2", "Kim", "kim@example", "USER-2"])
def test_the_user_filter_takes_an_id_or_part_of_a_name_or_email(acme, text):
    make_run(acme.workflow, acme.credential)
    kim = make_connected_user(acme.project, "user-2", name="Kim Poe", email="kim@example.com")
    run = make_run(acme.workflow, make_credential(acme.integration, kim))

    assert found(acme, user=text) == {run.pk}


def test_an_exact_user_id_wins_over_users_whose_id_contains_it(acme):
    mine = make_run(acme.workflow, acme.credential)
    make_run(acme.workflow, make_credential(acme.integration, make_connected_user(acme.project, "user-12")))

    assert found(acme, user="user-1") == {mine.pk}


def test_both_days_of_a_date_range_are_included(acme):
    def run_at(*moment: int) -> UUID:
        return make_run(acme.workflow, acme.credential, id=lowest_id_at(datetime(*moment, tzinfo=UTC))).pk

    run_at(2026, 11, 9, 23, 59, 59)
    wanted = {run_at(2026, 11, 10), run_at(2026, 11, 11, 23, 59, 59)}
    run_at(2026, 11, 12)

    assert found(acme, since=datetime(2026, 11, 10).date(), until=datetime(2026, 11, 11).date()) == wanted


def test_search_finds_a_run_by_its_id_by_its_beginning_and_by_its_event(acme):
    run = make_run(acme.workflow, acme.credential)
    make_run(acme.workflow, acme.credential, id=lowest_id_at(datetime(2026, 1, 1, tzinfo=UTC)))

    assert found(acme, search=str(run.pk)) == {run.pk}
    assert found(acme, search=run.pk.hex[:12].upper()) == {run.pk}
    assert found(acme, search=str(run.event_id)) == {run.pk}


def test_search_finds_the_runs_of_a_user_by_their_id(acme):
    run = make_run(acme.workflow, acme.credential)

    assert found(acme, search="user-1") == {run.pk}
    assert found(acme, search="nobody") == set()


def test_search_finds_no_run_of_another_project(acme):
    other = make_run()

    assert found(acme, search=str(other.pk)) == set()
    assert found(acme, search=str(other.event_id)) == set()


def test_filters_narrow_each_other(acme):
    make_run(acme.workflow, acme.credential, state="failed")
    wanted = make_run(make_workflow(acme.integration), acme.credential, state="failed")
    make_run(wanted.workflow, acme.credential, state="succeeded")

    assert found(acme, state="failed", workflow=wanted.workflow_id) == {wanted.pk}


def test_a_filter_that_can_not_be_read_is_named_and_left_out(acme):
    form = RunFilterForm(acme.project, {"since": "yesterday", "state": "failed"})

    assert form.filters() == RunFilters(state="failed")
    assert "since" in form.errors


def test_a_workflow_of_another_project_is_no_choice(acme):
    other = make_workflow()

    assert read(acme, workflow=str(other.pk)).workflow is None


def test_the_filters_address_gives_the_same_filters_again(acme):
    filters = RunFilters(
        "failed", acme.workflow.pk, "user 1&2", "Lead Created", datetime(2026, 1, 2).date(), None, "x=y"
    )

    assert RunFilterForm(acme.project, QueryDict(filters.query)).filters() == filters


def test_no_filters_leave_every_run_of_the_project_and_none_of_others(acme):
    mine = make_run(acme.workflow, acme.credential)
    make_run()

    assert found(acme) == {mine.pk}
    assert Run.objects.count() == 2
