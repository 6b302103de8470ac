"""A process dies by SIGKILL at a named point; whoever comes next brings each event to exactly one record."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.utils import timezone

from tests.factories import lead_definition
from tests.support.processes import module_running, run_module
from tests.support.workers import wait_until
from workflows.engine.rendering import forget_prepared
from workflows.models import Event, Lane, Run, RunState, StepState

pytestmark = pytest.mark.django_db(transaction=True)

POINTS = ("before_lease", "after_lease", "before_call", "after_call", "after_result")
COMMITTED = ("after_call", "after_result")
"""At these the org has done what the call asked for."""
AN_HOUR = timedelta(hours=1)


def redefine(tutorial, **inputs):
    """Give the workflow's one step these inputs above the tutorial's, and its `type` if one is named."""
    version = tutorial.workflow.live_version
    version.definition = lead_definition()
    [step] = version.definition["steps"]
    step["type"] = inputs.pop("type", step["type"])
    step["inputs"] |= inputs
    version.save()
    forget_prepared()


def die_at(point, tutorial):
    """A worker dies there, and its lease lapses."""
    died = run_module(
        "tests.support.drain_lane",
        str(tutorial.credential.pk),
        ISTHMUS_CRASH_AT=point,
        SALESFORCE_LOGIN_URL=tutorial.org.url,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    Lane.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


def is_suspended(process):
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def call(tutorial, method, path, body):
    """What somebody else does in the org, as our user."""
    headers = {"Authorization": f"Bearer {tutorial.credential.tokens['access_token']}"}
    url = f"{tutorial.org.url}/services/data/v62.0/sobjects/{path}"
    reply = requests.request(method, url, json=body, headers=headers, timeout=30)
    assert reply.ok, reply.text
    return reply.json() if reply.content else {}


def states(runs):
    return {Run.objects.get(pk=run.pk).state for run in runs}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("count", [1, 5])
def test_a_worker_killed_at_any_point_leaves_exactly_one_lead_an_event(tutorial, point, count):
    runs = [tutorial.send(last_name=f"Lind {number}") for number in range(count)]

    die_at(point, tutorial)
    leads_then = len(tutorial.leads())
    tutorial.drain()
    tutorial.drain(later=AN_HOUR)

    assert leads_then == (count if point in COMMITTED else 0)
    assert [lead["LastName"] for lead in tutorial.leads()] == [f"Lind {number}" for number in range(count)]
    assert states(runs) == {RunState.SUCCEEDED}


@pytest.mark.parametrize("count", [1, 5])
def test_a_worker_that_slept_past_its_lease_with_a_call_in_hand_does_not_send_it(tutorial, count):
    runs = [tutorial.send(last_name=f"Lind {number}") for number in range(count)]
    lane, changes = str(tutorial.credential.pk), {"ISTHMUS_FREEZE_AT": "before_call", "LANE_LEASE_SECONDS": "2"}

    with module_running("tests.support.drain_lane", lane, SALESFORCE_LOGIN_URL=tutorial.org.url, **changes) as sleeper:
        assert wait_until(lambda: is_suspended(sleeper))
        assert wait_until(lambda: Lane.objects.get().leased_until < timezone.now())
        tutorial.drain()
        sleeper.send_signal(signal.SIGCONT)
        assert sleeper.wait(60) == 0

    assert [lead["LastName"] for lead in tutorial.leads()] == [f"Lind {number}" for number in range(count)]
    assert states(runs) == {RunState.SUCCEEDED}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("count", [1, 5])
def test_a_create_by_external_id_is_sent_again_and_finds_its_own_record(tutorial, point, count):
    redefine(tutorial, external_id_field="External_Id__c")
    runs = [tutorial.send(last_name=f"Lind {number}") for number in range(count)]

    die_at(point, tutorial)
    leads_then = [lead["Id"] for lead in tutorial.leads()]
    queries_then = tutorial.org.calls()["resources"].get("query", 0)
    tutorial.drain()

    leads = tutorial.leads()
    assert len(leads_then) == (count if point in COMMITTED else 0) and len(leads) == count
    assert [lead["Id"] for lead in leads][: len(leads_then)] == leads_then
    assert states(runs) == {RunState.SUCCEEDED}
    assert {run.step_runs.get().output["id"] for run in runs} == {lead["Id"] for lead in leads}
    assert tutorial.org.calls()["resources"].get("query", 0) == queries_then, "an upsert needs nothing looked up"


@pytest.mark.parametrize("point", POINTS)
def test_an_update_is_sent_again(tutorial, point):
    lead_id = call(tutorial, "POST", "Lead", {"LastName": "Lind", "Company": "Before"})["id"]
    fields = {"Company": "{{ trigger.company }}", "FirstName": None, "LastName": None, "Email": None}
    redefine(tutorial, type="salesforce.update_record", record_id=lead_id, fields=fields)
    run = tutorial.send(company="After")

    die_at(point, tutorial)
    company_then = tutorial.leads()[0]["Company"]
    tutorial.drain()

    assert company_then == ("After" if point in COMMITTED else "Before")
    [lead] = tutorial.leads()
    assert (lead["Id"], lead["Company"], lead["LastName"]) == (lead_id, "After", "Lind")
    assert states([run]) == {RunState.SUCCEEDED}
    assert run.step_runs.get().tries == (2 if point in ("before_call", "after_call") else 1)


def test_a_create_that_happened_is_adopted(tutorial):
    run = tutorial.send()
    die_at("after_call", tutorial)
    [lead] = tutorial.leads()

    tutorial.drain()

    step_run = run.step_runs.get()
    assert step_run.output["id"] == lead["Id"] and "Found the record" in step_run.notes[-1]["text"]
    assert len(tutorial.leads()) == 1 and step_run.called_at is None


def test_a_create_that_did_not_happen_is_sent_again(tutorial):
    call(tutorial, "POST", "Lead", {"LastName": "Somebody", "Company": "Else", "Email": "else@example.com"})
    run = tutorial.send()
    die_at("before_call", tutorial)

    tutorial.drain()

    _, lead = tutorial.leads()
    assert run.step_runs.get().output["id"] == lead["Id"] and run.step_runs.get().notes == []


@pytest.mark.parametrize("point", ["before_call", "after_call"])
def test_a_create_that_may_have_happened_stops_and_asks(tutorial, point):
    """The org's own automation changed the record; or somebody created one that could be it."""
    run = tutorial.send()
    die_at(point, tutorial)
    if point == "after_call":
        call(tutorial, "PATCH", f"Lead/{tutorial.leads()[0]['Id']}", {"Company": "Renamed by a flow"})
    else:
        fields = {"LastName": "Lind", "Email": "bo@example.com", "Company": "By hand"}
        call(tutorial, "POST", "Lead", fields)

    tutorial.drain()
    tutorial.drain(later=AN_HOUR)

    run.refresh_from_db()
    step_run, [lead] = run.step_runs.get(), tutorial.leads()
    assert (run.state, step_run.state) == (RunState.ASKING, StepState.ASKING)
    assert [found["id"] for found in step_run.error["candidates"]] == [lead["Id"]] and run.wait_reason


def test_an_app_that_repeats_an_event_whose_web_process_died_starts_it_once(tutorial):
    arguments = (str(tutorial.project.pk), tutorial.user.external_id, "key-1")
    died = run_module("tests.support.send_event", *arguments, ISTHMUS_CRASH_AT="after_intake_commit")
    assert died.returncode == -signal.SIGKILL and died.stdout == "", died.stderr
    stored = Event.objects.get()

    again = run_module("tests.support.send_event", *arguments)
    tutorial.drain()

    assert again.returncode == 0, again.stderr
    assert again.stdout.split() == [str(stored.pk), "repeated"]
    assert Event.objects.count() == Run.objects.count() == len(tutorial.leads()) == 1
