"""Real workers: one tenant's backlog and slow orgs do not hold up another tenant's single event."""

import pytest

from projects.models import Project
from tests.factories import make_app_event, make_integration, make_workflow
from tests.support.backlog import queue_events
from tests.support.sandbox import SandboxOrg
from tests.support.tutorial import connect
from tests.support.workers import files_broker, wait_until, worker
from workflows.models import Lane, Run, RunState, StepRun, StepState

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("brokers")]


@pytest.fixture
def org():
    """One of its own: calls that still wait in it when a test ends would reach the next test's records."""
    with SandboxOrg() as made:
        yield made


def another_project(tutorial):
    """A second tenant on the same org."""
    project = Project.objects.create(name="Globex")
    app = tutorial.org.app()
    integration = make_integration(project, client_id=app["client_id"], client_secret=app["client_secret"])
    make_app_event(project)
    make_workflow(integration)
    return connect(tutorial.org, project=project, user_id="globex-user")


def send_and_wait(tutorial):
    """Send one event, and wait until its record stands. The sweep rings for it here."""
    run = tutorial.send()
    Lane.objects.update(rung_at=None)
    assert wait_until(lambda: Run.objects.get(pk=run.pk).state == RunState.SUCCEEDED)


def test_fifty_thousand_events_of_one_tenant_do_not_hold_up_anothers_single_one(tutorial, tmp_path):
    # Of as many users as keep every thread of the worker busy.
    users = [tutorial, *(connect(tutorial.org, project=tutorial.project, user_id=f"user-{n}") for n in range(2, 13))]
    for each in users:
        queue_events(each, 50_000 // len(users) + 1)
    tutorial.org.faults("slow", ms=250, probability=1.0)
    globex = another_project(tutorial)

    with worker(files_broker(tmp_path), tutorial.org):
        assert wait_until(lambda: Run.objects.filter(state=RunState.SUCCEEDED).exists())
        before = Run.objects.open().count()
        send_and_wait(globex)
        left = Run.objects.open().count()

    assert left > before / 2, "most of the backlog was still there"


def test_orgs_that_do_not_answer_do_not_hold_up_a_quick_one(tutorial, tmp_path):
    for number in range(8):
        username = f"slow-{number}@org.example"
        tutorial.org.user(username)
        tutorial.org.faults("slow", ms=600_000, username=username, probability=1.0)
        connect(tutorial.org, project=tutorial.project, user_id=f"slow-{number}", username=username).send()
    Lane.objects.update(rung_at=None)
    calling = StepRun.objects.filter(state=StepState.CALLING)

    with worker(files_broker(tmp_path), tutorial.org, SALESFORCE_TIMEOUT_SECONDS="600"):
        assert wait_until(lambda: calling.count() == 8), "all eight wait, in a worker of four threads"
        for _ in range(3):
            send_and_wait(tutorial)

        assert calling.count() == 8, "and still do"
