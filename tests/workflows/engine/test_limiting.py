"""A workflow's limit: so many calls of it at once and no more, whoever makes them; who waits is woken and harms nobody."""

import queue
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lib import hot_statements
from tests.factories import lead_definition, make_workflow, switch_on
from tests.support.tutorial import connect
from tests.support.workers import files_broker, wait_until, worker
from workflows.engine import draining, group_calls, leasing, limiting
from workflows.engine.rendering import forget_prepared
from workflows.errors import LeaseLost
from workflows.leases import Lease
from workflows.models import Lane, Run, RunState, Slot, StepRun, StepState

pytestmark = pytest.mark.django_db(transaction=True)


def limit_to(tutorial, limit, **changes):
    version = tutorial.workflow.live_version
    version.definition = lead_definition(concurrency=limit, **changes)
    version.save()
    forget_prepared()


def another(tutorial, number=2):
    """Another account of the same project."""
    return connect(tutorial.org, project=tutorial.project, user_id=f"user-{number}")


def lease_of(tutorial):
    lease = leasing.lease_lane(tutorial.credential.pk)
    assert lease
    return lease


def holds_a_slot(tutorial, limit=1):
    """The account's lane as it is while its worker waits for a call's answer."""
    lease = lease_of(tutorial)
    assert limiting.take(tutorial.workflow.pk, limit, lease)
    return lease


def is_lapsed(lease):
    Lane.objects.held_by(lease).update(leased_until=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def rung(monkeypatch):
    lanes = []
    monkeypatch.setattr("workflows.engine.ringing.ring", lanes.extend)
    return lanes


def test_a_run_waits_while_the_only_slot_is_taken_says_so_and_does_not_spin(tutorial, rung):
    limit_to(tutorial, 1)
    holds_a_slot(another(tutorial))
    run = tutorial.send()
    rung.clear()

    tutorial.drain()

    run.refresh_from_db()
    reason = "Waits its turn: at most one call of this workflow at a time."
    assert (run.state, run.wait_reason) == (RunState.QUEUED, reason)
    assert rung == [] and tutorial.leads() == [] and not StepRun.objects.exists()
    assert Lane.objects.get(pk=tutorial.credential.pk).leased_until is None, "the lane was given back"


def test_whoever_gives_a_slot_back_rings_for_a_lane_that_waits(tutorial, rung):
    limit_to(tutorial, 1)
    other = another(tutorial)
    lease = holds_a_slot(other)
    run, last = tutorial.send(), other.send(last_name="Last")
    tutorial.drain()
    limiting.give_back(tutorial.workflow.pk, lease)
    rung.clear()

    draining.drain(lease)
    after_the_first = list(rung)
    tutorial.drain()

    run.refresh_from_db()
    last.refresh_from_db()
    assert after_the_first == [tutorial.credential.pk]
    assert [(each.state, each.wait_reason) for each in (run, last)] == [(RunState.SUCCEEDED, "")] * 2
    assert not Slot.objects.filter(lane__isnull=False).exists()


def test_a_run_that_goes_on_no_longer_says_that_it_waits(tutorial, monkeypatch):
    limit_to(tutorial, 2)
    others = [another(tutorial, number) for number in (2, 3)]
    leases = [holds_a_slot(other, 2) for other in others]
    run = tutorial.send()
    tutorial.drain()
    before = Run.objects.get(pk=run.pk).wait_reason
    limiting.give_back(tutorial.workflow.pk, leases[0])
    during = []
    execute = group_calls._execute

    def watched(*given):
        during.append(Run.objects.get(pk=run.pk).wait_reason)
        return execute(*given)

    monkeypatch.setattr(group_calls, "_execute", watched)
    tutorial.drain()

    assert (before, during) == ("Waits its turn: at most 2 calls of this workflow at a time.", [""])


@pytest.mark.parametrize("ends", [is_lapsed, leasing.release], ids=["lapsed", "given back"])
def test_a_slot_is_free_when_the_lease_that_holds_it_has_ended(tutorial, ends):
    limit_to(tutorial, 1)
    lease = holds_a_slot(another(tutorial))
    run = tutorial.send()

    ends(lease)
    tutorial.drain()

    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED


def test_who_has_lost_the_lease_gets_no_slot(tutorial):
    lost = lease_of(tutorial)
    is_lapsed(lost)
    lease_of(tutorial)

    with pytest.raises(LeaseLost):
        limiting.take(tutorial.workflow.pk, 1, lost)

    assert not Slot.objects.filter(lane__isnull=False).exists()


def test_other_workflows_of_the_lane_are_not_held_up_however_many_wait(tutorial, settings):
    settings.LANE_GROUP_SIZE = 3
    limit_to(tutorial, 1)
    holds_a_slot(another(tutorial))
    free = make_workflow(tutorial.credential.integration)
    for number in range(7):
        tutorial.send(last_name=f"Lind {number}")
    switch_on(free, tutorial.credential)
    for number in range(7, 12):
        tutorial.send(last_name=f"Lind {number}")

    tutorial.drain()

    def states(workflow):
        return set(Run.objects.filter(workflow=workflow).values_list("state", flat=True))

    assert (states(tutorial.workflow), states(free)) == ({RunState.QUEUED}, {RunState.SUCCEEDED})
    assert [lead["LastName"] for lead in tutorial.leads()] == [f"Lind {number}" for number in range(7, 12)]


def test_a_limit_is_that_of_the_version_that_runs(tutorial):
    limit_to(tutorial, 2)
    holds_a_slot(another(tutorial), 2)
    run = tutorial.send()

    tutorial.drain()

    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED and Slot.objects.count() == 2


def test_a_workflow_without_a_limit_costs_no_statement(tutorial, monkeypatch):
    tutorial.send()
    statements = []
    run = hot_statements.run
    monkeypatch.setattr(hot_statements, "run", lambda *given: statements.append(given[0]) or run(*given))

    with CaptureQueriesContext(connection) as captured:
        tutorial.drain()

    told = statements + [query["sql"] for query in captured]
    assert len(tutorial.leads()) == 1 and told and not [each for each in told if "slot" in each]


def test_of_many_that_ask_at_once_as_many_get_a_slot_as_there_are(tutorial):
    accounts = [tutorial, *(another(tutorial, number) for number in range(2, 9))]
    leases = [lease_of(account) for account in accounts]
    together, taken = threading.Barrier(len(leases)), []

    def ask(lease: Lease):
        together.wait()
        taken.append(limiting.take(tutorial.workflow.pk, 3, lease))
        connection.close()

    threads = [threading.Thread(target=ask, args=[lease]) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # One that met a locked row may have gone without: it then looks again. Never do more get one than there are.
    held = Slot.objects.filter(lane__isnull=False)
    assert taken.count(True) == held.count() <= 3 and held.exists()
    for lease in leases:
        limiting.take(tutorial.workflow.pk, 3, lease)
    assert held.count() == 3 == Slot.objects.count()


class Stage:
    """Workers that know of a lane only what was rung: there is no sweep. Notes which calls are under way."""

    def __init__(self, monkeypatch, *, call_seconds=0.03):
        self.bell: queue.SimpleQueue = queue.SimpleQueue()
        self.under_way, self.most, self.began = 0, 0, []
        self._lock, self._seconds, self._execute = threading.Lock(), call_seconds, group_calls._execute
        monkeypatch.setattr("workflows.engine.ringing.ring", lambda lanes: [self.bell.put(lane) for lane in lanes])
        monkeypatch.setattr(group_calls, "_execute", self.execute)

    def execute(self, action, begun, link, fence):
        with self._lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            self.began.append([call.run_id for _, call in begun])
        try:
            time.sleep(self._seconds)
            return self._execute(action, begun, link, fence)
        finally:
            with self._lock:
                self.under_way -= 1

    def play(self, accounts, *, workers=4, seconds=90):
        for account in accounts:
            self.bell.put(account.credential.pk)
        threads = [threading.Thread(target=self._work) for _ in range(workers)]
        for thread in threads:
            thread.start()
        ends_at = time.monotonic() + seconds
        while Run.objects.open().exists() and time.monotonic() < ends_at:
            time.sleep(0.05)
        for _ in threads:
            self.bell.put(None)
        for thread in threads:
            thread.join()

    def _work(self):
        while lane_id := self.bell.get():
            if lease := leasing.lease_lane(lane_id):
                draining.drain(lease)
        connection.close()


@pytest.mark.parametrize("limit", [1, 2])
def test_accounts_share_the_limit_and_all_runs_end_in_their_order_without_a_sweep(
    tutorial, settings, monkeypatch, limit
):
    settings.LANE_GROUP_SIZE = 2
    monkeypatch.setattr(limiting, "FAIR_SECONDS", 0.05)
    [step] = lead_definition()["steps"]
    limit_to(tutorial, limit, steps=[step, step | {"key": "again", "name": "Again"}])
    accounts = [tutorial, another(tutorial, 2), another(tutorial, 3)]
    for number in range(6):
        for account in accounts:
            account.send(last_name=f"Lind {number}", company=account.user.external_id)
    Lane.objects.update(rung_at=None)
    stage = Stage(monkeypatch)

    stage.play(accounts)

    assert set(Run.objects.values_list("state", "wait_reason")) == {(RunState.SUCCEEDED, "")}
    assert stage.most == limit
    for account in accounts:
        order = list(Run.objects.filter(user=account.user).order_by("pk").values_list("pk", flat=True))
        began = [run for group in stage.began for run in group if run in order]
        assert list(dict.fromkeys(began)) == order and len(began) == 12
    assert not Slot.objects.filter(lane__isnull=False).exists()


def test_a_backlog_lets_others_have_the_slot(tutorial, settings, monkeypatch):
    settings.LANE_GROUP_SIZE = 1
    monkeypatch.setattr(limiting, "FAIR_SECONDS", 0.1)
    limit_to(tutorial, 1)
    late = another(tutorial)
    for _ in range(20):
        tutorial.send()
    last = late.send()
    Lane.objects.update(rung_at=None)
    stage = Stage(monkeypatch)

    stage.play([tutorial, late])

    assert stage.most == 1 and not Run.objects.open().exists()
    assert stage.began.index([last.pk]) < 15


@pytest.mark.xdist_group("brokers")
def test_worker_processes_share_a_limit(tutorial, tmp_path):
    """Each call takes 0.4 s; the lanes with steps that say that their call is under way are counted meanwhile."""
    limit_to(tutorial, 1)
    accounts = [tutorial, *(another(tutorial, number) for number in (2, 3, 4))]
    for account in accounts:
        account.send(company=account.user.external_id)
    Lane.objects.update(rung_at=None)
    calling, most = StepRun.objects.filter(state=StepState.CALLING), [0]

    def all_have_ended():
        most.append(calling.count())
        return not Run.objects.open().exists()

    tutorial.org.faults("slow", ms=400, probability=1.0)
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    with worker(files_broker(first), tutorial.org), worker(files_broker(second), tutorial.org):
        assert wait_until(all_have_ended)

    assert max(most) == 1 and len(tutorial.leads()) == 4
