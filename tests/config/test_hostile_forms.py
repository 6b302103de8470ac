"""Every address of the dashboard that takes a POST, with input that nobody types by accident: no 500, and words for it."""

from __future__ import annotations

import html
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from projects.models import AuditEntry, Project, Role
from tests.factories import (
    make_app_event,
    make_connected_user,
    make_credential,
    make_integration,
    make_member,
    make_project,
    make_run,
    make_signing_key,
    make_step_run,
    make_workflow,
    switch_on,
)
from workflows.models import RunState, StepState, Workflow

pytestmark = pytest.mark.django_db

NOT_OF_THE_DASHBOARD = ("accounts/", "projects/", "v2/", "oauth/", "ui", "sdk/", "api/", "connect.js")
HOSTILE = {
    "NUL": "a\x00b",
    "control characters": "a\x01\x1b[31m\x7f\x85b",
    "a line break": "a\r\nSet-Cookie: b",
    "another direction": "invoice\u202egpj.exe",
    "isolates": "a\u2066b\u2069",
    "separators": "a\u2028b\u2029c",
    "a megabyte": "x" * 1_000_000,
    "a megabyte of brackets": "[" * 1_000_000,
    "a long number": "9" * 5_000,
    "markup": "</script><img src=x onerror=alert(1)>",
    "a template": "{{ settings }}{% debug %}%(a)s%s{0.__class__}",
    "other digits": "\u0663\u0664",
    "nothing": "",
    "spaces": " \u00a0\u3000 ",
    "the end of Unicode": "\U0010ffff\ufffe\ufdd0",
    "combining marks": "e" + "\u0301" * 3_000,
}
UNSEEN = ("NUL", "control characters", "another direction", "isolates", "separators")
FIELDS: dict[str, dict[str, str]] = {
    "projects:create": {"name": "Beta"},
    "projects:switch": {"project": ""},
    "projects:settings": {
        "name": "Acme",
        "payload_policy": "accept",
        "max_token_hours": "24",
        "parked_days": "7",
        "origin": "https://a.example",
    },
    "projects:signing-keys": {"name": "Production"},
    "projects:revoke-signing-key": {},
    "projects:members": {"email": "kim@partner.example", "role": "viewer"},
    "projects:change-role": {"role": "viewer"},
    "projects:remove-member": {},
    "projects:withdraw-invitation": {},
    "projects:join": {},
    "workflows:dismiss-checklist": {},
    "workflows:integration-settings": {
        "client_id": "key",
        "client_secret": "secret",
        "environment": "my_domain",
        "domain": "acme.my.salesforce.com",
        "scopes": "api",
        "description": "Leads",
        "overview": "Two\nlines",
        "api_reserve_percent": "20",
        "is_active": "on",
    },
    "workflows:fill-from-local-org": {},
    "workflows:new-app-event": {"name": "Deal Won", "description": "A deal", "example": '{"a": 1}'},
    "workflows:app-event": {"name": "Deal Lost", "description": "A lead", "example": '{"a": 1}'},
    "workflows:delete-app-event": {},
    "workflows:create-workflow": {"name": "Leads"},
    "workflows:save-draft": {},
    "workflows:step-form": {},
    "workflows:describe-workflow": {},
    "workflows:editor-app-event": {},
    "workflows:deploy-workflow": {},
    "workflows:undeploy-workflow": {},
    "workflows:duplicate-workflow": {},
    "workflows:delete-workflow": {},
    "workflows:restore-version": {},
    "workflows:replay-runs": {"from": "start", "version": "newest"},
    "workflows:replay-run": {"from": "start", "version": "newest"},
    "workflows:replay-edited": {
        "payload": '{"last_name": "Lind"}',
        "from": "start",
        "version": "newest",
        "act": "preview",
    },
    "workflows:cancel-run": {},
    "workflows:try-run": {},
    "workflows:decide-run": {"choice": "adopt", "record_id": "00Q000000000001AAA"},
    "workflows:switch-workflow": {"on": "1"},
    "workflows:disconnect-credential": {},
    "workflows:set-api-reserve": {"percent": "30"},
}
"""What each form sends. A new address that takes a POST fails a test until it stands here."""
AS_JSON: dict[str, dict[str, Any]] = {
    "workflows:save-draft": {"definition": {}, "revision": 1},
    "workflows:step-form": {"type": "salesforce.create_record", "inputs": {"record_type": "Lead"}, "source": ""},
    "workflows:describe-workflow": {"name": "Leads", "description": "Of the form"},
    "workflows:editor-app-event": {"name": "Deal Won", "description": "", "example": "{}"},
    "workflows:deploy-workflow": {"revision": 1, "note": "First"},
}
NAMES = [
    ("projects:create", "name"),
    ("projects:settings", "name"),
    ("projects:signing-keys", "name"),
    ("workflows:integration-settings", "client_id"),
    ("workflows:integration-settings", "description"),
    ("workflows:integration-settings", "overview"),
    ("workflows:new-app-event", "name"),
    ("workflows:new-app-event", "description"),
    ("workflows:app-event", "name"),
]
"""Fields that other people read."""


def addresses(patterns: Any = None, prefix: str = "", namespace: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield (name, route, view) of every pattern of the product."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern.url_patterns, route, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", route, pattern


class Cast:
    """Acme with one of everything, and Ana, who owns it."""

    def __init__(self) -> None:
        self.ana = make_member(make_project(), Role.OWNER, email="ana@acme.example")
        self.project = self.ana.project
        self.other = make_member(self.project, Role.VIEWER, email="raj@acme.example")
        self.key = make_signing_key(self.project)
        make_app_event(self.project)
        self.app_event = make_app_event(self.project, "Deal Lost")
        self.workflow = make_workflow(make_integration(self.project))
        self.user = make_connected_user(self.project, "user-1")
        self.credential = make_credential(self.workflow.integration, self.user)
        switch_on(self.workflow, self.credential)
        self.run = make_run(self.workflow, self.credential, state=RunState.ASKING)
        self.client = Client(raise_request_exception=True)
        self.client.force_login(self.ana.user, backend="django.contrib.auth.backends.ModelBackend")

    def address(self, name: str, **changes: Any) -> str:
        known = {
            "key_id": self.key.pk,
            "member_id": self.other.pk,
            "invitation_id": self.project.pk,
            "token": "x",
            "app_event_id": self.app_event.pk,
            "provider_key": "salesforce",
            "workflow_id": self.workflow.pk,
            "number": 1,
            "run_id": self.run.pk,
            "event_id": self.run.event_id,
            "user_id": self.user.pk,
            "credential_id": self.credential.pk,
            "configuration_id": self.credential.configurations.get().pk,
        } | changes
        route = next(pattern for each, _, pattern in addresses() if each == name)
        return reverse(name, kwargs={key: known[key] for key in route.pattern.converters})


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is changed meanwhile is as before afterwards, so that each try finds one of everything."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def told(answer: HttpResponse) -> str:
    """What the person reads: the page, or the messages that the next one shows."""
    messages = [str(each) for each in get_messages(answer.wsgi_request)]  # type: ignore[attr-defined]
    return html.unescape(answer.content.decode()) + "\n".join(messages)


def test_every_address_that_takes_a_post_is_tried_here(cast):
    found = set()
    for name, route, _ in addresses():
        if not route.startswith(NOT_OF_THE_DASHBOARD) and name.startswith(("projects:", "workflows:")):
            with undone():
                if cast.client.post(cast.address(name)).status_code != 405:
                    found.add(name)

    assert found == set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_no_form_breaks_by_what_is_typed_into_one_field(cast, name):
    cast.client.raise_request_exception = False
    for field, (kind, text) in itertools.product(FIELDS[name] or ["something_else"], HOSTILE.items()):
        with undone():
            answer = cast.client.post(cast.address(name), FIELDS[name] | {field: text})

        assert answer.status_code < 500, f"{kind} in {field}: {answer.status_code}"


@pytest.mark.parametrize("name", AS_JSON)
def test_no_answer_to_the_editor_breaks_by_one_value(cast, name):
    cast.client.raise_request_exception = False
    for field, (kind, text) in itertools.product(AS_JSON[name], HOSTILE.items()):
        short = text[:300]
        for value in (text, [text] * 3, {short: text}, {"fields": {short: text}}, {"steps": [{"key": text}]}):
            with undone():
                given = json.dumps(AS_JSON[name] | {field: value})
                answer = cast.client.post(cast.address(name), given, content_type="application/json")

            assert answer.status_code < 500, f"{kind} in {field}: {answer.content.decode()[:300]}"
            assert answer.status_code < 400 or answer.json()["error"]["message"]


@pytest.mark.parametrize("value", [None, True, 1e308, 10**30, -1, [], {}, [[[[{}]]]]], ids=repr)
@pytest.mark.parametrize("name", AS_JSON)
def test_no_answer_to_the_editor_breaks_by_a_value_of_another_type(cast, name, value):
    cast.client.raise_request_exception = False
    for field in AS_JSON[name]:
        with undone():
            given = json.dumps(AS_JSON[name] | {field: value})
            answer = cast.client.post(cast.address(name), given, content_type="application/json")

        assert answer.status_code < 500, f"{field}: {answer.content.decode()[:300]}"
        assert answer.status_code < 400 or answer.json()["error"]["message"]


@pytest.mark.parametrize("name", FIELDS)
def test_ten_thousand_fields_are_refused_in_words(cast, name):
    """Also to a browser's real form, whose token is looked for in them."""
    cast.client.handler.enforce_csrf_checks = True
    cast.client.raise_request_exception = False
    answer = cast.client.post(cast.address(name), {"origin": ["https://a.example"] * 10_000})

    assert answer.status_code in (400, 403, 404, 422, 302)
    if answer.status_code == 400 and name not in AS_JSON:
        assert "has more than 1,000 fields" in told(answer)
    assert not Project.objects.exclude(pk=cast.project.pk).exists()


@pytest.mark.parametrize("name", FIELDS)
def test_three_megabytes_are_refused_in_words(cast, name):
    cast.client.raise_request_exception = False
    answer = cast.client.post(cast.address(name), "name=" + "x" * 3_000_000, "application/x-www-form-urlencoded")

    assert answer.status_code < 500
    if answer.status_code in (400, 413):
        assert "larger than 2 MB" in told(answer)


@pytest.mark.parametrize("kind", UNSEEN)
@pytest.mark.parametrize(("name", "field"), NAMES)
def test_characters_that_are_not_seen_are_refused_and_nothing_typed_is_lost(cast, name, field, kind):
    typed = FIELDS[name] | {field: HOSTILE[kind], "description": "Typed with care"} | {field: HOSTILE[kind]}
    before = AuditEntry.objects.count()

    answer = cast.client.post(cast.address(name), typed)

    page = told(answer)
    assert answer.status_code == 422
    assert "can not be seen" in page or "Null characters" in page
    assert AuditEntry.objects.count() == before
    lost = [
        each
        for key, each in typed.items()
        if key in answer.context["form"].fields and key != "client_secret" and each.replace("\r", "") not in page
    ]
    assert lost == []


def test_the_secret_of_an_integration_does_not_come_back_with_a_refusal(cast):
    name = "workflows:integration-settings"

    answer = cast.client.post(
        cast.address(name), FIELDS[name] | {"client_id": "a\x01b", "client_secret": "hunter2-SECRET"}
    )

    assert answer.status_code == 422 and "hunter2-SECRET" not in told(answer)


@pytest.mark.parametrize("letters", ["Ñandú & Söhne", "株式会社", "שלום", "مرحبا", "👩‍👩‍👧 Team", "O\u2019Neil"])
@pytest.mark.parametrize(("name", "field"), [each for each in NAMES if each[1] == "name"])
def test_names_in_any_script_are_fine(cast, name, field, letters):
    answer = cast.client.post(cast.address(name), FIELDS[name] | {field: letters})

    assert answer.status_code in (200, 302)


@pytest.mark.parametrize("kind", UNSEEN)
def test_a_workflow_is_given_no_name_that_is_not_seen(cast, kind):
    before = Workflow.objects.count()

    made = cast.client.post(cast.address("workflows:create-workflow"), {"name": HOSTILE[kind]})
    named = cast.client.post(
        cast.address("workflows:describe-workflow"),
        json.dumps({"name": HOSTILE[kind], "description": ""}),
        content_type="application/json",
    )

    assert Workflow.objects.count() == before and "No workflow was made" in told(made)
    assert named.status_code in (400, 422) and named.json()["error"]["message"]
    cast.workflow.refresh_from_db()
    assert cast.workflow.name == "Sync leads" or cast.workflow.name.isprintable()


@pytest.mark.parametrize("record_id", ["", "a b", "é" * 18, "x" * 256, "\x00", "00Q\u0661"])
def test_a_run_adopts_nothing_that_is_no_id(cast, record_id):
    make_step_run(cast.run, state=StepState.ASKING)

    answer = cast.client.post(cast.address("workflows:decide-run"), {"choice": "adopt", "record_id": record_id})

    cast.run.refresh_from_db()
    assert cast.run.state == RunState.ASKING and "Enter the id" in told(answer)
