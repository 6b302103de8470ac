"""A sandbox org in its own process, and a credential that is connected to it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from integrations.models import Credential, Integration
from integrations.providers import registry
from integrations.providers.base import ActionCall, Outcome
from integrations.providers.salesforce import pool
from integrations.providers.salesforce.client import SalesforceConnection
from tests.factories import make_credential, make_integration
from tests.support.sandbox import SandboxOrg

REDIRECT = "http://localhost:8000/oauth/callback"


@pytest.fixture
def org(running_org: SandboxOrg, settings: Any) -> SandboxOrg:
    """The org, empty, as "production" and as "sandbox"."""
    running_org.reset()
    running_org.app(rotation=True, redirect_uris=[REDIRECT])
    settings.SALESFORCE_LOGIN_URL = settings.SALESFORCE_SANDBOX_LOGIN_URL = running_org.url
    settings.BASE_URL = "http://localhost:8000"
    settings.SALESFORCE_TIMEOUT_SECONDS = 10.0
    pool.clear()
    return running_org


@pytest.fixture
def integration(org: SandboxOrg, db: None) -> Integration:
    """Salesforce, set up with the org's app."""
    app = org.app()
    return make_integration(client_id=app["client_id"], client_secret=app["client_secret"])


@pytest.fixture
def connect(org: SandboxOrg, integration: Integration) -> Callable[..., Credential]:
    """Connects the org's user as an end user, without the browser."""

    def connected(**changes: Any) -> Credential:
        granted = org.grant()
        org_id, user_id = granted["id"].rstrip("/").split("/")[-2:]
        data = {
            "instance_url": granted["instance_url"],
            "login_url": org.url,
            "user_id": user_id,
            "identity_url": granted["id"],
        }
        tokens = {"access_token": granted["access_token"], "refresh_token": granted["refresh_token"]}
        return make_credential(
            integration, **{"tokens": tokens, "provider_id": org_id, "provider_data": data} | changes
        )

    return connected


@pytest.fixture
def credential(connect: Callable[..., Credential]) -> Credential:
    return connect()


@pytest.fixture
def connection(credential: Credential) -> SalesforceConnection:
    return registry.provider("salesforce").connect(credential)


def call(
    called_at: datetime | None = None, step_key: str = "create_lead", run_id: UUID | None = None, **fields: Any
) -> ActionCall:
    """A call of Create record: Lead, with what Lead requires; `inputs` replaces or adds inputs beside the fields."""
    inputs = fields.pop("inputs", {})
    values = {"LastName": "Lind", "Company": "Lind AB"} | fields
    return ActionCall(
        run_id or uuid4(), step_key, {"record_type": "Lead", "fields": values} | inputs, called_at=called_at
    )


@pytest.fixture
def run(connection: SalesforceConnection) -> Callable[..., list[Outcome]]:
    """Runs calls of Create record as one group."""
    action = registry.provider("salesforce").actions["create_record"]
    return lambda *calls: action.run(calls, connection, now=timezone.now())
