"""A running sandbox org, empty and without faults at each test's begin."""

import pytest

from tests.support.sandbox import SandboxOrg
from tests.support.tutorial import Tutorial, connect


@pytest.fixture
def org(running_org: SandboxOrg) -> SandboxOrg:
    running_org.reset()
    return running_org


@pytest.fixture
def tutorial(org: SandboxOrg, settings: object, monkeypatch: pytest.MonkeyPatch) -> Tutorial:
    settings.SALESFORCE_LOGIN_URL = org.url  # type: ignore[attr-defined]
    monkeypatch.setattr("workflows.engine.ringing.ring", lambda lanes: None)
    return connect(org)
