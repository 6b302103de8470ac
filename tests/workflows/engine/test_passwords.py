"""Passwords of end users at work: opened for the call alone, masked in the history."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from lib.encryption import DecryptionFailed
from tests.factories import lead_definition
from tests.support.tutorial import Tutorial
from workflows.engine.batching import due_turns
from workflows.engine.rendering import forget_prepared
from workflows.history.foreseeing import foresee
from workflows.models import Lane, Run, RunState, StepRun, Workflow, WorkflowSetting
from workflows.switching import save_settings

pytestmark = pytest.mark.django_db(transaction=True)
LOST = "lost:" + "A" * 43 + "="
KEY = {"id": "api_key", "title": "API key", "type": "PASSWORD", "required": True}


@pytest.fixture
def asking(tutorial: Tutorial) -> Tutorial:
    """The tutorial's workflow puts the user's API key into a Lead, and the key is entered."""
    definition = lead_definition(settings=[KEY])
    definition["steps"][0]["inputs"]["fields"]["Title"] = "{{ settings.api_key }}"
    version = tutorial.workflow.versions.create(number=2, definition=definition, app_event="Lead Created")
    Workflow.objects.filter(pk=tutorial.workflow.pk).update(live_version=version)
    forget_prepared()
    enter(tutorial, "hunter2")
    return tutorial


def enter(tutorial: Tutorial, password: str) -> None:
    configuration = tutorial.credential.configurations.get()
    change: Any = {str(tutorial.workflow.pk): {"enabled": True, "settings": {"api_key": password}}}
    assert save_settings(configuration, change) == []


def test_a_sealed_password_starts_the_run_reaches_the_call_and_is_masked_in_the_history(asking):
    run = asking.send()
    asking.drain()

    run.refresh_from_db()
    step_run = StepRun.objects.get()
    assert run.state == RunState.SUCCEEDED
    assert [lead["Title"] for lead in asking.leads()] == ["hunter2"]
    assert step_run.input["fields"]["Title"] == "••••••"
    assert "hunter2" not in json.dumps([step_run.input, step_run.output, WorkflowSetting.objects.get().values])


def test_what_a_replay_would_send_is_shown_without_it(asking):
    run = asking.send()
    asking.drain()

    foreseen = foresee(Run.objects.get(pk=run.pk), from_start=True, on_newest=False)

    assert foreseen.preview.inputs["fields"]["Title"] == "••••••"


def test_while_its_key_is_missing_nothing_is_sent_and_no_run_fails(asking, settings):
    run = asking.send()
    keys, settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS, [LOST]

    with pytest.raises(DecryptionFailed):
        asking.drain()
    run.refresh_from_db()
    waits = run.state == RunState.QUEUED and not asking.leads()

    settings.ENCRYPTION_KEYS = keys
    Lane.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    asking.drain()
    run.refresh_from_db()
    assert waits and run.state == RunState.SUCCEEDED and len(asking.leads()) == 1


def test_a_replay_is_not_foreseen_while_its_key_is_missing(asking, settings):
    run = asking.send()
    Run.objects.update(state=RunState.FAILED)
    settings.ENCRYPTION_KEYS = [LOST]

    foreseen = foresee(Run.objects.get(pk=run.pk), from_start=True, on_newest=False)

    assert "can not be opened" in foreseen.refusal and foreseen.preview is None


def test_a_password_copied_to_another_place_does_not_open(asking):
    asking.send()
    configuration = asking.credential.configurations.get()
    configuration.shared_settings = WorkflowSetting.objects.get().values
    configuration.save()
    WorkflowSetting.objects.update(values={})

    [turn] = due_turns(asking.credential.pk, now=timezone.now())
    asking.drain()

    run = Run.objects.get()
    assert isinstance(turn.fault, DecryptionFailed) and not turn.settings
    assert run.state == RunState.WAITING and "secret can not be read" in run.wait_reason and not asking.leads()
