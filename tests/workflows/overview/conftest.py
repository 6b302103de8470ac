"""The cast of the history's tests, with somebody who may change an integration's settings."""

from __future__ import annotations

import pytest
from django.test import Client

from projects.models import Role
from tests.workflows.history.conftest import Acme, acme, ana, client_of, raj, stranger

__all__ = ["acme", "ana", "ines", "raj", "stranger"]


@pytest.fixture
def ines(acme: Acme) -> Client:
    """Ines of Acme, an admin."""
    return client_of(acme.project, Role.ADMIN, "ines@acme.example")
