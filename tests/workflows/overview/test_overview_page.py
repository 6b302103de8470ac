"""An integration's Overview: ids, figures, workflows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from integrations import budgeting
from lib.ids import lowest_id_at
from tests.factories import lead_definition, make_run, make_workflow, switch_on
from tests.workflows.history.conftest import Acme
from workflows.history import charting
from workflows.models import RunState, Workflow
from workflows.overview import figures

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL = "/integrations/salesforce/"


def run_at(acme: Acme, moment: datetime, state: str = RunState.SUCCEEDED) -> None:
    number = Workflow.objects.count() + acme.workflow.runs.count()
    make_run(acme.workflow, acme.credential, id=UUID(int=lowest_id_at(moment).int + number), state=state)


def rows(acme: Acme) -> dict[str, figures.WorkflowRow]:
    workflows = list(Workflow.objects.filter(integration=acme.integration).select_related("live_version"))
    return {row.workflow.name: row for row in figures.workflow_rows(workflows)}


def test_the_page_shows_the_ids_that_the_app_needs(ana, acme):
    body = ana.get(URL).content.decode()

    assert str(acme.project.pk) in body and str(acme.integration.pk) in body


def test_live_edited_and_never_deployed_workflows_are_told_apart(acme):
    Workflow.objects.filter(pk=acme.workflow.pk).update(name="live")
    edited = make_workflow(acme.integration, name="edited")
    Workflow.objects.filter(pk=edited.pk).update(draft=lead_definition(order_by="{{ trigger.email }}"))
    make_workflow(acme.integration, name="never", deployed=False)

    assert {name: row.state for name, row in rows(acme).items()} == {
        "live": "Live, v1",
        "edited": "v1, edited since",
        "never": "Never deployed",
    }


def test_a_workflow_tells_its_users_and_its_last_run(acme):
    switch_on(acme.workflow, acme.credential)
    make_run(acme.workflow, acme.credential)
    last = make_run(acme.workflow, acme.credential, state=RunState.FAILED)

    row = rows(acme)["Sync leads"]

    assert (row.users_on, row.last_run) == (1, last)


def test_a_disconnected_users_switch_is_not_counted(acme):
    switch_on(acme.workflow, acme.credential)
    type(acme.credential).objects.update(removed_at=timezone.now())

    assert rows(acme)["Sync leads"].users_on == 0


def test_runs_are_counted_by_day_and_outcome(acme):
    cache.clear()
    for state in (RunState.SUCCEEDED, RunState.FAILED, RunState.QUEUED, RunState.CANCELLED):
        run_at(acme, NOW, state)
    run_at(acme, NOW - timedelta(days=1))
    run_at(acme, NOW - timedelta(days=40))

    chart = charting.of_project(acme.project, days=3, now=NOW)

    assert [bar.day.day for bar in chart.bars] == [18, 19, 20]
    assert [bar.figures.total for bar in chart.bars] == [0, 1, 4]
    today = chart.bars[-1].figures
    assert (today.succeeded, today.failed, today.open, today.cancelled) == (1, 1, 1, 1)


def test_midnight_belongs_to_the_day_that_begins(acme):
    cache.clear()
    run_at(acme, datetime(2026, 11, 20, tzinfo=UTC))
    run_at(acme, datetime(2026, 11, 19, 23, 59, 59, 999_000, tzinfo=UTC))

    chart = charting.of_project(acme.project, days=2, now=NOW)

    assert [bar.figures.total for bar in chart.bars] == [1, 1]


def test_the_bars_of_a_day_stand_on_each_other_within_the_drawing(acme):
    cache.clear()
    for state in (RunState.SUCCEEDED, RunState.FAILED, RunState.QUEUED):
        run_at(acme, NOW, state)

    bar = charting.of_project(acme.project, days=1, now=NOW).bars[0]

    assert bar.other_y == pytest.approx(0, abs=0.05)
    assert bar.failed_y == pytest.approx(bar.other_y + bar.other_height, abs=0.05)
    assert bar.succeeded_y == pytest.approx(bar.failed_y + bar.failed_height, abs=0.05)
    assert bar.succeeded_y + bar.succeeded_height == pytest.approx(charting.HEIGHT, abs=0.05)


def test_ended_days_are_not_counted_again_for_each_page(acme, django_assert_num_queries):
    cache.clear()
    run_at(acme, NOW - timedelta(days=2))
    charting.of_project(acme.project, days=14, now=NOW)

    with django_assert_num_queries(1):
        charting.of_project(acme.project, days=14, now=NOW)
    with django_assert_num_queries(3):  # the workflows, and today's two counts
        charting.of_project(acme.project, days=14, now=NOW + timedelta(seconds=16))


def test_a_past_day_is_counted_again_while_a_run_of_it_is_open(acme):
    cache.clear()
    run_at(acme, NOW - timedelta(days=2), RunState.WAITING)
    charting.of_project(acme.project, days=3, now=NOW)
    acme.workflow.runs.update(state=RunState.FAILED)

    chart = charting.of_project(acme.project, days=3, now=NOW + timedelta(seconds=16))

    assert chart.total.failed == 1


def test_the_page_links_each_workflow_to_its_editor_and_offers_a_new_one(ana, acme):
    body = ana.get(URL).content.decode()

    assert reverse("workflows:editor", args=[acme.workflow.pk]) in body
    assert f'action="{reverse("workflows:create-workflow", args=["salesforce"])}"' in body


def test_a_viewer_is_offered_no_new_workflow(raj):
    assert "New workflow" not in raj.get(URL).content.decode()


def test_a_project_without_the_integration_is_led_to_its_settings(stranger, acme):
    body = stranger.get(URL).content.decode()

    assert "Nobody can connect yet" in body and "No workflow yet" in body
    assert str(acme.project.pk) not in body and acme.workflow.name not in body


def test_an_unknown_provider_is_not_found(ana):
    assert ana.get("/integrations/fax/").status_code == 404
    assert ana.get("/integrations/fax/settings/").status_code == 404


def test_the_orgs_nearest_to_their_limit_are_listed_with_what_to_expect(ana, acme):
    assert "organisations" not in ana.get(URL).content.decode()
    budgeting.note(acme.credential, used=13_000, limit=15_000, own_calls=100, now=timezone.now())

    body = ana.get(URL).content.decode()

    assert "13,000 of 15,000" in body and "What is not reserved is used up, so runs wait." in body
    assert f"#budget-{acme.credential.pk.hex}" in body


def test_the_page_takes_few_queries_however_many_workflows_it_lists(ana, acme, django_assert_max_num_queries):
    for _ in range(15):
        make_run(make_workflow(acme.integration), acme.credential)
    ana.get(URL)

    with django_assert_max_num_queries(20):
        ana.get(URL)


def test_the_failed_runs_of_the_day_lead_to_their_list(ana, acme):
    make_run(acme.workflow, acme.credential, state=RunState.FAILED)

    body = ana.get(URL).content.decode()

    assert re.search(r'href="/activity/\?state=failed[^"]*">1</a>', body)


def test_the_overview_asks_to_remove_origins_of_builders_machines_once_a_real_one_stands_there(ines, raj, acme):
    assert "anybody's own machine" not in ines.get(URL).content.decode()
    acme.project.allowed_origins = ["http://localhost:*", "https://app.acme.com"]
    acme.project.save()

    hers, his = (member.get(URL).content.decode() for member in (ines, raj))

    assert "<code>http://localhost:*</code>" in hers and '<a href="/settings/">remove it</a>' in hers
    assert "<code>http://localhost:*</code>" in his and "An admin can remove it" in his
