"""A project with Salesforce, a deployed workflow, and Ana and Ben as its end users."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from integrations.models import Credential, Integration
from projects.models import ConnectedUser, Project
from tests.factories import (
    bearer,
    make_connected_user,
    make_credential,
    make_integration,
    make_project,
    make_signing_key,
    make_workflow,
    user_token,
)
from workflows.models import Workflow


@dataclass
class Sdk:
    """Calls as the SDK makes them: headers and all. `sub` is whose token they carry."""

    project: Project
    sub: str = "ana"
    number: int = 0

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        prefix = "" if path.startswith("/v2") else f"/projects/{self.project.pk}"
        address = path.replace("/v2", f"/v2/projects/{self.project.pk}", 1) if path.startswith("/v2") else prefix + path
        return Client(raise_request_exception=False).generic(
            method,
            address,
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers=bearer(user_token(self.sub, self.number))
            | {"Accept": "application/json", "X-Paragon-SDK-Version": "2.4.0"}
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )


@dataclass
class Cast:
    project: Project
    integration: Integration
    workflow: Workflow
    ana: ConnectedUser
    ben: ConnectedUser
    sdk: Sdk
    bens_sdk: Sdk

    def connect(self, user: ConnectedUser | None = None, **changes: Any) -> Credential:
        return make_credential(self.integration, user or self.ana, **changes)


@pytest.fixture
def cast(db: None) -> Cast:
    project = make_project()
    make_signing_key(project)
    integration = make_integration(project)
    return Cast(
        project,
        integration,
        make_workflow(integration, name="Sync leads", description="New sign-ups become leads."),
        make_connected_user(project, "ana"),
        make_connected_user(project, "ben"),
        Sdk(project),
        Sdk(project, "ben"),
    )


@pytest.fixture
def globex(db: None) -> Cast:
    """Another tenant, with a key and users of its own."""
    project = make_project(name="Globex")
    make_signing_key(project, number=1)
    integration = make_integration(project)
    stranger = make_connected_user(project, "ana")
    return Cast(
        project,
        integration,
        make_workflow(integration),
        stranger,
        make_connected_user(project, "ben"),
        Sdk(project, "ana", 1),
        Sdk(project, "ben", 1),
    )
