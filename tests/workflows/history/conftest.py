"""Acme's history, and who looks at it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client

from integrations.models import Credential, Integration
from projects.models import Project, Role
from tests.factories import (
    make_connected_user,
    make_credential,
    make_integration,
    make_member,
    make_project,
    make_workflow,
)
from workflows.models import Workflow


@dataclass
class Acme:
    project: Project
    integration: Integration
    workflow: Workflow
    credential: Credential


@pytest.fixture
def acme(db: None) -> Acme:
    """A project with Salesforce set up, one deployed workflow, and one user who has connected."""
    integration = make_integration()
    user = make_connected_user(integration.project, "user-1", name="Bo Lind", email="bo@example.com")
    data = {"instance_url": "https://lind.my.salesforce.com", "username": "bo@lind.example", "org_name": "Lind AB"}
    credential = make_credential(integration, user, provider_data=data)
    return Acme(integration.project, integration, make_workflow(integration, name="Sync leads"), credential)


def client_of(project: Project, role: Role, email: str) -> Client:
    client = Client()
    client.force_login(
        make_member(project, role, email=email).user, backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.fixture
def ana(acme: Acme) -> Client:
    """Ana of Acme, who may build."""
    return client_of(acme.project, Role.BUILDER, "ana@acme.example")


@pytest.fixture
def raj(acme: Acme) -> Client:
    """Raj, who may only read."""
    return client_of(acme.project, Role.VIEWER, "raj@acme.example")


@pytest.fixture
def stranger(acme: Acme) -> Client:
    """An owner at Globex, who has nothing to do with Acme."""
    return client_of(make_project(name="Globex"), Role.OWNER, "hank@globex.example")
