"""A run whose values cannot be written fails in words; one whose values are odd but good goes on; no neighbour notices."""

import pytest

from tests.factories import lead_definition
from tests.workflows.engine.test_draining import redefine
from workflows.models import Run, RunState

pytestmark = pytest.mark.django_db(transaction=True)


def with_fields(tutorial, **fields):
    definition = lead_definition()
    inputs = definition["steps"][0]["inputs"]
    inputs["fields"] |= fields
    redefine(tutorial, definition)


def states(*runs):
    return [Run.objects.get(pk=run.pk).state for run in runs]


def test_a_number_beyond_64_bits_that_a_filter_made_fails_its_run_alone_in_words(tutorial):
    with_fields(tutorial, NumberOfEmployees="{{ trigger.emp | times: trigger.by }}")
    runs = [tutorial.send(emp="99999999999999999999", by="10"), *(tutorial.send(emp="4", by="10") for _ in range(3))]

    tutorial.drain()

    assert states(*runs) == [RunState.FAILED, *[RunState.SUCCEEDED] * 3]
    error = Run.objects.get(pk=runs[0].pk).error
    assert "holds at most 18 digits" in error["message"] and "999999999999999999990" in error["message"]
    assert error["fields"] == ["NumberOfEmployees"] and error["advice"]
    assert [lead["NumberOfEmployees"] for lead in tutorial.leads()] == [40] * 3


def test_a_number_beyond_64_bits_reaches_a_text_field_and_the_history_with_all_its_digits(tutorial):
    with_fields(tutorial, Title="{{ trigger.emp | times: 10 }}")
    run = tutorial.send(emp="99999999999999999999")

    tutorial.drain()

    [lead] = tutorial.leads()
    step = Run.objects.get(pk=run.pk).step_runs.get()
    assert lead["Title"] == step.input["fields"]["Title"] == "999999999999999999990"
    assert step.output["record"]["Title"] == "999999999999999999990"


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59-05:00", "1699-12-31", "soon", 5]
)
def test_a_date_at_the_end_of_time_fails_its_run_for_good_and_no_neighbour_waits(tutorial, at):
    definition = lead_definition()
    definition["steps"][0]["inputs"] = {
        "record_type": "Task",
        "fields": {"Subject": "Call", "ReminderDateTime": "{{ trigger.at }}"},
    }
    redefine(tutorial, definition)
    runs = [tutorial.send(at=at), *(tutorial.send(at="2026-01-31T10:00:00+02:00") for _ in range(12))]

    tutorial.drain()

    assert states(*runs) == [RunState.FAILED, *[RunState.SUCCEEDED] * 12]
    assert "takes a datetime" in Run.objects.get(pk=runs[0].pk).error["message"]
    assert tutorial.org.count("Task") == 12
    assert tutorial.org.calls()["total"] == 1


def test_an_event_that_mentions_no_part_of_a_text_leaves_the_field_alone(tutorial):
    with_fields(
        tutorial,
        External_Id__c="{{ trigger.key }}",
        Description="{{ trigger.d1 }} {{ trigger.d2 }}",
        Title="{{ trigger.title }}",
    )
    definition = tutorial.workflow.live_version.definition
    definition["steps"][0]["inputs"]["external_id_field"] = "External_Id__c"
    redefine(tutorial, definition)
    runs = [
        tutorial.send(key="k", d1="one", title="CEO"),
        tutorial.send(key="k"),
        tutorial.send(key="k", d1=None, d2=None, title=None),
    ]
    tutorial.drain()
    [lead] = tutorial.leads()
    assert (lead["Description"], lead["Title"]) == ("one", "CEO")

    runs += [tutorial.send(key="k", d1="", title="")]
    tutorial.drain()

    [lead] = tutorial.leads()
    assert (lead["Description"], lead["Title"]) == (None, None)
    assert states(*runs) == [RunState.SUCCEEDED] * 4
