"""Disconnecting: the tokens go here and at Salesforce, the history stays."""

import pytest
import requests

from integrations import disconnecting
from integrations.errors import CredentialRevoked
from integrations.models import Credential
from integrations.providers import registry
from projects.models import AuditEntry

pytestmark = pytest.mark.django_db


def status_of(org, token: str) -> int:
    return requests.get(
        f"{org.url}/services/data/v62.0/limits", headers={"Authorization": f"Bearer {token}"}, timeout=5
    ).status_code


def test_a_disconnect_wipes_the_tokens_and_has_salesforce_forget_them(
    org, credential, django_capture_on_commit_callbacks
):
    token = credential.tokens["access_token"]
    assert status_of(org, token) == 200

    with django_capture_on_commit_callbacks(execute=True):
        assert disconnecting.disconnect(credential) is True

    assert status_of(org, token) == 401
    assert credential.removed_at is not None
    assert Credential.objects.get().tokens_sealed == ""
    assert Credential.objects.get().configurations.exists()
    assert AuditEntry.objects.filter(action="credential.disconnected").count() == 1


def test_a_second_disconnect_does_nothing(credential, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        disconnecting.disconnect(credential)

    with django_capture_on_commit_callbacks() as callbacks:
        assert disconnecting.disconnect(credential) is False

    assert callbacks == []


def test_an_org_that_can_not_be_reached_does_not_stop_a_disconnect(credential, django_capture_on_commit_callbacks):
    credential.provider_data["login_url"] = "http://127.0.0.1:9"
    credential.save()

    with django_capture_on_commit_callbacks(execute=True):
        disconnecting.disconnect(credential)

    assert Credential.objects.get().tokens_sealed == ""


def test_a_disconnected_credential_opens_no_connection(credential, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        disconnecting.disconnect(credential)

    with pytest.raises(CredentialRevoked):
        registry.provider("salesforce").connect(credential)
