"""Two hosts that share nothing but PostgreSQL, a broker and the org: one is cut off, its lanes go on elsewhere, once."""

import os
import signal
import time
from urllib.parse import urlsplit

import pytest
from django.db import OperationalError, connection

from lib import silence
from tests.support.hosts import a_network
from tests.support.processes import database_url, module_running
from tests.support.sandbox import SandboxOrg
from tests.support.workers import BROKERS, running_broker, wait_until, worker
from workflows.models import Lane, Run, RunState, StepRun, StepState

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("brokers"),
    pytest.mark.skipif(
        "postgres" not in os.environ.get("DATABASE_URL", ""), reason="hosts share a PostgreSQL; DATABASE_URL names none"
    ),
]


@pytest.fixture
def org():
    """One of its own: the cut-off worker's call may still wait in it when the test ends."""
    with SandboxOrg() as made:
        yield made


@pytest.fixture(params=list(BROKERS))
def broker_url(request):
    with running_broker(request.param) as url:
        yield url


@pytest.fixture
def network():
    with a_network() as made:
        yield made


def reached(url, network):
    """The service at this machine's `url`, as the hosts reach it."""
    at = urlsplit(url)
    network.forward(at.port)
    return url.replace(f"{at.hostname}:{at.port}", f"{network.address}:{at.port}")


@pytest.fixture
def worker_on(tutorial, network, broker_url, tmp_path):
    """Starts a worker on a host, which has a data folder of its own."""
    org, broker, database = (reached(url, network) for url in (tutorial.org.url, broker_url, database_url()))
    tutorial.credential.provider_data |= {"instance_url": org}
    tutorial.credential.save()

    def start(host, **more):
        folder = tmp_path / host.name
        folder.mkdir()
        settings = {"DATABASE_URL": database, "SALESFORCE_LOGIN_URL": org} | more
        return worker((broker, folder), tutorial.org, on=host, **settings)

    return start


def history():
    """Everything that workers write of runs and their steps."""
    runs = list(Run.objects.order_by("pk").values("pk", "state", "position", "error", "api_calls", "finished_at"))
    steps = list(StepRun.objects.order_by("pk").values("run", "state", "output", "tries", "notes", "finished_at"))
    return runs, steps


def test_a_host_whose_cable_is_pulled_out_in_the_middle_of_a_group_writes_nothing_more(
    tutorial, network, worker_on, tmp_path
):
    assert connection.vendor == "postgresql"
    first, second = network.add_host(), network.add_host()
    for number in range(20):
        tutorial.send(last_name=f"Lind {number:02}")
    tutorial.org.faults("slow", ms=1500, count=1)
    Lane.objects.update(rung_at=None)

    with worker_on(first) as its_worker:
        assert wait_until(lambda: StepRun.objects.filter(state=StepState.CALLING).count() == 20)
        its_lease = Lane.objects.get().lease_token
        network.pull_out(first)
        later = tutorial.send(last_name="Lind 20")
        with worker_on(second):
            assert wait_until(lambda: Run.objects.filter(state=RunState.SUCCEEDED).count() == 21)
            assert Lane.objects.get().lease_token != its_lease
        as_it_was = history()

        network.plug_in(first)
        log = tmp_path / first.name / "worker.log"
        assert wait_until(lambda: "lane.lease_lost" in log.read_text())
        assert history() == as_it_was, "who lost the lease writes nothing"
        last = tutorial.send(last_name="Lind 21")
        Lane.objects.update(rung_at=None)
        assert wait_until(lambda: Run.objects.get(pk=last.pk).state == RunState.SUCCEEDED)
        assert its_worker.poll() is None, "it goes on as a worker"

    assert [lead["LastName"] for lead in tutorial.leads()] == [f"Lind {number:02}" for number in range(22)]
    assert Run.objects.get(pk=later.pk).state == RunState.SUCCEEDED
    ids = [step.output["id"] for step in StepRun.objects.all()]
    assert len(set(ids)) == 22 == len(ids)


def is_free(lane_id, *, seconds):
    """Whether the lane can be written within that time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds}s"])
        try:
            return Lane.objects.filter(pk=lane_id).update(pause_reason="") == 1
        except OperationalError:
            return False
        finally:
            cursor.execute("RESET lock_timeout")


@pytest.mark.parametrize("falls_silent", ["cut off", "suspended"])
def test_who_falls_silent_in_the_middle_of_a_transaction_does_not_keep_a_lane_locked(tutorial, network, falls_silent):
    host, lane_id = network.add_host(), tutorial.credential.pk
    settings = {"DATABASE_URL": reached(database_url(), network), "SILENCE_SECONDS": "3"}

    with module_running("tests.support.hold_lane", str(lane_id), on=host, **settings) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert not is_free(lane_id, seconds=1)
        if falls_silent == "cut off":
            network.pull_out(host)
        else:
            holder.send_signal(signal.SIGSTOP)
        assert is_free(lane_id, seconds=15)


def test_postgresql_is_told_when_a_connection_counts_as_lost():
    silence.tell_postgres(connection, 30)

    shown = []
    with connection.cursor() as cursor:
        for name in ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout"):
            cursor.execute(f"SHOW {name}")
            shown.append(cursor.fetchone()[0])
    assert shown == ["15", "5", "3", "30000"]


def test_a_host_that_was_cut_off_for_longer_than_anybody_waits_works_again_when_it_is_back(
    tutorial, network, worker_on
):
    host = network.add_host()
    with worker_on(host, SILENCE_SECONDS="3") as its_worker:
        for number in range(2):
            tutorial.send(last_name=f"Lind {number}")
            Lane.objects.update(rung_at=None)
            assert wait_until(lambda wanted=number + 1: Run.objects.filter(state=RunState.SUCCEEDED).count() == wanted)
            if number == 0:
                network.pull_out(host)
                time.sleep(7)
                network.plug_in(host)
        assert its_worker.poll() is None
