"""A replay worked off against a running org: what succeeded is not done again, and its outputs are there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import lead_definition
from tests.support.tutorial import Tutorial
from tests.workflows.engine.conftest import org, tutorial
from workflows.engine.rendering import forget_prepared
from workflows.history.replaying import replay
from workflows.models import Run, RunState, Workflow, WorkflowVersion

__all__ = ["org", "tutorial"]
pytestmark = pytest.mark.django_db(transaction=True)


def two_steps(email: str) -> dict[str, Any]:
    """A Lead, then a Contact that names the Lead's id."""
    first = lead_definition()["steps"][0]
    fields = {"LastName": "{{ steps.create_lead.id }}", "Email": email}
    second = {**first, "key": "create_contact", "inputs": {"record_type": "Contact", "fields": fields}}
    return lead_definition(steps=[first, second])


def deploy(workflow: Workflow, definition: dict[str, Any]) -> None:
    number = workflow.versions.count() + 1
    workflow.live_version = WorkflowVersion.objects.create(
        workflow=workflow, number=number, definition=definition, app_event="Lead Created"
    )
    workflow.save(update_fields=["live_version"])
    forget_prepared()


@pytest.fixture
def failed(tutorial: Tutorial) -> Run:
    """The Lead was created, the Contact refused."""
    deploy(tutorial.workflow, two_steps("not an email"))
    run = tutorial.send()
    tutorial.drain()
    run.refresh_from_db()
    assert (run.state, run.position) == (RunState.FAILED, 1)
    return run


def test_from_the_failed_step_on_the_mended_version_only_that_step_is_done(tutorial, failed):
    deploy(tutorial.workflow, two_steps("bo@example.com"))

    again = replay(Run.objects.get(pk=failed.pk), from_start=False, on_newest=True, by=None)
    tutorial.drain()

    again.refresh_from_db()
    [lead], [contact] = tutorial.leads(), tutorial.org.records("Contact")
    assert again.state == RunState.SUCCEEDED
    assert contact["LastName"] == lead["Id"]


def test_on_its_own_version_it_fails_again_and_nothing_is_doubled(tutorial, failed):
    again = replay(failed, from_start=False, by=None)
    tutorial.drain()

    again.refresh_from_db()
    assert again.state == RunState.FAILED and again.error["code"] == "INVALID_EMAIL_ADDRESS"
    assert len(tutorial.leads()) == 1


def test_from_the_start_every_step_is_done_again(tutorial, failed):
    replay(failed, from_start=True, by=None)
    tutorial.drain()

    assert len(tutorial.leads()) == 2


def test_with_an_edited_payload_only_the_failed_step_is_done_and_sends_what_was_edited(tutorial):
    deploy(tutorial.workflow, two_steps("{{ trigger.contact_email }}"))
    run = tutorial.send(contact_email="bo at example")
    tutorial.drain()
    run.refresh_from_db()
    assert (run.state, run.position) == (RunState.FAILED, 1)
    edited = {**run.event.payload, "contact_email": "contact@example.com", "last_name": "Another"}

    again = replay(run, from_start=False, by=None, payload=edited)
    tutorial.drain()

    again.refresh_from_db()
    [lead], [contact] = tutorial.leads(), tutorial.org.records("Contact")
    assert again.state == RunState.SUCCEEDED
    assert (lead["LastName"], contact["Email"], contact["LastName"]) == ("Lind", "contact@example.com", lead["Id"])
