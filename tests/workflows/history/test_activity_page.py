"""Activity as a member meets it: what it shows, how it keeps itself up to date, and who may not look."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_event, make_run
from workflows.models import Run, RunState

HTMX = {"HX-Request": "true"}


def rows(body: str) -> list[str]:
    return re.findall(r'<tr id="run-([0-9a-f]{32})"', body)


def poll_url(body: str) -> str | None:
    found = re.search(r'id="run-updates"[^>]*hx-get="([^"]+)"', body)
    return found.group(1).replace("&amp;", "&") if found else None


def get(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_the_newest_run_stands_first(ana, acme):
    first, second = (make_run(acme.workflow, acme.credential) for _ in range(2))

    assert rows(get(ana, reverse("workflows:activity"))) == [second.pk.hex, first.pk.hex]


def test_a_stranger_sees_none_of_acmes_runs(stranger, acme):
    run = make_run(acme.workflow, acme.credential)

    body = get(stranger, reverse("workflows:activity"))

    assert run.pk.hex not in body and acme.workflow.name not in body


def test_a_stranger_learns_nothing_by_asking_for_updates_of_acmes_runs(stranger, acme):
    run = make_run(acme.workflow, acme.credential)

    response = stranger.get(f"{reverse('workflows:activity-updates')}?watch={run.pk.hex}-00000000")

    assert response.status_code == 286
    assert run.pk.hex not in response.content.decode()


def test_an_anonymous_visitor_is_led_to_the_log_in(client, acme):
    response = client.get(reverse("workflows:activity"))

    assert response.status_code == 302 and response["Location"].startswith("/accounts/login/")


def test_a_viewer_may_look(raj, acme):
    make_run(acme.workflow, acme.credential)

    assert len(rows(get(raj, reverse("workflows:activity")))) == 1


def test_a_project_without_runs_is_told_how_the_first_one_comes(ana):
    assert "No run yet" in get(ana, reverse("workflows:activity"))


def test_filters_that_nothing_passes_say_so_and_lead_back(ana, acme):
    make_run(acme.workflow, acme.credential)

    body = get(ana, f"{reverse('workflows:activity')}?state=failed&q=zzz")

    assert "No run passes these filters" in body and "zzz" in body
    assert not rows(body)


def test_an_unreadable_date_is_named_beside_its_input(ana, acme):
    make_run(acme.workflow, acme.credential)

    body = get(ana, f"{reverse('workflows:activity')}?since=yesterday")

    assert "Enter a valid date" in body and len(rows(body)) == 1


def test_htmx_gets_the_list_alone_and_the_filters_address(ana, acme):
    make_run(acme.workflow, acme.credential, state=RunState.FAILED)

    response = ana.get(f"{reverse('workflows:activity')}?state=failed&q=&user=", headers=HTMX)

    body = response.content.decode()
    assert body.lstrip().startswith("<section") and len(rows(body)) == 1
    assert response["HX-Push-Url"] == f"{reverse('workflows:activity')}?state=failed"
    assert "HX-Request" in response["Vary"]


def test_a_failed_run_shows_its_code_in_the_list(ana, acme):
    error = {"code": "REQUIRED_FIELD_MISSING", "message": "no"}
    make_run(acme.workflow, acme.credential, state=RunState.FAILED, error=error)

    assert "REQUIRED_FIELD_MISSING" in get(ana, reverse("workflows:activity"))


def test_the_list_takes_few_queries_however_many_runs_it_shows(ana, acme, django_assert_max_num_queries):
    for _ in range(30):
        make_run(acme.workflow, acme.credential)
    get(ana, reverse("workflows:activity"))  # the chart's ended days are remembered

    with django_assert_max_num_queries(14):
        get(ana, reverse("workflows:activity"))


def test_while_a_run_goes_on_its_row_is_swapped_when_it_changes_and_only_then(ana, acme):
    run = make_run(acme.workflow, acme.credential)
    url = poll_url(get(ana, reverse("workflows:activity")))
    assert url is not None

    unchanged = get(ana, url)
    Run.objects.filter(pk=run.pk).update(state=RunState.WAITING, wait_reason="Salesforce is away.")
    changed = get(ana, url)
    settled = get(ana, poll_url(changed) or "")

    assert rows(unchanged) == []
    assert rows(changed) == [run.pk.hex] and 'hx-swap-oob="true"' in changed and "Salesforce is away." in changed
    assert rows(settled) == []


def test_new_runs_are_announced_and_shift_no_rows(ana, acme):
    make_run(acme.workflow, acme.credential, state=RunState.SUCCEEDED)
    url = poll_url(get(ana, reverse("workflows:activity"))) or ""
    make_run(acme.workflow, acme.credential)
    make_run(acme.workflow, acme.credential)

    body = get(ana, url)

    assert "2 new runs" in body and rows(body) == []


def test_new_runs_that_the_filters_leave_out_are_not_announced(ana, acme):
    url = poll_url(get(ana, f"{reverse('workflows:activity')}?state=failed")) or ""
    make_run(acme.workflow, acme.credential)

    assert "new run" not in get(ana, url)


def test_an_older_page_asks_no_more_once_its_runs_have_ended(ana, acme):
    old = make_run(acme.workflow, acme.credential)
    newer = make_run(acme.workflow, acme.credential, state=RunState.SUCCEEDED)
    url = poll_url(get(ana, f"{reverse('workflows:activity')}?before={newer.pk}"))
    assert url is not None
    Run.objects.filter(pk=old.pk).update(state=RunState.SUCCEEDED, finished_at=timezone.now())

    response = ana.get(url)

    assert response.status_code == 286
    assert rows(response.content.decode()) == [old.pk.hex]
    assert poll_url(response.content.decode()) is None
    assert poll_url(get(ana, f"{reverse('workflows:activity')}?before={newer.pk}")) is None


def test_the_pages_link_to_each_other(ana, acme, monkeypatch):
    monkeypatch.setattr("workflows.history.queries.page_of.__defaults__", (2,))
    runs = [make_run(acme.workflow, acme.credential, state=RunState.SUCCEEDED) for _ in range(5)]

    seen: list[str] = []
    url: str | None = reverse("workflows:activity")
    while url:
        body = get(ana, url)
        seen += rows(body)
        older = re.search(r'rel="next" href="([^"]+)"', body)
        url = older.group(1).replace("&amp;", "&") if older else None

    assert seen == [run.pk.hex for run in reversed(runs)]


def test_paging_keeps_the_filters(ana, acme, monkeypatch):
    monkeypatch.setattr("workflows.history.queries.page_of.__defaults__", (1,))
    for state in (RunState.FAILED, RunState.SUCCEEDED, RunState.FAILED):
        make_run(acme.workflow, acme.credential, state=state)

    body = get(ana, f"{reverse('workflows:activity')}?state=failed")

    older = re.search(r'rel="next" href="([^"]+)"', body)
    assert older and "state=failed" in urlsplit(older.group(1)).query


def test_a_users_own_text_is_shown_as_text(ana, acme):
    user = acme.credential.user
    type(user).objects.filter(pk=user.pk).update(name="<script>alert(1)</script>")
    make_run(acme.workflow, acme.credential, event=make_event(user))

    assert "<script>alert" not in get(ana, reverse("workflows:activity"))
