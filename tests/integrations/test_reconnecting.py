"""Connecting an account again: in the same org, as somebody else, and from another org than the one it was made for."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module

import pytest
import requests
from django.apps import apps
from django.utils import timezone

from integrations import connecting, revocation
from integrations.errors import OAuthFailed
from integrations.models import AccountLogin, Credential, CredentialStatus, DescribedObject, Integration, OAuthAttempt
from integrations.providers.base import Grant
from projects.models import AuditEntry, ConnectedUser
from tests.factories import make_connected_user, make_credential
from tests.integrations.conftest import REDIRECT
from tests.support.salesforce_login import go_through
from tests.support.sandbox import SandboxOrg
from tests.support.workers import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

LogIn = Callable[..., Credential]


@pytest.fixture
def user(integration: Integration) -> ConnectedUser:
    return make_connected_user(integration.project)


@pytest.fixture
def other_org(other_running_org: SandboxOrg) -> SandboxOrg:
    other_running_org.reset()
    other_running_org.app(redirect_uris=[REDIRECT])
    return other_running_org


@pytest.fixture
def log_in(org: SandboxOrg, integration: Integration, user: ConnectedUser, settings) -> LogIn:
    """Logs in at an org, as its first user or another one."""

    def logged_in(at: SandboxOrg = org, username: str = "", password: str = "", **options) -> Credential:
        settings.SALESFORCE_LOGIN_URL = at.url
        app = at.app()
        url = connecting.start_oauth(integration, user, install_options=options)
        back = go_through(url, username or app["username"], password or app["password"])
        credential = connecting.finish_oauth(**back).credential
        assert credential is not None
        return credential

    return logged_in


def is_good(refresh_token: str, org: SandboxOrg) -> bool:
    """Whether the org still gives an access token for it."""
    app = org.app()
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    form |= {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    return requests.post(f"{org.url}/services/oauth2/token", data=form, timeout=10).ok


def revocations(org: SandboxOrg) -> int:
    return int(org.calls()["resources"].get("revoke", 0))


@pytest.mark.parametrize("is_selected", [True, False])
def test_a_log_in_from_another_org_changes_nothing_and_says_both(org, other_org, log_in, is_selected):
    before = log_in()
    stored = Credential.objects.values().get()
    options = {"selectedCredentialId": str(before.pk)} if is_selected else {}

    with pytest.raises(
        OAuthFailed, match=r"You logged in to .*bo@other\.example.* connection is to .*admin@"
    ) as caught:
        log_in(other_org, **options)

    assert caught.value.reason == "other_org" and "Nothing was changed" in caught.value.message
    assert Credential.objects.values().get() == stored
    assert OAuthAttempt.objects.order_by("created_at").last().error["reason"] == "other_org"
    assert AccountLogin.objects.count() == 1
    assert AuditEntry.objects.filter(action="credential.connected").count() == 1
    assert is_good(before.tokens["refresh_token"], org)


def test_an_invalid_credential_is_not_revived_by_another_org(org, other_org, log_in):
    before = log_in()
    Credential.objects.update(status=CredentialStatus.INVALID, status_reason="Revoked.")

    with pytest.raises(OAuthFailed):
        log_in(other_org, selectedCredentialId=str(before.pk), allowMultipleCredentials=True)

    before.refresh_from_db()
    assert (before.status, before.status_reason) == (CredentialStatus.INVALID, "Revoked.")


def test_what_a_refused_log_in_gave_is_revoked_at_its_org(org, other_org, log_in):
    log_in()

    with pytest.raises(OAuthFailed):
        log_in(other_org)

    assert wait_until(lambda: revocations(other_org) == 1) and revocations(org) == 0


def test_orgs_that_bear_the_same_names_are_told_apart_by_their_ids(org, other_org, log_in):
    log_in()
    Credential.objects.update(provider_data={"org_name": "Sandbox org", "username": "bo@other.example"})

    with pytest.raises(OAuthFailed, match=r"org 00DSb7.* org 00DSb0"):
        log_in(other_org)


def test_another_org_becomes_a_second_account_where_several_are_allowed(org, other_org, log_in):
    first = log_in()

    second = log_in(other_org, allowMultipleCredentials=True)

    assert second.pk != first.pk and {first.provider_id[:6], second.provider_id[:6]} == {"00DSb0", "00DSb7"}


def test_the_same_persons_older_tokens_are_revoked(org, log_in):
    first = log_in().tokens["refresh_token"]

    again = log_in().tokens["refresh_token"]

    assert wait_until(lambda: revocations(org) == 1)
    assert again != first and not is_good(first, org) and is_good(again, org)


def test_the_tokens_of_another_user_of_the_org_are_revoked(org, log_in):
    org.user("cy@sandbox.example", "cy-1234")
    first = log_in()

    second = log_in(username="cy@sandbox.example", password="cy-1234")

    assert second.pk == first.pk and wait_until(lambda: revocations(org) == 1)
    assert not is_good(first.tokens["refresh_token"], org) and is_good(second.tokens["refresh_token"], org)


def test_a_refresh_token_that_is_given_again_stays(org, log_in):
    before = Credential.objects.select_related("integration").get(pk=log_in().pk)
    same = Grant("new", before.tokens["refresh_token"], before.provider_id, before.provider_data)

    revocation.revoke_replaced(before, same)
    revocation.revoke_unused(before.integration, before.user, same)

    assert revocations(org) == 0 and is_good(before.tokens["refresh_token"], org)


def test_an_org_that_can_not_be_reached_to_revoke_keeps_nobody_from_connecting(org, log_in, caplog):
    data = log_in().provider_data
    Credential.objects.update(provider_data=data | {"login_url": "http://127.0.0.1:9"})

    assert log_in().status == CredentialStatus.VALID
    assert wait_until(lambda: "credential.revoke_failed" in [record.message for record in caplog.records])


def test_each_change_of_the_account_is_noted_once(org, log_in):
    org.user("cy@sandbox.example", "cy-1234")
    began = timezone.now() - timedelta(seconds=1)
    first = log_in()
    log_in()

    log_in(username="cy@sandbox.example", password="cy-1234")

    noted = list(AccountLogin.objects.filter(credential=first).order_by("since"))
    assert [login.username for login in noted] == ["admin@sandbox.example", "cy@sandbox.example"]
    assert {login.provider_id for login in noted} == {first.provider_id}
    assert all(login.user_id.startswith("005") and login.since > began for login in noted)


def test_what_another_user_may_see_is_asked_anew(org, log_in):
    org.user("cy@sandbox.example", "cy-1234")
    credential = log_in()
    DescribedObject.objects.create(credential=credential, name="Lead", body={})

    log_in()
    assert DescribedObject.objects.exists()
    log_in(username="cy@sandbox.example", password="cy-1234")
    assert not DescribedObject.objects.exists()


def test_for_credentials_of_earlier_versions_the_account_of_today_is_noted_once(user, integration):
    note_accounts = import_module("integrations.migrations.0005_logins_of_today").note_accounts
    data = {"username": "bo@lind.example", "user_id": "005000000000001AAA"}
    known = make_credential(integration, user, provider_data=data)
    make_credential(integration, user, provider_id="", provider_data={})

    note_accounts(apps, None)
    note_accounts(apps, None)

    login = AccountLogin.objects.get()
    assert (login.credential, login.username, login.since) == (known, "bo@lind.example", known.created_at)
