"""Switching Salesforce on in a project."""

import pytest

from integrations import activating
from integrations.activating import SettingsRefused
from projects.models import AuditEntry
from tests.factories import make_member, make_project

pytestmark = pytest.mark.django_db


def save(integration, **changes):
    entered = {"client_id": "3MVG9", "client_secret": "shh-secret", "environment": "production", "domain": ""}
    entered |= {"scopes": ["api", "refresh_token"], "is_active": True, "by": None}
    return activating.save_settings(integration, **(entered | changes))


def test_a_project_gets_one_integration_however_often_it_is_asked_for():
    project = make_project()

    first, second = (
        activating.ensure_integration(project, "salesforce"),
        activating.ensure_integration(project, "salesforce"),
    )

    assert first == second
    assert (first.is_active, first.scopes) == (False, ["api", "refresh_token", "id"])


def test_the_secret_is_stored_sealed_and_stands_in_no_audit_entry():
    ana = make_member()
    integration = save(activating.ensure_integration(ana.project, "salesforce"), by=ana.user)

    integration.refresh_from_db()
    assert integration.client_secret == "shh-secret"
    assert "shh-secret" not in integration.client_secret_sealed
    entry = AuditEntry.objects.get(action="integration.settings_saved")
    assert entry.actor == ana.user
    assert "client_secret" in entry.details["changed"]
    assert "shh-secret" not in str(entry.details)


def test_no_secret_entered_keeps_the_one_that_is_there():
    integration = save(activating.ensure_integration(make_project(), "salesforce"))

    save(integration, client_secret=None, client_id="other")

    integration.refresh_from_db()
    assert (integration.client_id, integration.client_secret) == ("other", "shh-secret")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"client_id": ""}, "client_id"),
        ({"client_id": "two words"}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"environment": "moon"}, "environment"),
        ({"environment": "my_domain", "domain": "acme.lightning.force.com"}, "domain"),
        ({"scopes": ['a"b']}, "scopes"),
    ],
)
def test_what_can_not_work_is_refused_by_field_and_nothing_is_saved(changes, field):
    integration = activating.ensure_integration(make_project(), "salesforce")

    with pytest.raises(SettingsRefused) as caught:
        save(integration, **changes)

    assert set(caught.value.errors) == {field}
    integration.refresh_from_db()
    assert (integration.is_active, integration.client_id, integration.client_secret_sealed) == (False, "", "")
    assert not AuditEntry.objects.exists()


def test_an_inactive_integration_may_be_half_filled_in():
    integration = save(activating.ensure_integration(make_project(), "salesforce"), client_secret="", is_active=False)

    assert integration.is_active is False
    assert not integration.is_complete


def test_the_domain_is_stored_in_its_one_spelling():
    integration = activating.ensure_integration(make_project(), "salesforce")

    save(integration, environment="my_domain", domain=" https://Acme.my.salesforce.com/ ")

    integration.refresh_from_db()
    assert integration.settings == {"environment": "my_domain", "domain": "acme.my.salesforce.com"}
