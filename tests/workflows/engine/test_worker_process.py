"""Real worker processes on a real broker: a doorbell wakes them, SIGKILL costs nothing, SIGTERM is graceful."""

import signal
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from tests.support.forwarding import Forwarder
from tests.support.processes import module_running
from tests.support.workers import BROKERS, QUEUE, files_broker, running_broker, wait_until, worker
from workflows.models import Lane, Run, RunState

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("brokers")]


@pytest.fixture(params=["files", *BROKERS])
def broker(request, tmp_path):
    """The broker's address, and the data folder that its workers share."""
    if request.param == "files":
        yield files_broker(tmp_path)
        return
    with running_broker(request.param) as url:
        yield url, tmp_path


def all_succeeded(count):
    return lambda: Run.objects.filter(state=RunState.SUCCEEDED).count() == count


def test_a_worker_killed_again_and_again_makes_one_lead_for_each_event(tutorial, broker):
    runs = [tutorial.send(last_name=f"Lind {number:03}") for number in range(60)]
    tutorial.org.faults("slow", ms=120, probability=1.0)

    for _ in range(2):
        with worker(broker, tutorial.org) as process:
            assert wait_until(lambda: Lane.objects.filter(leased_until__isnull=False).exists())
            time.sleep(0.1)
            process.send_signal(signal.SIGKILL)
            process.wait()
        Lane.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        runs += [tutorial.send(last_name=f"Lind {len(runs):03}")]
    tutorial.org.end_faults()
    with worker(broker, tutorial.org):
        assert wait_until(all_succeeded(62)), (broker[1] / "worker.log").read_text()[-3000:]

    assert [lead["LastName"] for lead in tutorial.leads()] == [f"Lind {number:03}" for number in range(62)]


def test_a_doorbell_wakes_a_worker_that_looks_for_nothing_and_sigterm_ends_it_politely(tutorial, broker):
    url, data_dir = broker
    log = data_dir / "worker.log"
    sender = [str(tutorial.project.pk), tutorial.user.external_id, "key", "--stay"]
    queue = {"CELERY_BROKER_URL": url, "CELERY_QUEUE": QUEUE, "DATA_DIR": str(data_dir)}

    with worker(broker, tutorial.org, WORKER_BEAT="false") as process:
        assert wait_until(lambda: " ready." in log.read_text())
        with module_running("tests.support.send_event", *sender, **queue):
            assert wait_until(all_succeeded(1)), log.read_text()[-3000:]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    assert len(tutorial.leads()) == 1
    assert Lane.objects.get().leased_until is None


@pytest.fixture(params=list(BROKERS))
def breakable(request, tmp_path):
    """A broker and the way to it, by which everybody here reaches it."""
    with running_broker(request.param) as url:
        at = urlsplit(url)
        with Forwarder(at.port) as way:
            yield (url.replace(f":{at.port}", f":{way.port}"), tmp_path), way


def test_the_doorbell_is_heard_again_after_the_broker_has_ended_every_connection(tutorial, breakable):
    (url, data_dir), way = breakable
    log = data_dir / "worker.log"
    sender = [str(tutorial.project.pk), tutorial.user.external_id, "first", "--stay"]
    queue = {"CELERY_BROKER_URL": url, "CELERY_QUEUE": QUEUE, "DATA_DIR": str(data_dir)}

    with worker((url, data_dir), tutorial.org, WORKER_BEAT="false"):
        assert wait_until(lambda: " ready." in log.read_text())
        with module_running("tests.support.send_event", *sender, **queue) as process:
            assert wait_until(all_succeeded(1)), log.read_text()[-3000:]
            assert way.break_off()
            process.stdin.write(b"second\n")
            process.stdin.flush()
            assert wait_until(all_succeeded(2)), log.read_text()[-3000:]


def test_the_clock_goes_on_after_the_broker_has_ended_every_connection(tutorial, breakable):
    (url, data_dir), way = breakable
    log = data_dir / "worker.log"

    with worker((url, data_dir), tutorial.org):
        assert wait_until(lambda: " ready." in log.read_text())
        for number in range(2):
            tutorial.send()
            Lane.objects.update(rung_at=None)
            assert wait_until(all_succeeded(number + 1)), log.read_text()[-3000:]
            assert way.break_off()
