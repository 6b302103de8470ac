"""What the pages say of runs that wait or have failed is what the engine does with them."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Role
from tests.factories import lead_definition, make_member
from workflows.engine import rendering
from workflows.models import Lane, Run, RunState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana(tutorial):
    return client_of(tutorial, Role.BUILDER)


def client_of(tutorial, role):
    client = Client()
    user = make_member(tutorial.project, role).user
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(response):
    """What a reader sees, blanks made one."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def run_page(client, run):
    return text_of(client.get(reverse("workflows:run", args=[run.pk])))


def listed(client, state):
    body = client.get(reverse("workflows:activity"), {"state": state}).content.decode()
    return re.findall(r'id="run-([0-9a-f]{32})"', body)


def with_tries(tutorial, tries):
    definition = lead_definition()
    definition["steps"][0]["retry"] = {"tries": tries}
    version = tutorial.workflow.live_version
    version.definition = definition
    version.save()
    rendering.forget_prepared()


def test_a_run_whose_tries_are_used_up_says_so_and_what_to_do(tutorial, ana):
    with_tries(tutorial, 1)
    tutorial.org.faults("lock_rows", count=1)
    run = tutorial.send()
    tutorial.drain()
    assert Run.objects.get().state == RunState.FAILED

    text = run_page(ana, run)

    assert "its tries are used up" in text and "Replay the run." in text and "1 try" in text
    assert "is tried again by itself" not in text.replace("not tried again by itself", "")


def test_a_run_that_is_tried_again_says_so_and_offers_to_try_now(tutorial, ana):
    tutorial.org.faults("lock_rows", count=1)
    run = tutorial.send()
    tutorial.drain()

    text = run_page(ana, run)

    assert "so the call is tried again by itself" in text and "Try now" in text and "Next try" in text


@pytest.mark.parametrize("fault", [{"http": 429, "retry_after": 60}, {}], ids=["asked for", "daily limit"])
def test_a_run_that_a_limit_holds_up_waits_in_list_page_and_filter(tutorial, ana, fault):
    tutorial.org.faults("rate_limit", count=1, **fault)
    run, next_one = tutorial.send(), None
    tutorial.drain()
    next_one = tutorial.send()

    text = run_page(ana, run)

    assert "Waiting to go on REQUEST_LIMIT_EXCEEDED" in text and "Looks again" in text and "Running" not in text
    assert "No try used up" in text and "1 API call" in text
    assert set(listed(ana, "waiting")) == {run.pk.hex, next_one.pk.hex} and listed(ana, "queued") == []
    rows = text_of(ana.get(reverse("workflows:activity")))
    assert rows.count("Waiting to go on run of") == 2 and "Running" not in rows


def test_try_now_ends_the_wait_and_is_offered_to_builders_alone(tutorial, ana):
    tutorial.org.faults("rate_limit", count=1, http=429, retry_after=600)
    run = tutorial.send()
    tutorial.drain()
    raj = client_of(tutorial, Role.VIEWER)
    url = reverse("workflows:try-run", args=[run.pk])

    assert "Try now" not in run_page(raj, run) and raj.post(url).status_code == 403
    assert Lane.objects.get().paused_until is not None
    assert "It is tried now." in text_of(ana.post(url, follow=True))
    tutorial.drain()

    assert Run.objects.get().state == RunState.SUCCEEDED
    assert "does not wait for a time by now" in text_of(ana.post(url, follow=True))


def test_a_strangers_run_is_not_tried(tutorial):
    tutorial.org.faults("lock_rows", count=1)
    run = tutorial.send()
    tutorial.drain()
    wake_at = Run.objects.get().wake_at
    stranger = Client()
    stranger.force_login(make_member().user, backend="django.contrib.auth.backends.ModelBackend")

    assert stranger.post(reverse("workflows:try-run", args=[run.pk])).status_code == 404

    assert Run.objects.get().wake_at == wake_at


def test_a_run_that_ended_while_its_step_waited_does_not_say_that_the_step_waits(tutorial, ana):
    tutorial.org.faults("lock_rows", count=1)
    run = tutorial.send()
    tutorial.drain()
    ana.post(reverse("workflows:cancel-run", args=[run.pk]))

    text = run_page(ana, run)

    assert "Stopped" in text and "Waiting to be tried again" not in text and "so it is not tried again" in text


@pytest.mark.parametrize(("crashes", "is_said"), [(1, False), (2, True)])
def test_a_run_whose_lane_crashes_again_and_again_says_so(tutorial, ana, crashes, is_said):
    run = tutorial.send()
    Lane.objects.update(crashes=crashes)

    assert ("has crashed 2 times in a row. Isthmus finds the run at fault" in run_page(ana, run)) is is_said
