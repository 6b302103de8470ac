"""Whether an account's provider can be reached: noted at the credential when that changes, and told on the pages.

A credential whose org can not be reached is valid all the same: the calls are tried again, and nobody has to connect anew.
"""

from __future__ import annotations

import logging

from django.db.models.functions import Coalesce
from django.utils import timezone

from integrations.models import Credential

log = logging.getLogger(__name__)


def note_unreachable(credential: Credential, reason: str) -> None:
    """No connection has come about, for this reason. The first one of several in a row says since when."""
    reason = reason[:300]
    if credential.unreachable_since and credential.unreachable_reason == reason:
        return
    now = timezone.now()
    Credential.objects.filter(pk=credential.pk).update(
        unreachable_since=Coalesce("unreachable_since", now), unreachable_reason=reason
    )
    credential.unreachable_since, credential.unreachable_reason = credential.unreachable_since or now, reason
    log.warning("credential.unreachable", extra={"credential": str(credential.pk), "reason": reason})


def note_reached(credential: Credential) -> None:
    """An answer has come. Costs nothing where the credential, as read last, was reachable before."""
    if credential.unreachable_since is None:
        return
    Credential.objects.filter(pk=credential.pk).update(unreachable_since=None, unreachable_reason="")
    credential.unreachable_since, credential.unreachable_reason = None, ""
    log.info("credential.reached", extra={"credential": str(credential.pk)})
