"""A user's password, whatever a workflow does with it, is nowhere in what is kept or shown of a run, in no form."""

from __future__ import annotations

import base64
import html
import json
import logging
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lib import log_lines
from lib.log_lines import JsonFormatter, LineFormatter
from projects.models import AuditEntry, Role
from tests.factories import lead_definition, make_member
from tests.support.tutorial import Tutorial
from workflows.engine.batching import due_turns
from workflows.engine.rendering import forget_prepared
from workflows.history.foreseeing import foresee
from workflows.models import Lane, Run, RunState, StepRun, Workflow
from workflows.switching import save_settings

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "hunter2-SECRET"
PIN = "73519"
KEY = {"id": "pw", "title": "Password", "type": "PASSWORD", "required": True}
FRAGMENT = 6
"""No so many characters of the password, or of a form of it, stand one after the other anywhere."""


def enter(tutorial: Tutorial, fields: dict[str, Any], secret: str) -> None:
    """Make a version that was deployed before filters on passwords were refused live, and enter the password."""
    definition = lead_definition(settings=[KEY])
    definition["steps"][0]["inputs"]["fields"] |= fields
    version = tutorial.workflow.versions.create(number=2, definition=definition, app_event="Lead Created")
    Workflow.objects.filter(pk=tutorial.workflow.pk).update(live_version=version)
    forget_prepared()
    configuration = tutorial.credential.configurations.get()
    change: Any = {str(tutorial.workflow.pk): {"enabled": True, "settings": {"pw": secret}}}
    assert save_settings(configuration, change) == []


def kept() -> str:
    """All that the database holds of runs, their steps, their lane and the audit log."""
    rows = [model.objects.values() for model in (Run, StepRun, Lane, AuditEntry)]
    return json.dumps([list(each) for each in rows], default=str, ensure_ascii=False)


def shown(tutorial: Tutorial) -> str:
    """All that a viewer and a builder see of the run: its page, the list, what a replay would send, edited or not."""
    client = Client()
    client.force_login(
        make_member(tutorial.project, Role.BUILDER).user, backend="django.contrib.auth.backends.ModelBackend"
    )
    run = Run.objects.get()
    pages = [
        reverse("workflows:run", args=[run.pk]),
        reverse("workflows:activity"),
        reverse("workflows:replay-edited", args=[run.pk]),
        reverse("workflows:connected-user", args=[tutorial.user.pk]),
    ]
    answers = [client.get(page) for page in pages]
    assert [answer.status_code for answer in answers] == [200] * len(pages)
    texts = [answer.content.decode() for answer in answers]
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED)
    foreseen = foresee(Run.objects.get(), from_start=True, on_newest=True)
    return "\n".join([*texts, html.unescape("".join(texts)), repr(foreseen.preview), foreseen.refusal])


def forms(secret: str) -> set[str]:
    encoded = {encode(secret.encode()).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode)}
    return {secret, secret[::-1], " ".join(secret), quote(secret, safe=""), *encoded}


def assert_nowhere(secret: str, text: str) -> None:
    lower = text.lower()
    for form in forms(secret):
        size = min(FRAGMENT, len(form))
        for at in range(len(form) - size + 1):
            assert form[at : at + size].lower() not in lower, f"{form[at : at + size]} of {form}"


CASES = {
    "plus": {"Company": "{{ settings.pw | plus: 1 }}"},
    "number field": {"NumberOfEmployees": "{{ settings.pw }}"},
    "date field": {"Birthdate__c": "{{ settings.pw }}"},
    "email field": {"Email": "{{ settings.pw }}"},
    "email field in text": {"Email": "you {{ settings.pw }} me"},
    "picklist": {"LeadSource": "{{ settings.pw }}"},
    "too long": {"Title": "{{ settings.pw }}" * 20},
    "an unknown field": {"Nope__c": "{{ settings.pw }}"},
    "base64": {"Company": "{{ settings.pw | base64_encode }}"},
    "base64 in a field that refuses it": {"Email": "{{ settings.pw | base64_encode }}"},
    "halves": {"Company": "{{ settings.pw | slice: 0, 7 }}", "Title": "{{ settings.pw | slice: 7, 20 }}"},
    "upper case": {"Email": "{{ settings.pw | upcase }}"},
    "in an address": {"Website": "https://x.example/?{{ settings.pw | url_encode }}"},
    "backwards": {"Email": "{{ settings.pw | split: '' | reverse | join: '' }}"},
    "spread out": {"Email": "{{ settings.pw | split: '' | join: ' ' }}"},
    "as an argument": {"Company": "{{ trigger.company | append: settings.pw }}"},
    "as an argument that fails": {"Company": "{{ trigger.company | times: settings.pw }}"},
    "as a date": {"Company": "{{ settings.pw | date: '%Y' }}"},
    "all settings": {"Description": "{{ settings }}"},
    "all settings as JSON": {"Email": "{{ settings | json }}"},
    "below it": {"Title": "{{ settings.pw.inside }}"},
}


@pytest.mark.parametrize("secret", [SECRET, "pä\"ss<w>&ö'\\rd", PIN], ids=["plain", "odd characters", "PIN"])
@pytest.mark.parametrize("fields", CASES.values(), ids=CASES)
def test_a_password_stands_nowhere(tutorial, fields, secret):
    enter(tutorial, fields, secret)
    lines = StringIO()
    handlers = [logging.StreamHandler(lines), logging.StreamHandler(lines)]
    for handler, formatter in zip(handlers, (LineFormatter(), JsonFormatter()), strict=True):
        handler.setFormatter(formatter)
        logging.getLogger().addHandler(handler)

    try:
        run = tutorial.send()
        tutorial.drain()
    finally:
        for handler in handlers:
            logging.getLogger().removeHandler(handler)

    run.refresh_from_db()
    assert run.state in (RunState.SUCCEEDED, RunState.FAILED)
    assert StepRun.objects.get().tries == 1
    assert_nowhere(secret, kept())
    assert_nowhere(secret, lines.getvalue())
    assert_nowhere(secret, shown(tutorial))


def test_what_went_wrong_is_still_said(tutorial):
    enter(tutorial, CASES["email field in text"], SECRET)
    tutorial.send()
    tutorial.drain()

    error = StepRun.objects.get().error
    assert error["class"] == "permanent" and error["code"] == "INVALID_EMAIL_ADDRESS"
    assert error["message"] == "Email: invalid email address: ••••••"


def test_a_password_of_a_few_characters_spoils_no_other_word(tutorial):
    """It is hidden where it stands by itself; else it would be in every word of the page."""
    enter(tutorial, {"Email": "{{ settings.pw }}"}, "in")
    tutorial.send()
    tutorial.drain()

    step_run = StepRun.objects.get()
    assert step_run.input["fields"]["Email"] == "••••••"
    assert step_run.error["message"] == "Email: invalid email address: ••••••"


def test_a_password_that_is_the_start_of_every_record_id_leaves_ids_alone(tutorial):
    enter(tutorial, {"Title": "{{ settings.pw }}"}, "00Q0")
    tutorial.send()
    tutorial.drain()

    [lead] = tutorial.leads()
    assert lead["Title"] == "00Q0"
    assert StepRun.objects.get().output["id"] == lead["Id"]


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_what_an_exception_quotes_is_not_logged(tutorial, formatter):
    enter(tutorial, {"Title": "Bearer {{ settings.pw }}"}, SECRET)
    tutorial.send()
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(formatter)

    with log_lines.hiding():
        [turn] = due_turns(tutorial.credential.pk, now=timezone.now())
        rendered = turn.render()
        try:
            int(rendered.inputs["fields"]["Title"])
        except ValueError as exc:
            record = logging.makeLogRecord({"msg": "step.crashed", "exc_info": (type(exc), exc, exc.__traceback__)})
            record.inputs = rendered.inputs
            handler.handle(record)

    assert rendered.inputs["fields"]["Title"] == f"Bearer {SECRET}"
    assert "invalid literal" in lines.getvalue()
    assert_nowhere(SECRET, lines.getvalue())
