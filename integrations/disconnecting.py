"""Disconnecting an account: its tokens go at once, its history stays."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.utils import timezone

from integrations.models import Credential, CredentialStatus, DescribedObject
from projects import auditing
from projects.models import User


def disconnect(credential: Credential, *, by: User | None = None) -> bool:
    """Wipe the tokens, and have the provider forget them after the commit (best effort). `by` None: the end user.

    False when it was disconnected already. `credential` itself is brought to what is stored.
    """
    with transaction.atomic():
        before = Credential.objects.select_related("integration__project", "user").get(pk=credential.pk)
        now = timezone.now()
        is_ours = Credential.objects.present().filter(pk=credential.pk).update(
            removed_at=now,
            status=CredentialStatus.INVALID,
            status_reason="Disconnected.",
            tokens_sealed="",
            refresh_holder=None,
            refresh_held_until=None,
            updated_at=now,
        )  # fmt: skip
        if not is_ours:
            return False
        DescribedObject.objects.filter(credential=credential).delete()
        auditing.record(
            before.integration.project, "credential.disconnected", by=by, target=str(before),
            credential_id=str(before.pk), user_id=before.user.external_id,
        )  # fmt: skip
        transaction.on_commit(partial(before.integration.provider.revoke, before))
    credential.refresh_from_db()
    return True
