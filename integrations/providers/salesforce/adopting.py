"""What became of a create whose answer never came: looked up in the org, since Salesforce has no idempotency key.

A record counts as the call's own when our user created it since the call began, it bears the values written (compared as
Salesforce stores them), and no other run has it. Several equal calls share what is found, oldest first. What could be the
call's record, yet differs in some value (an org's automation changes values too), is not guessed at: a person decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote_plus

from django.conf import settings
from django.utils import timezone

from integrations.errors import ProviderError
from integrations.models import AccountLogin
from integrations.providers.base import JSON, ErrorClass, Outcome, OutcomeKind
from integrations.providers.salesforce import outcomes
from integrations.providers.salesforce.client import RequestRefused, SalesforceConnection
from integrations.providers.salesforce.describe import fields_by_name
from integrations.providers.salesforce.values import quoted, rendered_date, stored
from integrations.providers.salesforce.writing import Item, share_calls

ALLOWANCE: Final = timedelta(seconds=10)
"""For the seconds that the server's Date header and CreatedDate leave out, and the answer's way to us."""
WIDE_ALLOWANCE: Final = timedelta(minutes=15)
"""While the server's clock is not known."""
_LIST_BYTES: Final = 6_000
"""Of encoded values in one query: its URI may have 16,384 bytes."""
_COMPARABLE: Final = {"email", "string", "phone", "picklist", "url", "reference"}
_BEST_FIRST: Final = ("Email", "LastName", "Name", "Phone", "Subject", "Company")


@dataclass(frozen=True)
class Candidate:
    """A record that may be one of the calls'."""

    record_id: str
    created_at: datetime
    values: Mapping[str, JSON]


class Adopter:
    """Looks the records of interrupted calls up."""

    def __init__(
        self, connection: SalesforceConnection, record_type: str, described: Mapping[str, JSON] | None
    ) -> None:
        self._connection = connection
        self._record_type = record_type
        self._fields = fields_by_name(described)
        self._is_adopted = connection.extra.get("is_adopted") or (lambda record_id: False)

    def adopt(self, items: Sequence[Item]) -> list[Item]:
        """Settle the items whose record is found or in doubt; gives those that may be sent now.

        A settled one that was found has an `output` of its id alone; the caller makes the step's output of it.
        """
        items = [item for item in items if not self._may_still_happen(item)]
        if not items:
            return []
        try:
            candidates = self._candidates_by_servers_clock(items)
        except ProviderError as error:
            doubt = self._doubt(error)
            for item in items:
                item.outcome = doubt
            return []
        to_send: list[Item] = []
        left = {candidate.record_id: candidate for candidate in candidates}
        for group in self._equal_ones(items):
            to_send += self._share_out(group, left)
        return [item for item in to_send if not self._ask_if_nearly(item, left)]

    def _may_still_happen(self, item: Item) -> bool:
        """Salesforce goes on with a call whose caller is gone: a look too early would find nothing, and double the record."""
        last_sent = item.call.repeated_at or _began(item)
        # A moment that lies ahead was written by a host whose clock is wrong, and may be long ago.
        left = timedelta(seconds=settings.SALESFORCE_SETTLE_SECONDS) - abs(timezone.now() - last_sent)
        if left <= timedelta(0):
            return False
        failed = outcomes.failure(
            ErrorClass.UNKNOWN_OUTCOME,
            "may_still_happen",
            "The call broke off, and Salesforce may still be at it.",
            "",
            retry_after=left.total_seconds(),
        )
        item.outcome = replace(failed, was_sent=False, counts_as_try=False)
        return True

    def _share_out(self, group: Sequence[Item], left: dict[str, Candidate]) -> list[Item]:
        """Give equal calls the records found; those for whom none is left."""
        wanted = self._stored(group[0].values)
        found = [candidate for candidate in left.values() if self._matches(candidate, wanted, group[0])]
        if len(found) > len(group):
            for item in group:
                item.outcome = self._ask(found, "More records like it were created since than calls were interrupted.")
            return []
        for item, candidate in zip(group, found, strict=False):
            del left[candidate.record_id]
            note = "Found the record that the interrupted call had created."
            item.outcome = Outcome(OutcomeKind.DONE, output={"id": candidate.record_id}, note=note)
        return list(group[len(found) :])

    def _ask_if_nearly(self, item: Item, left: Mapping[str, Candidate]) -> bool:
        wanted = {name: value for name, value in self._stored(item.values).items() if value is not None}
        near = [
            candidate
            for candidate in left.values()
            if self._since(item) <= candidate.created_at and self._is_near(candidate.values, wanted)
        ]
        if near:
            item.outcome = self._ask(near, "A record like it was created since, but not with all of the values sent.")
        return bool(near)

    def _is_near(self, values: Mapping[str, JSON], wanted: Mapping[str, JSON]) -> bool:
        """Whether at least half of the values written are there, and the e-mail address, if there was one, among them."""
        if "Email" in wanted and values.get("Email") != wanted["Email"]:
            return False
        same = sum(self._is_same(name, value, values) for name, value in wanted.items())
        return bool(wanted) and same * 2 >= len(wanted)

    def _doubt(self, error: ProviderError) -> Outcome:
        """The look-up failed, so the outcome is as unknown as before; a refusal of the query itself will not get better."""
        if isinstance(error, RequestRefused):
            failed = outcomes.of_reply(error.reply, self._connection, repeatable=True)
        else:
            failed = outcomes.of_exception(error, repeatable=True)
        detail = dict(failed.error or {})
        if detail["class"] != ErrorClass.PERMANENT:
            detail["class"] = ErrorClass.UNKNOWN_OUTCOME.value
            return Outcome(OutcomeKind.UNKNOWN, error=detail, retry_after=failed.retry_after, was_sent=False)
        words = f"Whether the interrupted call created a record could not be looked up: {error.message}"
        advice = "Look in Salesforce whether the record is there, then decide whether the step is sent again."
        found = outcomes.failure(ErrorClass.UNKNOWN_OUTCOME, "lookup_refused", words, advice, candidates=[])
        return replace(found, kind=OutcomeKind.ASK)

    def _ask(self, candidates: Sequence[Candidate], why: str) -> Outcome:
        shown = [
            {
                "id": one.record_id,
                "url": self._connection.record_url(one.record_id),
                "created_at": one.created_at.isoformat(),
            }
            for one in candidates
        ]
        advice = "Look at the records: choose the one that this run created, or let the step be sent again."
        failed = outcomes.failure(ErrorClass.UNKNOWN_OUTCOME, "ambiguous_outcome", why, advice, candidates=shown)
        return replace(failed, kind=OutcomeKind.ASK)

    def _equal_ones(self, items: Sequence[Item]) -> list[list[Item]]:
        groups: dict[frozenset[tuple[str, Any]], list[Item]] = defaultdict(list)
        for item in sorted(items, key=_began):
            groups[frozenset(self._stored(item.values).items())].append(item)
        return list(groups.values())

    def _stored(self, values: Mapping[str, JSON]) -> dict[str, Any]:
        return {
            name: stored(value, self._kind(name))
            for name, value in values.items()
            if not isinstance(value, dict | list)
        }

    def _kind(self, name: str) -> str | None:
        field = self._fields.get(name)
        return str(field["type"]) if field else None

    def _matches(self, candidate: Candidate, wanted: Mapping[str, Any], earliest: Item) -> bool:
        if candidate.created_at < self._since(earliest):
            return False
        return all(self._is_same(name, value, candidate.values) for name, value in wanted.items() if value is not None)

    def _is_same(self, name: str, written: JSON, values: Mapping[str, JSON]) -> bool:
        return _equals(written, values.get(name), self._fields.get(name, {}))

    def _since(self, item: Item) -> datetime:
        """When its record can have been created at the earliest, by the server's clock."""
        offset = self._connection.clock_offset
        return _began(item) - WIDE_ALLOWANCE if offset is None else _began(item) + offset - ALLOWANCE

    def _candidates_by_servers_clock(self, items: Sequence[Item]) -> list[Candidate]:
        """A first answer tells the server's clock; if that lies further back than was looked, it is looked again."""
        earliest = min(items, key=_began)
        looked_since = self._since(earliest)
        candidates = list(self._candidates(items))
        return candidates if self._since(earliest) >= looked_since - ALLOWANCE else list(self._candidates(items))

    def _candidates(self, items: Sequence[Item]) -> Iterator[Candidate]:
        """Records of our user created since, with one of the values written in the field that tells most."""
        columns = sorted({name for item in items for name in self._stored(item.values)})
        since = self._since(min(items, key=_began))
        where = [f"CreatedDate >= {rendered_date(since)}"]
        if user_ids := self._own_user_ids():
            where.append(f"CreatedById IN ({', '.join(quoted(user_id) for user_id in user_ids)})")
        for condition in self._conditions(items):
            clauses = " AND ".join([*where, condition] if condition else where)
            selected = ", ".join(dict.fromkeys(["Id", "CreatedDate", *columns]))
            soql = f"SELECT {selected} FROM {self._record_type} WHERE {clauses} ORDER BY CreatedDate, Id"  # noqa: S608
            before = self._connection.calls
            records = self._connection.query(soql)
            share_calls(items, max(1, self._connection.calls - before))
            yield from self._unadopted(records, columns)

    def _own_user_ids(self) -> list[str]:
        """The users of the org that the credential acts with, or has: an interrupted call may have been the one's before.

        Empty where the user of today is not known.
        """
        credential = self._connection.credential
        current = str(credential.provider_data.get("user_id") or "")
        if not current:
            return []
        before = AccountLogin.objects.of_credential(credential).filter(provider_id=credential.provider_id)
        return sorted({current, *filter(None, before.values_list("user_id", flat=True))})

    def _unadopted(self, records: Iterable[Mapping[str, JSON]], columns: Sequence[str]) -> Iterator[Candidate]:
        for record in records:
            if not self._is_adopted(str(record["Id"])):
                values = {name: stored(record.get(name), self._kind(name)) for name in columns}
                yield Candidate(str(record["Id"]), datetime.fromisoformat(str(record["CreatedDate"])), values)

    def _conditions(self, items: Sequence[Item]) -> Iterator[str]:
        """`Field IN (…)` for the field that tells the items apart best, in portions; "" where none can be compared."""
        name = self._telling_field(items)
        if name is None:
            yield ""
            return
        portion: list[str] = []
        size = 0
        for value in dict.fromkeys(str(item.values[name]).strip() for item in items):
            literal = quoted(value)
            if portion and size + len(quote_plus(literal)) > _LIST_BYTES:
                yield f"{name} IN ({', '.join(portion)})"
                portion, size = [], 0
            portion.append(literal)
            size += len(quote_plus(literal)) + 3
        yield f"{name} IN ({', '.join(portion)})"

    def _telling_field(self, items: Sequence[Item]) -> str | None:
        in_all = [name for name in items[0].values if all(isinstance(item.values.get(name), str) for item in items)]
        usable = [
            name
            for name in in_all
            if (field := self._fields.get(name)) and field.get("filterable") and field["type"] in _COMPARABLE
        ]
        if not usable:
            return None

        def how_telling(name: str) -> tuple[int, int]:
            preference = len(_BEST_FIRST) - _BEST_FIRST.index(name) if name in _BEST_FIRST else 0
            return len({str(item.values[name]).lower() for item in items}), preference

        return max(usable, key=how_telling)


def _began(item: Item) -> datetime:
    assert item.call.called_at is not None
    return item.call.called_at


def _equals(written: JSON, read: JSON, field: Mapping[str, JSON]) -> bool:
    """Whether a value read is the one written; Salesforce rounds a number to the decimals that its field has."""
    if isinstance(written, float) and isinstance(read, float):
        decimals = int(field.get("scale") or 0) if field else 6
        tolerance = 10.0**-decimals if round(written, decimals) != written else 1e-6
        return abs(written - read) <= tolerance
    return bool(written == read)
