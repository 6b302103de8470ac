"""Two workers that share nothing but PostgreSQL and a broker: one is cut off, its lanes go on elsewhere, once."""

import os
import signal
import time

import pytest
from django.db import connection

from tests.support.sandbox import SandboxOrg
from tests.support.workers import BROKERS, running_broker, wait_until, worker
from workflows.models import Lane, Run, RunState, StepRun, StepState

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("brokers")]


@pytest.fixture
def org():
    """One of its own: the cut-off worker's call may still wait in it when the test ends."""
    with SandboxOrg() as made:
        yield made


@pytest.fixture(params=list(BROKERS))
def broker_url(request):
    with running_broker(request.param) as url:
        yield url


def folder(tmp_path, name):
    made = tmp_path / name
    made.mkdir()
    return made


def history():
    """Everything that workers write of runs and their steps."""
    runs = list(Run.objects.order_by("pk").values("pk", "state", "position", "error", "api_calls", "finished_at"))
    steps = list(StepRun.objects.order_by("pk").values("run", "state", "output", "tries", "notes", "finished_at"))
    return runs, steps


@pytest.mark.skipif(
    "postgres" not in os.environ.get("DATABASE_URL", ""), reason="hosts share a PostgreSQL; DATABASE_URL names none"
)
def test_a_host_that_is_cut_off_in_the_middle_of_a_group_writes_nothing_more(tutorial, tmp_path, broker_url):
    assert connection.vendor == "postgresql"
    for number in range(20):
        tutorial.send(last_name=f"Lind {number:02}")
    tutorial.org.faults("slow", ms=1500, count=1)
    Lane.objects.update(rung_at=None)

    with worker((broker_url, folder(tmp_path, "first")), tutorial.org) as first:
        assert wait_until(lambda: StepRun.objects.filter(state=StepState.CALLING).count() == 20)
        first.send_signal(signal.SIGSTOP)
        its_lease = Lane.objects.get().lease_token
        later = tutorial.send(last_name="Lind 20")
        with worker((broker_url, folder(tmp_path, "second")), tutorial.org):
            assert wait_until(lambda: Run.objects.filter(state=RunState.SUCCEEDED).count() == 21)
            assert Lane.objects.get().lease_token != its_lease
        as_it_was = history()

        first.send_signal(signal.SIGCONT)
        log = tmp_path / "first" / "worker.log"
        assert wait_until(lambda: "lane.lease_lost" in log.read_text(), seconds=10)
        time.sleep(0.5)
        assert history() == as_it_was, "who lost the lease writes nothing"
        assert first.poll() is None, "and goes on as a worker"
        last = tutorial.send(last_name="Lind 21")
        Lane.objects.update(rung_at=None)
        assert wait_until(lambda: Run.objects.get(pk=last.pk).state == RunState.SUCCEEDED)

    assert [lead["LastName"] for lead in tutorial.leads()] == [f"Lind {number:02}" for number in range(22)]
    assert Run.objects.get(pk=later.pk).state == RunState.SUCCEEDED
    ids = [step.output["id"] for step in StepRun.objects.all()]
    assert len(set(ids)) == 22 == len(ids)
