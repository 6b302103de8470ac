"""Refreshing: one at a time, nothing lost, and honest about what is."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection as database
from django.utils import timezone

from integrations import refreshing, tasks
from integrations.errors import ClientRefused, CredentialRevoked, NeverSent, ProviderUnavailable
from integrations.models import Credential, CredentialStatus
from integrations.providers.salesforce.provider import SalesforceProvider
from lib import fencing

pytestmark = pytest.mark.django_db
REFRESH = "token:refresh_token"


def test_a_rotated_refresh_token_is_stored_with_the_new_access_token(org, credential):
    before = credential.tokens

    after = refreshing.refresh(credential.pk, stale_version=0)

    assert after.tokens["access_token"] != before["access_token"]
    assert after.tokens["refresh_token"] != before["refresh_token"]
    assert (after.tokens_version, after.refresh_holder, after.refresh_held_until) == (1, None, None)


def test_a_refresh_can_follow_a_refresh(org, credential):
    refreshing.refresh(credential.pk, stale_version=0)

    assert refreshing.refresh(credential.pk, stale_version=1).tokens_version == 2


def test_without_rotation_the_old_refresh_token_stays(org, credential):
    org.app(rotation=False)

    after = refreshing.refresh(credential.pk, stale_version=0)

    assert after.tokens["refresh_token"] == credential.tokens["refresh_token"]
    assert after.tokens["access_token"] != credential.tokens["access_token"]


def test_who_comes_with_a_version_long_replaced_gets_the_new_tokens_without_a_call(org, credential):
    refreshing.refresh(credential.pk, stale_version=0)
    calls = org.calls()["resources"][REFRESH]

    after = refreshing.refresh(credential.pk, stale_version=0)

    assert after.tokens_version == 1
    assert org.calls()["resources"][REFRESH] == calls


@pytest.mark.django_db(transaction=True)
def test_many_threads_with_the_same_stale_token_refresh_once(org, credential):
    org.faults("slow", ms=200, resource="token", count=1)
    versions, errors = [], []
    start = threading.Barrier(6)

    def worker() -> None:
        try:
            start.wait()
            versions.append(refreshing.refresh(credential.pk, stale_version=0).tokens_version)
        except Exception as error:
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert errors == []
    assert versions == [1] * 6
    assert org.calls()["resources"][REFRESH] == 1


def test_a_revoked_grant_makes_the_credential_invalid_with_its_reason(org, credential):
    org.faults("revoke_grant")

    with pytest.raises(CredentialRevoked, match="Connect the account again"):
        refreshing.refresh(credential.pk, stale_version=0)

    credential.refresh_from_db()
    assert credential.status == CredentialStatus.INVALID
    assert "revoked in Salesforce" in credential.status_reason


def test_an_invalid_credential_is_not_tried_again(org, credential):
    Credential.objects.update(status=CredentialStatus.INVALID, status_reason="Gone.")

    with pytest.raises(CredentialRevoked, match="Gone"):
        refreshing.refresh(credential.pk, stale_version=0)

    assert REFRESH not in org.calls()["resources"]


def test_an_answer_lost_in_the_midst_of_a_rotation_ends_in_a_clear_prompt_to_connect_again(org, credential):
    org.faults("cut_after_commit", resource="token", count=1)
    with pytest.raises(ProviderUnavailable):
        refreshing.refresh(credential.pk, stale_version=0)
    credential.refresh_from_db()
    assert credential.status == CredentialStatus.VALID

    with pytest.raises(CredentialRevoked, match="cut off"):
        refreshing.refresh(credential.pk, stale_version=0)

    credential.refresh_from_db()
    assert credential.status == CredentialStatus.INVALID
    assert "cut off" in credential.status_reason


def test_a_request_cut_before_the_rotation_is_made_good_by_the_next_one(org, credential):
    org.faults("cut_before_commit", resource="token", count=1)
    with pytest.raises(ProviderUnavailable):
        refreshing.refresh(credential.pk, stale_version=0)

    assert refreshing.refresh(credential.pk, stale_version=0).tokens_version == 1


def test_the_lease_of_a_worker_that_died_lapses(org, credential):
    Credential.objects.update(refresh_holder=uuid4(), refresh_held_until=timezone.now() - timedelta(seconds=1))

    after = refreshing.refresh(credential.pk, stale_version=0)

    assert (after.tokens_version, after.refresh_holder) == (1, None)


def test_while_another_holds_the_lease_nothing_is_sent(org, credential, monkeypatch):
    Credential.objects.update(refresh_holder=uuid4(), refresh_held_until=timezone.now() + timedelta(seconds=60))
    monkeypatch.setattr(refreshing, "LEASE", timedelta(seconds=-4.8))

    with pytest.raises(ProviderUnavailable, match="too long"):
        refreshing.refresh(credential.pk, stale_version=0)

    assert REFRESH not in org.calls()["resources"]


def test_a_host_whose_clock_is_ahead_does_not_take_the_lease_of_another(org, credential, monkeypatch):
    Credential.objects.update(refresh_holder=uuid4(), refresh_held_until=timezone.now() + timedelta(seconds=40))
    right = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(hours=1))

    assert not refreshing._take_lease(credential.pk, 0, uuid4())

    Credential.objects.update(refresh_held_until=right() - timedelta(seconds=1))
    assert refreshing._take_lease(credential.pk, 0, uuid4())
    credential.refresh_from_db()
    left = credential.refresh_held_until - right()
    assert abs(left) < timedelta(minutes=30), "the hour by which the clock is off does not count"


def test_who_slept_past_the_lease_before_the_request_went_out_does_not_use_the_token_again(
    org, credential, monkeypatch
):
    awake = fencing.clock
    renewed = SalesforceProvider.renew

    def renew_after_a_sleep(provider, one):
        monkeypatch.setattr(fencing, "clock", lambda: awake() + refreshing.LEASE.total_seconds())
        Credential.objects.update(refresh_holder=None, refresh_held_until=None)
        monkeypatch.setattr(SalesforceProvider, "renew", renewed)
        assert refreshing.refresh(one.pk, stale_version=0).tokens_version == 1  # another worker, meanwhile
        return renewed(provider, one)

    monkeypatch.setattr(SalesforceProvider, "renew", renew_after_a_sleep)
    calls_before = org.calls()["resources"].get(REFRESH, 0)

    with pytest.raises(NeverSent, match="held up"):
        refreshing.refresh(credential.pk, stale_version=0)

    after = refreshing.refresh(credential.pk, stale_version=0)
    assert (after.status, after.tokens_version, after.refresh_holder) == (CredentialStatus.VALID, 1, None)
    assert org.calls()["resources"][REFRESH] == calls_before + 1


def test_an_org_that_is_down_leaves_the_credential_valid_and_its_lease_free(org, credential):
    org.faults("unavailable", resource="token", count=1)

    with pytest.raises(ProviderUnavailable):
        refreshing.refresh(credential.pk, stale_version=0)

    credential.refresh_from_db()
    assert (credential.status, credential.refresh_held_until) == (CredentialStatus.VALID, None)


def test_a_wrong_secret_is_the_builders_fault_and_leaves_the_users_credential_valid(org, credential):
    credential.integration.client_secret = "wrong"
    credential.integration.save()

    with pytest.raises(ClientRefused, match="consumer secret"):
        refreshing.refresh(credential.pk, stale_version=0)

    credential.refresh_from_db()
    assert (credential.status, credential.refresh_holder) == (CredentialStatus.VALID, None)


def test_a_host_that_can_not_be_reached_costs_nothing(credential):
    Credential.objects.update(provider_data={**credential.provider_data, "login_url": "http://127.0.0.1:9"})

    with pytest.raises(NeverSent):
        refreshing.refresh(credential.pk, stale_version=0)

    credential.refresh_from_db()
    assert (credential.status, credential.refresh_holder) == (CredentialStatus.VALID, None)


def test_a_login_renewed_meanwhile_is_not_overwritten_by_a_late_refusal(credential):
    Credential.objects.update(tokens_version=5)

    assert refreshing.give_up(credential.pk, version=0, reason="Too late.") is False

    credential.refresh_from_db()
    assert credential.status == CredentialStatus.VALID


def test_credentials_idle_for_three_weeks_are_kept_alive_and_others_left_alone(org, connect):
    idle = connect(refreshed_at=timezone.now() - timedelta(days=21))
    used = connect(user=idle.user, refreshed_at=timezone.now() - timedelta(days=2))

    assert tasks.keep_credentials_alive() == 1
    assert tasks.keep_credentials_alive() == 0

    idle.refresh_from_db()
    used.refresh_from_db()
    assert (idle.tokens_version, used.tokens_version) == (1, 0)
