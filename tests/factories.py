"""`make_…(**changes)` builds the least that works. The cast: Ana of Acme, Raj who may only read, a stranger from Globex."""

from __future__ import annotations

import time
from functools import cache
from itertools import count
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils import timezone

from integrations.models import Configuration, Credential, CredentialStatus, Integration
from projects.models import ConnectedUser, Member, Project, Role, SigningKey, User
from workflows.models import (
    AppEvent,
    Event,
    Lane,
    Run,
    StepRun,
    StepState,
    Workflow,
    WorkflowSetting,
    WorkflowVersion,
)

_numbers = count(1)
LEAD_CREATED = {"first_name": "Bo", "last_name": "Lind", "email": "bo@example.com", "company": "Lind AB"}


def make_user(**changes: Any) -> User:
    fields = {"email": f"person{next(_numbers)}@acme.example", "name": "Ana"} | changes
    password = fields.pop("password", "correct horse battery")
    return User.objects.create_user(password=password, **fields)


def make_project(**changes: Any) -> Project:
    return Project.objects.create(
        **{"name": "Acme", "allowed_origins": ["http://localhost:*", "http://127.0.0.1:*"]} | changes
    )


def make_member(project: Project | None = None, role: Role = Role.OWNER, **changes: Any) -> Member:
    return Member.objects.create(project=project or make_project(), user=make_user(**changes), role=role)


@cache
def private_key(number: int = 0) -> rsa.RSAPrivateKey:
    """Small keys, made once a test process: these tests are not about the strength of RSA."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(number: int = 0) -> str:
    public = private_key(number).public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def make_signing_key(project: Project, number: int = 0, **changes: Any) -> SigningKey:
    return SigningKey.objects.create(
        **{"project": project, "public_key": public_pem(number), "fingerprint": f"{number:064x}"} | changes
    )


def user_token(sub: str = "user-1", number: int = 0, *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token signed with private key `number`; a claim given as None is left out."""
    now = int(time.time())
    body = {"sub": sub, "iat": now, "exp": now + 3600} | claims
    return jwt.encode(
        {k: v for k, v in body.items() if v is not None}, private_key(number), algorithm="RS256", headers=headers
    )


def bearer(token: str) -> dict[str, str]:
    """For `client.post(..., headers=bearer(token))`."""
    return {"Authorization": f"Bearer {token}"}


def make_integration(project: Project | None = None, **changes: Any) -> Integration:
    fields = {
        "provider_key": "salesforce",
        "is_active": True,
        "client_id": "key",
        "scopes": ["api", "refresh_token"],
    } | changes
    secret = fields.pop("client_secret", "secret")
    integration = Integration(project=project or make_project(), **fields)
    integration.client_secret = secret
    integration.save()
    return integration


def make_connected_user(project: Project, external_id: str = "user-1", **changes: Any) -> ConnectedUser:
    return ConnectedUser.objects.create(project=project, external_id=external_id, **changes)


def make_credential(
    integration: Integration | None = None, user: ConnectedUser | None = None, **changes: Any
) -> Credential:
    """A valid credential with its default configuration and its lane."""
    integration = integration or make_integration()
    user = user or make_connected_user(integration.project)
    fields = {"status": CredentialStatus.VALID, "provider_id": "00D000000000001EAA"} | changes
    tokens = fields.pop("tokens", {"access_token": "00D!access", "refresh_token": "refresh"})
    credential = Credential(integration=integration, user=user, **fields)
    credential.tokens = tokens
    credential.save()
    Configuration.objects.create(credential=credential, is_default=True)
    Lane.objects.create(credential=credential)
    return credential


def make_app_event(project: Project, name: str = "Lead Created", **changes: Any) -> AppEvent:
    return AppEvent.objects.create(**{"project": project, "name": name, "example": LEAD_CREATED} | changes)


def lead_definition(**changes: Any) -> dict[str, Any]:
    """The tutorial's workflow: Lead Created, then Create record: Lead."""
    return {
        "trigger": {"type": "app_event", "app_event": "Lead Created"},
        "steps": [
            {
                "key": "create_lead",
                "type": "salesforce.create_record",
                "name": "Create Lead",
                "inputs": {
                    "record_type": "Lead",
                    "fields": {
                        "FirstName": "{{ trigger.first_name }}",
                        "LastName": "{{ trigger.last_name }}",
                        "Email": "{{ trigger.email }}",
                        "Company": "{{ trigger.company }}",
                    },
                },
            }
        ],
        "settings": [],
        "order_by": None,
        "concurrency": None,
    } | changes


def make_workflow(integration: Integration | None = None, *, deployed: bool = True, **changes: Any) -> Workflow:
    """The tutorial's workflow, deployed as version 1 unless told otherwise."""
    integration = integration or make_integration()
    fields = {"name": f"Sync leads {next(_numbers)}", "draft": lead_definition()} | changes
    workflow = Workflow.objects.create(integration=integration, **fields)
    if deployed:
        trigger = workflow.draft.get("trigger") or {}
        version = WorkflowVersion.objects.create(
            workflow=workflow, number=1, definition=workflow.draft, app_event=trigger.get("app_event", "")
        )
        workflow.live_version = version
        workflow.save(update_fields=["live_version"])
    return workflow


def switch_on(workflow: Workflow, credential: Credential, **values: Any) -> WorkflowSetting:
    configuration = credential.configurations.get(is_default=True)
    return WorkflowSetting.objects.create(
        configuration=configuration, workflow=workflow, is_enabled=True, values=values
    )


def make_event(user: ConnectedUser, name: str = "Lead Created", **changes: Any) -> Event:
    return Event.objects.create(
        **{"project": user.project, "user": user, "name": name, "payload": LEAD_CREATED} | changes
    )


def make_run(workflow: Workflow | None = None, credential: Credential | None = None, **changes: Any) -> Run:
    """A queued run of the workflow's live version, for an event of the credential's user."""
    if workflow is None:
        workflow = make_workflow(credential.integration if credential else None)
    if credential is None:
        user = make_connected_user(workflow.integration.project, f"user-{next(_numbers)}")
        credential = make_credential(workflow.integration, user)
    event = changes.pop("event", None) or make_event(credential.user)
    fields = {
        "project": workflow.integration.project,
        "event": event,
        "workflow": workflow,
        "version": workflow.live_version,
        "user": credential.user,
        "configuration": credential.configurations.get(is_default=True),
        "lane": credential.lane,
    }
    return Run.objects.create(**fields | changes)


def make_step_run(run: Run, step_key: str = "create_lead", **changes: Any) -> StepRun:
    """A step that succeeded, unless told otherwise."""
    now = timezone.now()
    fields = {
        "run": run,
        "step_key": step_key,
        "position": 0,
        "state": StepState.SUCCEEDED,
        "input": {"record_type": "Lead", "fields": {"LastName": "Lind"}},
        "output": {"id": "00Q000000000001AAA", "success": True},
        "tries": 1,
        "api_calls": 1,
        "first_tried_at": now,
        "started_at": now,
        "finished_at": now,
    }
    return StepRun.objects.create(**fields | changes)
