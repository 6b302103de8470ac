"""A worker process dies by SIGKILL at a named point; the next worker brings each run to exactly one Lead."""

import signal
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.support.processes import run_module
from workflows.models import Lane, Run, RunState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("point", ["before_lease", "after_lease", "before_call", "after_call", "after_result"])
@pytest.mark.parametrize("count", [1, 5])
def test_a_worker_killed_at_any_point_leaves_exactly_one_lead_an_event(tutorial, point, count):
    runs = [tutorial.send(last_name=f"Lind {number}") for number in range(count)]

    died = run_module(
        "tests.support.drain_lane",
        str(tutorial.credential.pk),
        ISTHMUS_CRASH_AT=point,
        SALESFORCE_LOGIN_URL=tutorial.org.url,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    leads_then = len(tutorial.leads())
    Lane.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    tutorial.drain()
    tutorial.drain(later=timedelta(hours=1))

    assert leads_then == (count if point in ("after_call", "after_result") else 0)
    assert [lead["LastName"] for lead in tutorial.leads()] == [f"Lind {number}" for number in range(count)]
    assert {Run.objects.get(pk=run.pk).state for run in runs} == {RunState.SUCCEEDED}
