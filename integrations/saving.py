"""Saving what a log-in gave: a new credential, or new tokens for the one that the user has already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations import revocation
from integrations.errors import OAuthFailed
from integrations.models import (
    AccountLogin,
    Configuration,
    Credential,
    CredentialStatus,
    DescribedObject,
    Integration,
    OAuthAttempt,
)
from integrations.providers.base import Grant
from projects import auditing
from projects.models import ConnectedUser

MAX_ACCOUNTS: Final = 20
"""Of one end user, over all integrations: an event may start a run for each."""


def save_credential(
    integration: Integration, user: ConnectedUser, grant: Grant, install_options: Mapping[str, Any]
) -> Credential:
    """The user's credential for that account, valid, with its default configuration.

    An account that is connected already is renewed and not doubled; so is the user's only credential, unless
    `allowMultipleCredentials` is asked for. `selectedCredentialId` names the one to renew, `externalId` the app's own id.
    Raises OAuthFailed where the user has MAX_ACCOUNTS and this is one more, where the one named does not exist, the external
    id is another credential's, or the log-in came from another org than the credential's: what was made for one org must
    never go to another.
    """
    with transaction.atomic():
        ConnectedUser.objects.select_for_update().get(pk=user.pk)  # two log-ins of one user finish one after the other
        mine = list(Credential.objects.present().filter(integration=integration, user=user).order_by("-created_at"))
        credential = _target(mine, grant, install_options) or _new(integration, user)
        _require_same_org(credential, grant)
        if external_id := _plain(install_options.get("externalId")):
            if any(other.external_id == external_id and other.pk != credential.pk for other in mine):
                raise OAuthFailed(
                    f"Another account of this user is connected as “{external_id}”.", reason="external_id_taken"
                )
            credential.external_id = external_id
        _take_over(credential, grant)
        Configuration.objects.get_or_create(credential=credential, is_default=True)
        auditing.record(
            integration.project, "credential.connected", by=None, target=str(credential), credential_id=str(credential.pk),
            user_id=user.external_id, account_id=grant.provider_id,
        )  # fmt: skip
    return credential


def _new(integration: Integration, user: ConnectedUser) -> Credential:
    if Credential.objects.for_connected_user(user).present().count() >= MAX_ACCOUNTS:
        raise OAuthFailed(
            f"You have {MAX_ACCOUNTS} connected accounts, and more are not possible. Disconnect one first.",
            reason="too_many_accounts",
        )
    return Credential(integration=integration, user=user)


def _take_over(credential: Credential, grant: Grant) -> None:
    before = (
        None if credential._state.adding else Credential.objects.select_related("integration").get(pk=credential.pk)
    )
    credential.provider_id = grant.provider_id
    credential.provider_data = dict(grant.provider_data)
    credential.tokens = {"access_token": grant.access_token, "refresh_token": grant.refresh_token}
    credential.tokens_version += 1
    credential.status, credential.status_reason = CredentialStatus.VALID, ""
    credential.unreachable_since, credential.unreachable_reason = None, ""
    credential.refreshed_at = timezone.now()
    credential.refresh_holder = credential.refresh_held_until = None
    credential.save()
    if before is not None:
        revocation.revoke_replaced(before, grant)
    if _note_login(credential, grant):
        # Another user may see other objects and fields of the org.
        DescribedObject.objects.filter(credential=credential).delete()


def _note_login(credential: Credential, grant: Grant) -> bool:
    """Note whose account it is from now on; False when it was this one already."""
    account = {
        "provider_id": grant.provider_id,
        "user_id": str(grant.provider_data.get("user_id") or ""),
        "username": str(grant.provider_data.get("username") or "")[:255],
    }
    last = AccountLogin.objects.of_credential(credential).last()
    if last is not None and all(getattr(last, name) == value for name, value in account.items()):
        return False
    AccountLogin.objects.create(credential=credential, **account)
    return True


def _target(mine: list[Credential], grant: Grant, install_options: Mapping[str, Any]) -> Credential | None:
    """Which of the user's credentials the log-in is for; None: a new one."""
    if selected := _plain(install_options.get("selectedCredentialId")):
        found = [credential for credential in mine if selected in (str(credential.pk), credential.external_id)]
        if not found:
            raise OAuthFailed("The account to be connected again is no longer there.", reason="credential_unknown")
        return found[0]
    user_id = grant.provider_data.get("user_id")
    same_org = [credential for credential in mine if credential.provider_id == grant.provider_id]
    same_user = [credential for credential in same_org if credential.provider_data.get("user_id") in (user_id, None)]
    if install_options.get("allowMultipleCredentials"):
        return same_user[0] if same_user and not _names_another(install_options, same_user[0]) else None
    return next(iter(same_user or same_org or mine), None)


def _require_same_org(credential: Credential, grant: Grant) -> None:
    """Raise OAuthFailed where the credential is another org's: its runs, queued and parked, were made for that one."""
    if credential.provider_id in ("", grant.provider_id):
        return
    came = _account_words(grant.provider_data, grant.provider_id)
    kept = _account_words(credential.provider_data, credential.provider_id)
    if came == kept:
        came, kept = f"{came}, org {grant.provider_id}", f"{kept}, org {credential.provider_id}"
    raise OAuthFailed(
        f"You logged in to {came}, but the connection is to {kept}. Nothing was changed.",
        reason="other_org",
        credential_id=str(credential.pk),
        provider_id=grant.provider_id,
    )


def _account_words(provider_data: Mapping[str, Any], provider_id: str) -> str:
    """For example "Acme Ltd (ana@acme.example)"."""
    org, username = (str(provider_data.get(name) or "")[:80] for name in ("org_name", "username"))
    return f"{org} ({username})" if org and username else org or username or f"the org {provider_id}"


def _names_another(install_options: Mapping[str, Any], credential: Credential) -> bool:
    external_id = _plain(install_options.get("externalId"))
    return bool(external_id and credential.external_id and external_id != credential.external_id)


def _plain(identifier: Any) -> str:
    """An id as the SDK gives it: a UUID, or an external id, which may bear the prefix "ext:"."""
    text = str(identifier or "").removeprefix("ext:")[:255]
    try:
        return str(UUID(text))
    except ValueError:
        return text


def forget_old_attempts() -> int:
    """Delete log-ins that began more than a day ago; their outcome has long been fetched."""
    day_ago = timezone.now() - timedelta(days=1)
    return OAuthAttempt.objects.filter(created_at__lt=day_ago).delete()[0]
