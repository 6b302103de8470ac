"""Connecting an account through the org's own pages."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from integrations import connecting
from integrations.errors import IntegrationIncomplete, OAuthFailed
from integrations.models import Credential, CredentialStatus, Integration, OAuthAttempt
from integrations.saving import MAX_ACCOUNTS
from projects.models import AuditEntry, ConnectedUser
from tests.factories import make_connected_user, make_credential, make_integration, make_project
from tests.integrations.conftest import REDIRECT
from tests.support.salesforce_login import go_through
from tests.support.sandbox import SandboxOrg

pytestmark = pytest.mark.django_db

ORG_ID = "00DSb0000000001MAA"


@pytest.fixture
def user(integration: Integration) -> ConnectedUser:
    return make_connected_user(integration.project)


def connect(
    org: SandboxOrg, integration: Integration, user: ConnectedUser, *, allow: bool = True, **options
) -> OAuthAttempt:
    app = org.app()
    url = connecting.start_oauth(integration, user, session_id="abc", install_options=options)
    return connecting.finish_oauth(**go_through(url, app["username"], app["password"], allow=allow))


def test_a_login_makes_a_valid_credential_with_its_default_configuration(org, integration, user):
    attempt = connect(org, integration, user)

    credential = attempt.credential
    credential.refresh_from_db()
    assert credential.status == CredentialStatus.VALID
    assert credential.provider_id == ORG_ID
    assert credential.provider_data["instance_url"] == org.url
    assert credential.provider_data["username"] == "admin@sandbox.example"
    assert credential.provider_data["user_id"].startswith("005")
    assert credential.provider_data["org_name"]
    assert credential.tokens["access_token"].startswith("00D")
    assert credential.tokens["refresh_token"]
    assert credential.configurations.filter(is_default=True).count() == 1


def test_the_authorize_url_asks_with_pkce_and_a_state_of_which_only_the_hash_is_kept(integration, user):
    url = connecting.start_oauth(integration, user)

    query = parse_qs(urlsplit(url).query)
    attempt = OAuthAttempt.objects.get()
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert query["redirect_uri"] == [REDIRECT]
    assert attempt.state_hash == connecting.hash_of(query["state"][0])
    assert query["state"][0] not in str(OAuthAttempt.objects.values().get())


def test_tokens_are_not_readable_in_the_database(org, integration, user):
    credential = connect(org, integration, user).credential

    row = str(Credential.objects.filter(pk=credential.pk).values().get())
    assert credential.tokens["access_token"] not in row
    assert credential.tokens["refresh_token"] not in row


def test_a_denied_login_says_so_and_connects_nothing(org, integration, user):
    with pytest.raises(OAuthFailed, match="did not allow") as caught:
        connect(org, integration, user, allow=False)

    assert caught.value.reason == "access_denied"
    assert caught.value.attempt.session_id == "abc"
    assert not Credential.objects.exists()
    assert OAuthAttempt.objects.get().error["reason"] == "access_denied"


def test_a_state_that_nobody_started_is_refused():
    with pytest.raises(OAuthFailed) as caught:
        connecting.finish_oauth(state="made-up", code="x")

    assert caught.value.reason == "state_unknown"
    assert caught.value.attempt is None


def test_a_login_of_more_than_ten_minutes_is_refused(org, integration, user):
    app = org.app()
    url = connecting.start_oauth(integration, user)
    back = go_through(url, app["username"], app["password"])
    OAuthAttempt.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(OAuthFailed) as caught:
        connecting.finish_oauth(**back)

    assert caught.value.reason == "state_expired"
    assert not Credential.objects.exists()


def test_a_callback_loaded_twice_gives_the_first_ones_outcome(org, integration, user):
    app = org.app()
    back = go_through(connecting.start_oauth(integration, user), app["username"], app["password"])
    first = connecting.finish_oauth(**back)

    second = connecting.finish_oauth(**back)

    assert second.credential == first.credential
    assert Credential.objects.count() == 1


def test_a_denial_loaded_twice_stays_a_denial(org, integration, user):
    app = org.app()
    back = go_through(connecting.start_oauth(integration, user), app["username"], app["password"], allow=False)
    with pytest.raises(OAuthFailed):
        connecting.finish_oauth(**back)

    with pytest.raises(OAuthFailed) as caught:
        connecting.finish_oauth(**back)

    assert caught.value.reason == "access_denied"


def test_a_wrong_secret_is_told_to_the_builder(org, integration, user):
    integration.client_secret = "wrong"
    integration.save()

    with pytest.raises(OAuthFailed, match="consumer secret") as caught:
        connect(org, integration, user)

    assert caught.value.reason == "wrong_client"
    assert "wrong" not in str(caught.value.ids)


def test_a_code_stolen_from_the_redirect_is_useless_without_the_verifier(org, integration, user):
    app = org.app()
    mine = connecting.start_oauth(integration, user)
    back = go_through(mine, app["username"], app["password"])
    thief = parse_qs(urlsplit(connecting.start_oauth(integration, user)).query)["state"][0]

    with pytest.raises(OAuthFailed) as caught:
        connecting.finish_oauth(state=thief, code=back["code"])

    assert caught.value.reason in ("pkce_failed", "code_expired")
    assert not Credential.objects.exists()


def test_an_org_that_is_down_at_the_exchange_is_told_as_such(org, integration, user):
    app = org.app()
    back = go_through(connecting.start_oauth(integration, user), app["username"], app["password"])
    org.faults("unavailable", count=1, resource="token")

    with pytest.raises(OAuthFailed) as caught:
        connecting.finish_oauth(**back)

    assert caught.value.reason == "unavailable"


def test_without_a_refresh_token_nothing_is_connected(org, integration, user):
    integration.scopes = ["api"]
    integration.save()

    with pytest.raises(OAuthFailed, match="refresh_token") as caught:
        connect(org, integration, user)

    assert caught.value.reason == "no_refresh_token"
    assert not Credential.objects.exists()


def test_the_same_org_connected_again_renews_the_credential_and_keeps_its_workflows(org, integration, user):
    first = connect(org, integration, user).credential
    configuration = first.configurations.get()

    second = connect(org, integration, user).credential

    assert second.pk == first.pk
    assert second.tokens_version > first.tokens_version
    assert second.configurations.get() == configuration


def test_connecting_again_revives_an_invalid_credential(org, integration, user):
    first = connect(org, integration, user).credential
    Credential.objects.filter(pk=first.pk).update(status=CredentialStatus.INVALID, status_reason="Revoked.")

    again = connect(org, integration, user).credential
    again.refresh_from_db()

    assert again.pk == first.pk
    assert (again.status, again.status_reason) == (CredentialStatus.VALID, "")


def test_a_second_org_gets_a_credential_of_its_own_only_when_several_are_allowed(org, integration, user):
    make_credential(
        integration, user, provider_id="00D000000000009EAA", provider_data={"user_id": "005000000000009AAA"}
    )

    connect(org, integration, user, allowMultipleCredentials=True, externalId="second")

    assert Credential.objects.present().count() == 2
    assert Credential.objects.get(external_id="second").provider_id == ORG_ID


def test_several_allowed_do_not_double_one_account(org, integration, user):
    connect(org, integration, user, allowMultipleCredentials=True)

    connect(org, integration, user, allowMultipleCredentials=True)

    assert Credential.objects.count() == 1


@pytest.mark.parametrize("name_of", [lambda one: str(one.pk), lambda one: "mine", lambda one: "ext:mine"])
def test_the_selected_credential_is_the_one_renewed(org, integration, user, name_of):
    selected = make_credential(integration, user, external_id="mine", provider_id=ORG_ID)
    make_credential(integration, user, external_id="other", provider_id=ORG_ID)

    connected = connect(org, integration, user, selectedCredentialId=name_of(selected)).credential

    assert connected.pk == selected.pk


def test_a_strangers_credential_can_not_be_selected(org, integration, user):
    strangers = make_credential(integration, make_connected_user(integration.project, "stranger"))

    with pytest.raises(OAuthFailed) as caught:
        connect(org, integration, user, selectedCredentialId=str(strangers.pk))

    assert caught.value.reason == "credential_unknown"
    strangers.refresh_from_db()
    assert strangers.tokens_version == 0


def test_a_user_has_so_many_accounts_and_renews_them_still(org, integration, user):
    for number in range(MAX_ACCOUNTS):
        last = make_credential(integration, user, external_id=f"nr-{number}", provider_id=f"00D0000000{number:05}EAA")

    with pytest.raises(OAuthFailed) as caught:
        connect(org, integration, user, allowMultipleCredentials=True)

    assert caught.value.reason == "too_many_accounts" and "Disconnect one" in caught.value.message
    assert user.credentials.count() == MAX_ACCOUNTS
    type(last).objects.filter(pk=last.pk).update(provider_id=ORG_ID)
    assert connect(org, integration, user, selectedCredentialId="nr-19").credential.pk == last.pk


def test_an_external_id_belongs_to_one_credential_of_the_user(org, integration, user):
    make_credential(integration, user, external_id="mine", provider_id="00D000000000009EAA")

    with pytest.raises(OAuthFailed) as caught:
        connect(org, integration, user, allowMultipleCredentials=True, externalId="mine")

    assert caught.value.reason == "external_id_taken"
    assert Credential.objects.count() == 1


def test_an_integration_without_its_app_starts_no_login(integration, user):
    empty = make_integration(make_project(), client_id="", client_secret="")

    with pytest.raises(IntegrationIncomplete):
        connecting.start_oauth(empty, user)

    assert not OAuthAttempt.objects.exists()


def test_a_connection_stands_in_the_audit_log_without_tokens(org, integration, user):
    credential = connect(org, integration, user).credential

    entry = AuditEntry.objects.get(action="credential.connected")
    assert entry.target == "admin@sandbox.example"
    assert credential.tokens["access_token"] not in str(entry.details)
