"""API budgets: what an org has used of its daily calls, how much of the rest is Isthmus's, and how long that will last.

Salesforce counts the calls of the last 24 hours, everybody's, and says the count with each answer (`Sforce-Limit-Info`). So
the count falls as well: each call leaves it a day after it was made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, FloatField, OuterRef, Subquery, Window
from django.db.models.functions import Cast, RowNumber

from integrations.models import ApiUsage, Credential, Integration
from lib import hot_statements
from lib.hot_statements import Kind
from projects import auditing
from projects.models import User

WINDOW: Final = timedelta(hours=24)
SLOT: Final = timedelta(minutes=10)
"""One row of usage for each: a day of them draws a chart and costs an org 144 rows."""
KEPT: Final = WINDOW + timedelta(hours=1)
RATE_OVER: Final = timedelta(hours=1)
RATE_FROM_AT_LEAST: Final = timedelta(minutes=5)
MAX_RESERVE_PERCENT: Final = 90

_COUNT_IN_SLOT: Final = """
INSERT INTO integrations_apiusage
    (integration_id, provider_id, since, api_used, api_limit, own_calls, checked_at) VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (integration_id, provider_id, since) DO UPDATE SET
        api_used = excluded.api_used, api_limit = excluded.api_limit, checked_at = excluded.checked_at,
        own_calls = integrations_apiusage.own_calls + excluded.own_calls
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an org's count was at a moment, and how many calls Isthmus made in the slot of time that began at `since`."""

    since: datetime
    checked_at: datetime
    used: int
    limit: int
    own_calls: int


@dataclass(frozen=True, slots=True)
class Budget:
    """How an org stands with its daily calls."""

    used: int
    limit: int
    reserve_percent: int
    checked_at: datetime
    own_calls: int = 0
    """Isthmus's among those used, as far as it has counted."""
    calls_an_hour: float | None = None
    """By how many the count has risen over the last hour of readings, by everybody's calls and less those that have left
    it; None while there are too few readings."""
    spent_at: datetime | None = None
    """When Isthmus's share is used up at that rate; None: not within a day, or not known."""
    free_at: datetime | None = None
    """Where it is used up: when enough of Isthmus's own calls have left the count, if nobody else's are added."""

    @property
    def used_by_others(self) -> int:
        return self.used - self.own_calls

    @property
    def share(self) -> int:
        return share_of(self.limit, self.reserve_percent)

    @property
    def reserved(self) -> int:
        """Of the calls that are left, those that stay the customer's."""
        return max(0, self.limit - max(self.share, self.used))

    @property
    def left(self) -> int:
        """Calls that Isthmus may still make."""
        return max(0, self.share - self.used)

    @property
    def is_spent(self) -> bool:
        return self.used >= self.share


def share_of(limit: int, reserve_percent: int) -> int:
    """The count up to which Isthmus makes calls; the rest is the customer's."""
    return limit * (100 - reserve_percent) // 100


def reserve_percent_of(credential: Credential) -> int:
    """The account's own reserve where it has one, else the integration's."""
    own = credential.api_reserve_percent
    return credential.integration.api_reserve_percent if own is None else own


def note(credential: Credential, *, used: int, limit: int, own_calls: int, now: datetime) -> None:
    """Keep what the org's last answer said; `own_calls` were made since this was last kept."""
    since = slot_of(now)
    with transaction.atomic():
        Credential.objects.filter(pk=credential.pk).update(api_used=used, api_limit=limit, api_checked_at=now)
        if credential.provider_id:
            hot_statements.run(
                _COUNT_IN_SLOT,
                (credential.integration_id, credential.provider_id, since, used, limit, own_calls, now),
            )


def slot_of(moment: datetime) -> datetime:
    """When the slot of time began that holds `moment`."""
    seconds = SLOT.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


_NEWEST_IN_ORG: Final = hot_statements.Beside(
    """LEFT JOIN integrations_apiusage u ON u.id = (
        SELECT id FROM integrations_apiusage
         WHERE integration_id = a.integration_id AND provider_id = a.provider_id ORDER BY since DESC LIMIT 1)""",
    ("u.api_used", "u.api_limit", "u.checked_at"),
    (Kind.PLAIN, Kind.PLAIN, Kind.MOMENT),
)
_COUNT: Final = ("api_used", "api_limit", "api_checked_at")


def account_in_hand(credential_id: UUID) -> Credential:
    """The credential with its integration, in one statement; its count is the newest that any account of its org has heard.

    Raises Credential.DoesNotExist.
    """
    credential, count = hot_statements.get_with(Credential, "integration", credential_id, _NEWEST_IN_ORG)
    _take(credential, *count)
    return credential


def take_newest_counts(credentials: Sequence[Credential]) -> None:
    """Give each credential, in memory, the newest count that any account of its org in the integration has heard."""
    newest = ApiUsage.objects.filter(integration=OuterRef("integration"), provider_id=OuterRef("provider_id")).order_by(
        "-since"
    )
    named = {f"org_{name}": Subquery(newest.values(name)[:1]) for name in ("api_used", "api_limit", "checked_at")}
    rows = Credential.objects.filter(pk__in=[each.pk for each in credentials]).annotate(**named)
    counts = {pk: count for pk, *count in rows.values_list("pk", *named)}
    for credential in credentials:
        _take(credential, *counts[credential.pk])


def keep_newer_count(credential: Credential, other: Credential) -> None:
    """Give `credential`, in memory, the count of `other`, the same account read at another time, where that is newer."""
    _take(credential, *(getattr(other, name) for name in _COUNT))


def _take(credential: Credential, used: int | None, limit: int | None, checked_at: datetime | None) -> None:
    if checked_at and (credential.api_checked_at is None or checked_at > credential.api_checked_at):
        credential.api_used, credential.api_limit, credential.api_checked_at = used, limit, checked_at


def budget_of(credential: Credential, *, now: datetime) -> Budget | None:
    """The account's budget with its forecast; None while its org has not said a limit."""
    return budgets_of([credential], now=now).get(credential.pk)


Readings = Mapping[tuple[UUID, str], Sequence[Reading]]
"""By integration and org, oldest first."""


def budgets_of(
    credentials: Sequence[Credential], *, now: datetime, found: Readings | None = None
) -> dict[UUID, Budget]:
    """The same for many, by the credential's id, in one query; those whose org has not said a limit are left out.

    The count is the org's newest, whichever of its accounts heard it; the credentials have it, in memory, from here.
    `found`: their readings, where the caller has them already.
    """
    found = readings(credentials, now=now) if found is None else found
    budgets = {}
    for credential in credentials:
        if of_org := found.get((credential.integration_id, credential.provider_id)):
            _take(credential, of_org[-1].used, of_org[-1].limit, of_org[-1].checked_at)
        if credential.api_limit and credential.api_used is not None and credential.api_checked_at is not None:
            budgets[credential.pk] = forecast(
                found.get((credential.integration_id, credential.provider_id), ()),
                used=credential.api_used,
                limit=credential.api_limit,
                checked_at=credential.api_checked_at,
                reserve_percent=reserve_percent_of(credential),
                now=now,
            )
    return budgets


def readings(credentials: Sequence[Credential], *, now: datetime) -> Readings:
    """The readings of the last 24 hours by integration and org, oldest first."""
    rows = ApiUsage.objects.filter(
        integration__in={credential.integration_id for credential in credentials},
        provider_id__in={credential.provider_id for credential in credentials},
        since__gt=now - WINDOW,
    ).order_by("checked_at")
    columns = ("integration_id", "provider_id", "since", "checked_at", "api_used", "api_limit", "own_calls")
    found: dict[tuple[UUID, str], list[Reading]] = defaultdict(list)
    for integration_id, org, *values in rows.values_list(*columns):
        found[integration_id, org].append(Reading(*values))
    return found


def forecast(
    found: Sequence[Reading], *, used: int, limit: int, checked_at: datetime, reserve_percent: int, now: datetime
) -> Budget:
    """What the readings, oldest first, let one expect. Pure."""
    share = share_of(limit, reserve_percent)
    rate = _calls_an_hour(found, used=used, checked_at=checked_at)
    spent_at = free_at = None
    if used >= share:
        free_at = _free_at(found, used=used, share=share)
    elif rate is not None and rate > 0:
        at = checked_at + timedelta(hours=min((share - used) / rate, 10_000))
        is_of_now = checked_at > now - RATE_OVER
        spent_at = max(at, now) if is_of_now and at < now + WINDOW else None
    return Budget(
        used=used,
        limit=limit,
        reserve_percent=reserve_percent,
        checked_at=checked_at,
        own_calls=min(used, sum(reading.own_calls for reading in found)),
        calls_an_hour=rate,
        spent_at=spent_at,
        free_at=free_at,
    )


def _calls_an_hour(found: Sequence[Reading], *, used: int, checked_at: datetime) -> float | None:
    first = next((reading for reading in found if reading.checked_at >= checked_at - RATE_OVER), None)
    if first is None or checked_at - first.checked_at < RATE_FROM_AT_LEAST:
        return None
    return (used - first.used) / ((checked_at - first.checked_at) / timedelta(hours=1))


def _free_at(found: Sequence[Reading], *, used: int, share: int) -> datetime | None:
    """A slot's calls have left the count when its end is a day ago."""
    gone = accumulate(reading.own_calls for reading in found)
    return next(
        (reading.since + SLOT + WINDOW for reading, calls in zip(found, gone, strict=True) if used - calls < share),
        None,
    )


def nearest_to_limit(integration: Integration | None = None, *, count: int, now: datetime) -> list[Credential]:
    """One account for each org that has said its count within a day, those first that have used the most of their limit.

    It is the account that has heard its org's newest count. Of one integration's orgs, or, for those who watch the
    deployment, of all.
    """
    newest_first = Window(
        RowNumber(),
        partition_by=["integration__provider_key", "provider_id"],
        # Of two heard at one moment, the higher count is the later: an org counts up.
        order_by=[F("api_checked_at").desc(), F("api_used").desc()],
    )
    found = (
        Credential.objects.present()
        .filter(api_limit__gt=0, api_used__isnull=False, api_checked_at__gt=now - WINDOW)
        .alias(place_in_org=newest_first)
        .filter(place_in_org=1)
        .select_related("integration", "user")
        .order_by((Cast(F("api_used"), FloatField()) / F("api_limit")).desc(), "-api_checked_at")
    )
    if integration:
        found = found.filter(integration=integration)
    return list(found[:count])


def set_reserve(credential: Credential, percent: int | None, *, by: User | None) -> None:
    """How much of the org's limit is left to this customer; None: what the integration says."""
    with transaction.atomic():
        before = Credential.objects.select_for_update(of=("self",)).get(pk=credential.pk).api_reserve_percent
        if before == percent:
            return
        Credential.objects.filter(pk=credential.pk).update(api_reserve_percent=percent)
        auditing.record(
            credential.integration.project, "credential.reserve_changed", by=by, target=str(credential),
            user_id=credential.user.external_id, percent=percent, before=before,
        )  # fmt: skip
    credential.api_reserve_percent = percent


def forget_old(*, now: datetime) -> int:
    """Delete readings that neither the forecast nor the chart needs any more; gives how many."""
    return ApiUsage.objects.filter(since__lt=now - KEPT).delete()[0]
