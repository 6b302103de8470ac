"""Which value of a user setting a run's steps read: the one rule of workflows.user_settings."""

import pytest
from django.utils import timezone

from tests.factories import lead_definition, make_credential, make_integration, make_run, make_workflow, switch_on
from workflows.engine.batching import due_turns, settings_of
from workflows.engine.rendering import forget_prepared
from workflows.engine.rows import run_in_hand
from workflows.models import WorkflowVersion

pytestmark = pytest.mark.django_db
ASKED = [
    {"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": False, "default": "EMEA"},
    {"id": "owner", "title": "Owner", "type": "TEXT_NO_VARS", "required": False},
]


@pytest.fixture(autouse=True)
def _prepared_anew():
    forget_prepared()


@pytest.fixture
def credential():
    return make_credential(make_integration())


def make_asking(credential, *, settings=ASKED, **values):
    """A run of a workflow that asks, with these values stored for its user."""
    workflow = make_workflow(credential.integration, draft=lead_definition(settings=settings))
    switch_on(workflow, credential, **values)
    return make_run(workflow, credential)


def read(run):
    return settings_of([run_in_hand(run.pk)])[run.configuration_id, run.version_id]


def share(run, **values):
    run.configuration.shared_settings = values
    run.configuration.save()


@pytest.mark.parametrize("empty", ["", None, [], {}])
def test_an_emptied_field_reads_as_its_default(credential, empty):
    assert read(make_asking(credential, region=empty)) == {"region": "EMEA"}


def test_an_emptied_field_reads_as_the_shared_value_before_the_default(credential):
    run = make_asking(credential, region="", owner="")
    share(run, region="APAC")

    assert read(run) == {"region": "APAC"}


def test_the_workflows_own_value_stands_above_the_shared_one(credential):
    run = make_asking(credential, region="NAM")
    share(run, region="APAC", owner="Bo")

    assert read(run) == {"region": "NAM", "owner": "Bo"}


@pytest.mark.parametrize("value", [False, 0])
def test_off_and_zero_are_values(credential, value):
    assert read(make_asking(credential, region=value)) == {"region": value}


def test_what_the_version_does_not_ask_for_is_not_read(credential):
    run = make_asking(credential, region="NAM", of_an_older_version="x")
    share(run, of_another_workflow="y")

    assert read(run) == {"region": "NAM"}


def test_two_versions_in_one_batch_have_each_their_own_default(credential):
    first = make_asking(credential, settings=ASKED[:1])
    newer = WorkflowVersion.objects.create(
        workflow=first.workflow,
        number=2,
        definition=lead_definition(settings=[{**ASKED[0], "default": "APAC"}]),
        app_event="Lead Created",
    )
    make_run(first.workflow, credential, version=newer)

    assert [turn.settings for turn in due_turns(credential.pk, now=timezone.now())] == [
        {"region": "EMEA"},
        {"region": "APAC"},
    ]


def test_runs_of_two_versions_find_what_either_asks_for(credential):
    first = make_asking(credential, settings=ASKED[:1], region="NAM", owner="Bo")
    newer = WorkflowVersion.objects.create(
        workflow=first.workflow, number=2, definition=lead_definition(settings=ASKED), app_event="Lead Created"
    )
    make_run(first.workflow, credential, version=newer)

    [_, second] = due_turns(credential.pk, now=timezone.now())

    assert second.settings == {"region": "NAM", "owner": "Bo"}


def test_a_workflow_that_asks_for_nothing_costs_no_query(credential, django_assert_num_queries):
    rows = [run_in_hand(make_run(make_workflow(credential.integration), credential).pk) for _ in range(2)]
    settings_of(rows)  # its versions are prepared once a process

    with django_assert_num_queries(0):
        assert list(settings_of(rows).values()) == [{}, {}]
