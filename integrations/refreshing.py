"""Refreshing a credential: one at a time, the new refresh token stored before the new access token is used.

Refresh tokens are single-use where the provider rotates them: a second use of one may revoke them all. So a worker first
takes the credential's refresh lease by a guarded UPDATE, which holds on SQLite as on PostgreSQL; only then does it call
the provider, in no transaction; and it stores what came by an UPDATE that names the lease and the version it started from.
Whoever is second waits for the first one's outcome. What can not be ruled out is that the answer to a rotation is lost,
with the worker or with the connection: the old token is then tried again, and when the provider refuses it, the credential
turns invalid with that reason.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from integrations import reachability
from integrations.errors import AnswerLost, ClientRefused, CredentialRevoked, NeverSent, ProviderUnavailable
from integrations.models import Credential, CredentialStatus
from integrations.providers.base import Grant
from lib import fencing

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=45)
"""Longer than the provider's token endpoint may take, so that it lapses only when its holder is gone."""
_LOOK_AGAIN_SECONDS: Final = 0.05
_REVOKED: Final = "The account's log-in is no longer valid. Connect it again."
_INTERRUPTED: Final = (
    "A renewal of the log-in was cut off, and the provider no longer accepts the old one. Connect the account again."
)


def refresh(credential_id: UUID, *, stale_version: int) -> Credential:
    """The credential with newer tokens than `stale_version`, refreshed by us or by whoever was faster.

    Raises: CredentialRevoked when only the end user can mend it; ProviderUnavailable (ClientRefused) to try again later.
    """
    holder = uuid4()
    gives_up_at = time.monotonic() + LEASE.total_seconds() + 5
    while True:
        credential = _usable(credential_id)
        if credential.tokens_version > stale_version:
            return credential
        since = fencing.clock()
        if _take_lease(credential_id, stale_version, holder):
            with fencing.fenced(partial(_require_lease, since)):
                return _refresh_as(holder, credential)
        if time.monotonic() > gives_up_at:
            raise ProviderUnavailable(
                "Another worker has been refreshing this account for too long.", credential_id=str(credential_id)
            )
        time.sleep(_LOOK_AGAIN_SECONDS)


def give_up(credential_id: UUID, *, version: int, reason: str) -> bool:
    """Mark a credential as in need of its user; False when it has been renewed since `version`."""
    gone = _of_version(credential_id, version).filter(status=CredentialStatus.VALID)
    was_given_up = gone.update(
        status=CredentialStatus.INVALID, status_reason=reason[:300], refresh_holder=None, refresh_held_until=None
    )
    if was_given_up:
        log.warning("credential.invalid", extra={"credential": str(credential_id)})
    return bool(was_given_up)


def _usable(credential_id: UUID) -> Credential:
    credential = Credential.objects.select_related("integration").get(pk=credential_id)
    if (
        credential.removed_at is not None
        or credential.status == CredentialStatus.INVALID
        or not credential.tokens_sealed
    ):
        raise CredentialRevoked(credential.status_reason or _REVOKED, credential_id=str(credential_id))
    return credential


def _of_version(credential_id: UUID, version: int) -> models.QuerySet[Credential]:
    return Credential.objects.present().filter(pk=credential_id, tokens_version=version)


def _take_lease(credential_id: UUID, version: int, holder: UUID) -> bool:
    # By the database's clock: hosts whose own differ would both hold it.
    is_free = models.Q(refresh_held_until__isnull=True) | models.Q(refresh_held_until__lt=Now())
    free = _of_version(credential_id, version).exclude(status=CredentialStatus.INVALID).filter(is_free)
    return bool(free.update(refresh_holder=holder, refresh_held_until=Now() + LEASE))


def _require_lease(since: float) -> None:
    """Raises NeverSent where the lease taken at `since` may have lapsed, because this process slept say: by now another may
    have used the refresh token, and a second use may revoke them all."""
    if fencing.clock() - since > LEASE.total_seconds() * fencing.TRUSTED_PART:
        raise NeverSent("The renewal of the log-in was held up for too long; another will do it.")


def _refresh_as(holder: UUID, credential: Credential) -> Credential:
    """Refresh under our lease. `credential` was read before it was taken, so its `refresh_holder` is the one before us."""
    earlier_was_cut_off = credential.refresh_holder is not None
    try:
        grant = credential.integration.provider.renew(credential)
    except CredentialRevoked as error:
        reason = _INTERRUPTED if earlier_was_cut_off else error.message
        give_up(credential.pk, version=credential.tokens_version, reason=reason)
        raise CredentialRevoked(reason, credential_id=str(credential.pk)) from error
    except (NeverSent, ClientRefused) as error:
        if isinstance(error, NeverSent) and error.ids.get("host"):
            reachability.note_unreachable(credential, error.message)
        _held(holder).update(refresh_holder=None, refresh_held_until=None)
        raise
    except Exception as error:
        # The holder stays on record: whether the provider rotated the token is not known.
        _held(holder).update(refresh_held_until=None)
        if isinstance(error, AnswerLost):
            # It is the refresh's answer that was lost: not that of the call which the caller was about to make.
            raise ProviderUnavailable(
                "The log-in could not be renewed just now.", credential_id=str(credential.pk)
            ) from error
        raise
    return _store(holder, credential, grant)


def _store(holder: UUID, credential: Credential, grant: Grant) -> Credential:
    credential.tokens = {"access_token": grant.access_token, "refresh_token": grant.refresh_token}
    now = timezone.now()
    stored = _held(holder).filter(tokens_version=credential.tokens_version).update(
        tokens_sealed=credential.tokens_sealed,
        tokens_version=models.F("tokens_version") + 1,
        provider_data={**credential.provider_data, **grant.provider_data},
        refreshed_at=now,
        refresh_holder=None,
        refresh_held_until=None,
        updated_at=now,
    )  # fmt: skip
    if stored:
        log.info("credential.refreshed", extra={"credential": str(credential.pk)})
    # Not stored: the user connected again, or disconnected, meanwhile; what stands there now is what counts.
    return _usable(credential.pk)


def _held(holder: UUID) -> models.QuerySet[Credential]:
    return Credential.objects.filter(refresh_holder=holder)
