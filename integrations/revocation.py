"""Having the provider forget tokens that nobody keeps any more: after the commit, and with nobody waiting for it."""

from __future__ import annotations

from functools import partial
from threading import Thread

from django.db import transaction

from integrations.models import Credential, Integration
from integrations.providers.base import Grant
from lib.encryption import DecryptionFailed
from projects.models import ConnectedUser


def revoke_replaced(before: Credential, grant: Grant) -> None:
    """Revoke the tokens of `before`, a credential as it was read with its integration before `grant` took its place.

    Where the provider gave the same refresh token again, it is the one in use, and stays.
    """
    try:
        refresh_token = before.tokens["refresh_token"]
    except DecryptionFailed:  # sealed with a key that is gone: nobody can name the token any more
        return
    if refresh_token and refresh_token != grant.refresh_token:
        transaction.on_commit(partial(_revoke_in_background, before))


def revoke_unused(integration: Integration, user: ConnectedUser, grant: Grant) -> None:
    """Revoke what a log-in gave that was refused afterwards, unless an account of the user's has the same refresh token."""
    own = Credential.objects.present().filter(integration=integration, user=user)
    same_org = own.filter(provider_id=grant.provider_id)
    if any(_refresh_token(credential) == grant.refresh_token for credential in same_org):
        return
    unused = Credential(integration=integration, provider_data=dict(grant.provider_data))
    unused.tokens = {"access_token": grant.access_token, "refresh_token": grant.refresh_token}
    transaction.on_commit(partial(_revoke_in_background, unused))


def _refresh_token(credential: Credential) -> str:
    try:
        return credential.tokens["refresh_token"]
    except DecryptionFailed:
        return ""


def _revoke_in_background(credential: Credential) -> None:
    """Keep no end user waiting for a provider that does not answer. A process that ends waits for some seconds at most."""
    Thread(target=credential.integration.provider.revoke, args=(credential,), name="revoke").start()
