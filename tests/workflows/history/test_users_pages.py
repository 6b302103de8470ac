"""Connected Users: the list and a user's page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations import budgeting
from integrations.models import CredentialStatus
from projects.models import AuditEntry
from tests.factories import lead_definition, make_connected_user, make_credential, make_run, make_workflow, switch_on
from tests.workflows.history.conftest import Acme
from workflows.history import people
from workflows.models import Lane, PauseCause, WorkflowSetting


def user_url(acme: Acme) -> str:
    return reverse("workflows:connected-user", args=[acme.credential.user_id])


def switch_url(acme: Acme) -> str:
    configuration = acme.credential.configurations.get()
    ids = [acme.credential.user_id, configuration.pk, acme.workflow.pk]
    return reverse("workflows:switch-workflow", args=ids)


def reserve_url(acme: Acme) -> str:
    return reverse("workflows:set-api-reserve", args=[acme.credential.user_id, acme.credential.pk])


def test_the_list_tells_accounts_workflows_and_recent_runs(ana, acme):
    switch_on(acme.workflow, acme.credential)
    make_run(acme.workflow, acme.credential)

    row = people.page_of(acme.project, search="", place=None, now=timezone.now()).rows[0]

    assert (row.credentials, row.workflows_on, row.recent_runs) == ([acme.credential], 1, 1)
    assert "Salesforce: connected" in ana.get(reverse("workflows:connected-users")).content.decode()


def test_runs_of_yesterday_are_not_counted_as_recent(acme):
    make_run(acme.workflow, acme.credential)

    row = people.page_of(acme.project, search="", place=None, now=timezone.now() + timedelta(hours=25)).rows[0]

    assert row.recent_runs == 0


def test_a_disconnected_account_counts_no_workflows(acme):
    switch_on(acme.workflow, acme.credential)
    type(acme.credential).objects.update(removed_at=timezone.now())

    row = people.page_of(acme.project, search="", place=None, now=timezone.now()).rows[0]

    assert (row.credentials, row.workflows_on) == ([], 0)


@pytest.mark.parametrize("text", ["USER-1", "bo l", "bo@exa"])
def test_users_are_found_by_id_name_and_email(ana, acme, text):
    make_connected_user(acme.project, "somebody-else")

    body = ana.get(reverse("workflows:connected-users"), {"q": text}).content.decode()

    assert "user-1" in body and "somebody-else" not in body


def test_every_user_is_listed_once_over_the_pages_those_seen_last_first(acme, monkeypatch):
    monkeypatch.setattr(people, "PAGE_SIZE", 2)
    now = timezone.now()
    same = now - timedelta(hours=1)
    for number in range(2, 7):
        make_connected_user(
            acme.project, f"user-{number}", last_seen_at=same if number < 5 else now - timedelta(days=number)
        )

    listed: list[str] = []
    place = None
    while True:
        page = people.page_of(acme.project, search="", place=place, now=now)
        listed += [row.user.external_id for row in page.rows]
        if page.older is None:
            break
        place = people.Place.read(str(page.older))

    assert listed[0] == "user-1" and listed[-2:] == ["user-5", "user-6"]
    assert sorted(listed) == [f"user-{number}" for number in range(1, 7)]


@pytest.mark.parametrize("place", ["nonsense", "1.", "99999999999999999999.00", "x.y"])
def test_a_place_that_is_none_is_the_first_page(ana, acme, place):
    assert "user-1" in ana.get(reverse("workflows:connected-users"), {"after": place}).content.decode()


def test_the_list_takes_few_queries_however_many_users_it_shows(ana, acme, django_assert_max_num_queries):
    for number in range(20):
        make_credential(acme.integration, make_connected_user(acme.project, f"many-{number}"))

    with django_assert_max_num_queries(10):
        ana.get(reverse("workflows:connected-users"))


def test_an_empty_project_is_told_how_users_come(stranger):
    assert "No connected user yet" in stranger.get(reverse("workflows:connected-users")).content.decode()


def test_a_stranger_sees_none_of_acmes_users(stranger, acme):
    assert "user-1" not in stranger.get(reverse("workflows:connected-users")).content.decode()
    assert stranger.get(user_url(acme)).status_code == 404


def test_a_users_page_shows_account_reason_budget_switches_and_runs(ana, acme):
    switch_on(acme.workflow, acme.credential)
    run = make_run(acme.workflow, acme.credential)
    credential = acme.credential
    credential.status, credential.status_reason = CredentialStatus.INVALID, "The refresh token was revoked."
    credential.api_used, credential.api_limit, credential.api_checked_at = 1200, 15000, timezone.now()
    credential.save()

    body = ana.get(user_url(acme)).content.decode()

    for shown in ("bo@lind.example", "Lind AB", "The refresh token was revoked.", "1,200 of 15,000", run.pk.hex):
        assert shown in body
    assert re.search(r'name="on"[^>]*checked', body)


def test_a_users_page_shows_how_long_the_budget_lasts(ana, acme):
    now = timezone.now()
    for minutes_ago, used in ((60, 11_000), (30, 11_400), (0, 11_800)):
        at = now - timedelta(minutes=minutes_ago)
        budgeting.note(acme.credential, used=used, limit=15_000, own_calls=300, now=at)

    body = ana.get(user_url(acme)).content.decode()

    for shown in (
        "11,800 of 15,000", "900 by Isthmus", "10,900 by others", "200 left to Isthmus", "3,000 reserved",
        "share is used up in about 15 min", 'class="budget-curve-forecast"',
    ):  # fmt: skip
        assert shown in body


def test_an_account_that_has_made_no_call_is_told_when_the_count_comes(ana, acme):
    assert "tells the count with its answer to the first call" in ana.get(user_url(acme)).content.decode()


def test_a_builder_sets_an_accounts_reserve_and_takes_it_back(ana, acme):
    page = ana.post(reserve_url(acme), {"percent": "50"}, headers={"HX-Request": "true"}).content.decode()

    acme.credential.refresh_from_db()
    assert acme.credential.api_reserve_percent == 50 and re.search(r'name="percent"[^>]*value="50"', page)
    assert ana.post(reserve_url(acme), {"percent": ""}).status_code == 302
    acme.credential.refresh_from_db()
    assert acme.credential.api_reserve_percent is None


def test_runs_that_the_reserve_held_up_go_on_when_it_is_lowered(ana, acme):
    budgeting.note(acme.credential, used=801, limit=1000, own_calls=1, now=timezone.now())
    until = timezone.now() + timedelta(minutes=10)
    Lane.objects.update(paused_until=until, pause_reason="801 of 1,000 are used.", pause_cause=PauseCause.BUDGET)

    response = ana.post(reserve_url(acme), {"percent": "10"}, headers={"HX-Request": "true"})

    assert "The runs that waited go on." in response["HX-Trigger"]
    assert Lane.objects.get().paused_until is None


@pytest.mark.parametrize("given", ["91", "-1", "half", "1.5", "²", "9" * 5000])
def test_a_reserve_that_is_none_is_refused_and_shown_again(ana, acme, given):
    response = ana.post(reserve_url(acme), {"percent": given}, headers={"HX-Request": "true"})

    assert response.status_code == 422 and "A whole number from 0 to 90" in response.content.decode()
    acme.credential.refresh_from_db()
    assert acme.credential.api_reserve_percent is None


def test_a_users_tokens_stand_nowhere_on_the_page(ana, acme):
    body = ana.get(user_url(acme)).content.decode()

    assert "00D!access" not in body and acme.credential.tokens_sealed not in body


def test_a_builder_switches_a_workflow_on_and_off_for_a_user(ana, acme):
    on = ana.post(switch_url(acme), {"on": "1"})
    assert WorkflowSetting.objects.get().is_enabled
    off = ana.post(switch_url(acme), {})

    assert not WorkflowSetting.objects.get().is_enabled
    assert re.search(r"checked", on.content.decode()) and not re.search(r'"1" checked', off.content.decode())
    assert [entry.action for entry in AuditEntry.objects.order_by("at")] == [
        "workflow.switched_on",
        "workflow.switched_off",
    ]


def test_a_workflow_that_lacks_a_setting_is_not_switched_on_and_says_which(ana, acme):
    setting = {"id": "owner", "title": "Owner of new leads", "type": "TEXT_NO_VARS", "required": True}
    acme.workflow = make_workflow(acme.integration, draft=lead_definition(settings=[setting]))

    response = ana.post(switch_url(acme), {"on": "1"})

    assert response.status_code == 422
    assert "Owner of new leads" in response.content.decode()
    assert not WorkflowSetting.objects.filter(is_enabled=True).exists()


@pytest.mark.parametrize("who", ["stranger", "raj"])
def test_who_may_not_build_changes_nothing_of_a_user(request, acme, who):
    client = request.getfixturevalue(who)
    disconnect = reverse("workflows:disconnect-credential", args=[acme.credential.user_id, acme.credential.pk])

    posted = {"on": "1", "percent": "50"}
    statuses = {client.post(url, posted).status_code for url in (switch_url(acme), disconnect, reserve_url(acme))}

    assert statuses == ({404} if who == "stranger" else {403})
    acme.credential.refresh_from_db()
    assert acme.credential.api_reserve_percent is None
    assert acme.credential.removed_at is None and acme.credential.tokens["refresh_token"] == "refresh"
    assert not WorkflowSetting.objects.exists()


def test_one_users_page_does_not_reach_anothers_account(ana, acme):
    other = make_connected_user(acme.project, "user-2")
    url = reverse("workflows:disconnect-credential", args=[other.pk, acme.credential.pk])

    assert ana.post(url).status_code == 404
    acme.credential.refresh_from_db()
    assert acme.credential.removed_at is None


def test_a_builder_disconnects_an_account_and_its_tokens_are_gone(ana, acme, monkeypatch):
    monkeypatch.setattr(type(acme.integration.provider), "revoke", lambda self, credential: None)
    url = reverse("workflows:disconnect-credential", args=[acme.credential.user_id, acme.credential.pk])

    response = ana.post(url, follow=True)

    acme.credential.refresh_from_db()
    assert acme.credential.removed_at is not None
    assert acme.credential.tokens["refresh_token"] == ""
    assert "No account connected" in response.content.decode()
