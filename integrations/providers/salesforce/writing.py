"""Writing records: many in one request, and each with the outcome that it would have had alone.

Two or more go as one sObject Collections call (`allOrNone: false`, answered in order); one alone as a plain POST, whose
refusal says more (which records a duplicate rule found). An org's trigger or flow may fail a whole request for the sake of
one record, and so may a value that Salesforce can not read: what failed so is sent again in halves, down to single records.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from integrations.errors import AnswerLost, ProviderError
from integrations.providers.base import JSON, ActionCall, ErrorClass, Outcome, OutcomeKind
from integrations.providers.salesforce import outcomes
from integrations.providers.salesforce.client import SalesforceConnection
from integrations.providers.salesforce.errors_catalogue import COLLATERAL, LOCKED_WITHIN, OF_THE_WHOLE_REQUEST
from integrations.providers.salesforce.ids import id18
from integrations.providers.salesforce.replies import ApiError, Reply, read_errors
from integrations.providers.salesforce.values import quoted
from lib.errors import IsthmusError

log = logging.getLogger("integrations.salesforce")

_EARLIER_TRY: Final = "An earlier try of this call had created the record."
_FOR_ONE_RECORDS_SAKE: Final = {400, 413, 414, 415}


@dataclass(eq=False)
class Item:
    """One call's record on its way."""

    call: ActionCall
    values: Mapping[str, JSON]
    key: str | None = None
    """The external-id value that it is matched by."""
    is_own_key: bool = False
    """Whether that is the run's key, which no other record bears."""
    outcome: Outcome | None = None
    api_calls: float = 0.0


@dataclass
class RecordWriter:
    """Writes items of one record type; `key_field` makes it an upsert by that field, `verb` "PATCH" an update by id."""

    connection: SalesforceConnection
    record_type: str
    key_field: str | None = None
    updates: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    _halted: Outcome | None = None

    @property
    def is_repeatable(self) -> bool:
        return self.updates or self.key_field is not None

    def write(self, items: Sequence[Item]) -> None:
        """Give each item its outcome."""
        if not items:
            return
        if self._halted is not None:
            _settle(items, self._halted)
            return
        try:
            reply = self._send(items)
        except ProviderError as error:
            if isinstance(error, AnswerLost):
                share_calls(items, 1)
            self._halt(items, outcomes.of_exception(error, repeatable=self.is_repeatable))
            return
        share_calls(items, 1)
        if reply.is_ok:
            self._read_results(items, reply)
        elif len(items) > 1 and _is_for_one_records_sake(reply):
            self._write_halves(items)
        else:
            self._halt(items, outcomes.of_reply(reply, self.connection, repeatable=self.is_repeatable))

    def _send(self, items: Sequence[Item]) -> Reply:
        if len(items) == 1 and not self.is_repeatable:
            path, body = f"sobjects/{self.record_type}", dict(items[0].values)
            return self.connection.request("POST", path, json=body, headers=self.headers)
        records = [{"attributes": {"type": self.record_type}, **item.values, **self._key_of(item)} for item in items]
        method = "PATCH" if self.is_repeatable else "POST"
        path = f"composite/sobjects/{self.record_type}/{self.key_field}" if self.key_field else "composite/sobjects"
        return self.connection.request(
            method, path, json={"allOrNone": False, "records": records}, headers=self.headers
        )

    def _key_of(self, item: Item) -> dict[str, JSON]:
        if self.updates:
            return {"Id": item.key}
        return {self.key_field: item.key} if self.key_field else {}

    def _read_results(self, items: Sequence[Item], reply: Reply) -> None:
        results = reply.body if isinstance(reply.body, list) else [reply.body]
        if len(results) != len(items) or not all(isinstance(result, Mapping) for result in results):
            message = f"Salesforce answered {len(items)} records with {len(results)} results: {reply.text}".rstrip(": ")
            self._halt(items, outcomes.of_exception(AnswerLost(message), repeatable=self.is_repeatable))
            return
        again: list[Item] = []
        for item, result in zip(items, results, strict=True):
            try:
                item.outcome = self._outcome_of(item, result, is_alone=len(items) == 1)
            except IsthmusError:
                raise
            except Exception as exc:  # whatever stands in one record's answer is not the other records' matter
                log.exception("answer.not_readable", extra={"run": item.call.run_id})
                lost = AnswerLost(f"Salesforce's answer for this record could not be read: {type(exc).__name__}.")
                item.outcome = outcomes.of_exception(lost, repeatable=self.is_repeatable)
            if item.outcome is None:
                again.append(item)
        self._write_halves(again)

    def _outcome_of(self, item: Item, result: Mapping[str, Any], *, is_alone: bool) -> Outcome | None:
        """Read one record's result; None where it was not saved for another record's sake."""
        if result.get("success") and result.get("id"):
            return self._done(item, result)
        errors = read_errors(result.get("errors")) or [ApiError("NO_ERROR_GIVEN", "Salesforce gave no reason.")]
        if not is_alone and any(error.code in COLLATERAL for error in errors):
            return None
        return self._refusal(item, errors)

    def _write_halves(self, items: Sequence[Item]) -> None:
        """Write the items in two requests, since one of them may be why the request was refused."""
        middle = (len(items) + 1) // 2
        self.write(items[:middle])
        self.write(items[middle:])

    def _refusal(self, item: Item, errors: Sequence[ApiError]) -> Outcome:
        is_there = item.is_own_key and any(error.code == "DUPLICATE_VALUE" for error in errors)
        # Another request with the run's key was faster then.
        if is_there and (record_id := self._id_by_key(item)):
            return self.done(item, record_id, created=True, note=_EARLIER_TRY)
        return outcomes.refused(errors, status=200, repeatable=self.is_repeatable)

    def _id_by_key(self, item: Item) -> str | None:
        share_calls([item], 1)
        soql = f"SELECT Id FROM {self.record_type} WHERE {self.key_field} = {quoted(str(item.key))} LIMIT 2"  # noqa: S608
        try:
            found = self.connection.query(soql)
        except ProviderError:
            return None
        return str(found[0]["Id"]) if len(found) == 1 else None

    def _done(self, item: Item, result: Mapping[str, Any]) -> Outcome:
        was_there = result.get("created") is False
        note = _EARLIER_TRY if was_there and item.is_own_key else ""
        created = not self.updates and (item.is_own_key or not was_there)
        return self.done(item, str(result["id"]), created=created, note=note)

    def done(self, item: Item, record_id: str, *, created: bool, note: str = "") -> Outcome:
        """The outcome of a record that stands in the org."""
        record_id = id18(record_id)
        output = {
            "id": record_id,
            "success": True,
            "created": created,
            "url": self.connection.record_url(record_id),
            "record": {**item.values, **({} if self.updates else self._key_of(item))},
        }
        return Outcome(OutcomeKind.DONE, output=output, note=note)

    def _halt(self, items: Sequence[Item], outcome: Outcome) -> None:
        """Settle the items; if the trouble is not theirs alone, what has not been sent yet is not sent either."""
        _settle(items, outcome)
        error_class = (outcome.error or {}).get("class")
        if error_class == ErrorClass.UNKNOWN_OUTCOME:
            words = "It was not sent, since the request before it had no answer."
            self._halted = outcomes.failure(ErrorClass.TRANSIENT, "not_sent", words, "Nothing was sent.")
        elif error_class != ErrorClass.PERMANENT:
            self._halted = outcome


def share_calls(items: Sequence[Item], calls: float) -> None:
    """Divide requests among those who caused them."""
    for item in items:
        item.api_calls += calls / len(items)


def settled(items: Iterable[Item]) -> list[Outcome]:
    """The items' outcomes, each with its share of the calls."""
    found = []
    for item in items:
        assert item.outcome is not None
        found.append(dataclasses.replace(item.outcome, api_calls=item.api_calls))
    return found


def _settle(items: Sequence[Item], outcome: Outcome) -> None:
    for item in items:
        item.outcome = outcome


def _is_for_one_records_sake(reply: Reply) -> bool:
    """Whether dividing the request may free the others: it was refused for what it held, not for who sent it."""
    if reply.status not in _FOR_ONE_RECORDS_SAKE:
        return False
    codes = {error.code for error in reply.errors}
    is_locked = any(LOCKED_WITHIN in error.code + error.message for error in reply.errors)
    return not is_locked and not codes & OF_THE_WHOLE_REQUEST and "REQUEST_RUNNING_TOO_LONG" not in codes
