"""Sealing anew, under the first of ENCRYPTION_KEYS, what is still sealed under an older one.

A row is read and written under its lock, so that tokens which were rotated meanwhile are never overwritten by older ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import models, transaction
from django.utils import timezone

from integrations.models import Credential, Integration, OAuthAttempt
from lib.encryption import DecryptionFailed, is_current

AT_ONCE: Final = 200
"""Rows that are locked together: for some milliseconds."""


@dataclass(frozen=True)
class Kind:
    """One column with secrets, in whichever room's table."""

    name: str
    rows: models.QuerySet[Any]
    column: str
    renew: Callable[[Any], bool | None]
    """Seals the row in hand anew; False when nothing was left to do, None when it holds no secret. Raises DecryptionFailed
    when no key opens it."""


@dataclass
class Tally:
    """What became of the rows of one kind."""

    kind: Kind
    renewed: int = 0
    """In a dry run: to be renewed."""
    current: int = 0
    unreadable: list[str] = field(default_factory=list)
    """Ids of the rows that no key opens."""


def kinds() -> list[Kind]:
    """This room's columns. Log-ins that are over are left out: nobody will open them."""
    under_way = OAuthAttempt.objects.filter(used_at__isnull=True, expires_at__gt=timezone.now())
    return [
        _whole("OAuth tokens", Credential.objects.all(), "tokens_sealed", "tokens"),
        _whole("Client secrets", Integration.objects.all(), "client_secret_sealed", "client_secret"),
        _whole("Log-ins under way", under_way, "verifier_sealed", "verifier"),
    ]


def reseal(kind: Kind, *, dry_run: bool = False) -> Tally:
    """Renew every row of the kind, a batch a transaction. Safe to run twice, and while everything runs."""
    tally = Tally(kind)
    last: Any = None
    while batch := _renew_batch(kind, last, tally, dry_run=dry_run):
        last = batch[-1].pk
    return tally


def _renew_batch(kind: Kind, last: Any, tally: Tally, *, dry_run: bool) -> Sequence[models.Model]:
    rows = kind.rows.order_by("pk") if last is None else kind.rows.filter(pk__gt=last).order_by("pk")
    with transaction.atomic():
        # No lock on the key: rows that refer to these may be inserted meanwhile.
        batch = list((rows if dry_run else rows.select_for_update(of=("self",), no_key=True))[:AT_ONCE])
        for row in batch:
            try:
                is_renewed = kind.renew(row)
            except DecryptionFailed:
                tally.unreadable.append(str(row.pk))
                continue
            tally.current += is_renewed is False
            tally.renewed += is_renewed is True
            if is_renewed and not dry_run:
                row.save(update_fields=[kind.column])
    return batch


def _whole(name: str, rows: models.QuerySet[Any], column: str, attribute: str) -> Kind:
    """A column that is one secret, which the model opens and seals as `attribute`."""

    def renew(row: Any) -> bool:
        opened = getattr(row, attribute)
        if is_current(getattr(row, column)):
            return False
        setattr(row, attribute, opened)
        return True

    return Kind(name, rows.exclude(**{column: ""}).only("pk", column), column, renew)
