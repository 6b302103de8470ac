"""The cast of these tests: Ana owns Acme, Raj may only read there, a stranger owns Globex."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from projects.models import Member, Project, Role, User
from tests.factories import make_member, make_project

Browser = Callable[[Member | User], Client]


@pytest.fixture(autouse=True)
def _no_attempts_counted() -> None:
    """Attempts to log in are counted in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def acme(db: None) -> Project:
    return make_project()


@pytest.fixture
def ana(acme: Project) -> Member:
    return make_member(acme, email="ana@acme.example")


@pytest.fixture
def raj(acme: Project) -> Member:
    return make_member(acme, Role.VIEWER, email="raj@acme.example", name="Raj")


@pytest.fixture
def stranger(db: None) -> Member:
    return make_member(make_project(name="Globex"), email="hank@globex.example", name="Hank")


@pytest.fixture
def browser() -> Browser:
    """`browser(ana)`: a client that is logged in as that person."""

    def logged_in(person: Member | User) -> Client:
        client = Client()
        client.force_login(
            person.user if isinstance(person, Member) else person,
            backend="django.contrib.auth.backends.ModelBackend",
        )
        return client

    return logged_in
