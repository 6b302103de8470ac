"""Who meets the editor: Ana who builds, Raj who may only read, a stranger from Globex."""

import pytest

from projects.models import Role
from tests.factories import make_app_event, make_integration, make_member, make_project, make_workflow


@pytest.fixture
def project(db):
    project = make_project()
    make_app_event(project)
    return project


@pytest.fixture
def integration(project):
    return make_integration(project)


@pytest.fixture
def workflow(integration):
    """The tutorial's workflow, never deployed."""
    return make_workflow(integration, deployed=False, name="Sync leads")


@pytest.fixture
def ana(client, project):
    client.force_login(make_member(project, Role.BUILDER, name="Ana").user)
    return client


@pytest.fixture
def raj(client, project):
    client.force_login(make_member(project, Role.VIEWER, name="Raj").user)
    return client


@pytest.fixture
def stranger(client, db):
    client.force_login(make_member(make_project(name="Globex"), name="Stranger").user)
    return client
