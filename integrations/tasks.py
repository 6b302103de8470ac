"""The room's Celery tasks: doorbells that may ring twice."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from celery import shared_task
from django.utils import timezone

from integrations import budgeting, refreshing, saving
from integrations.errors import ProviderError
from integrations.models import Credential

log = logging.getLogger(__name__)

IDLE_AFTER: Final = timedelta(days=20)
"""An app's author may let refresh tokens lapse that were not used for 30 days."""
AT_ONCE: Final = 200


@shared_task(name="integrations.keep_credentials_alive", acks_late=True)
def keep_credentials_alive() -> int:
    """Refresh credentials long unused. Safe to ring twice: a refresh names the version that it replaces."""
    refreshed = 0
    for credential_id, version in Credential.objects.idle_since(timezone.now() - IDLE_AFTER)[:AT_ONCE]:
        try:
            refreshing.refresh(credential_id, stale_version=version)
            refreshed += 1
        except ProviderError as error:
            log.warning("credential.not_kept_alive", extra={"credential": str(credential_id), "code": error.code})
    saving.forget_old_attempts()
    budgeting.forget_old(now=timezone.now())
    return refreshed
