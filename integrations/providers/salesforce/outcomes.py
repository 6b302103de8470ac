"""From Salesforce's errors to outcomes that the engine and its readers understand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from django.conf import settings

from integrations.errors import AnswerLost, CredentialRevoked, ProviderError, ProviderUnavailable
from integrations.providers.base import JSON, ErrorClass, Outcome, OutcomeKind
from integrations.providers.salesforce.client import SalesforceConnection
from integrations.providers.salesforce.errors_catalogue import Entry, entry_for
from integrations.providers.salesforce.replies import ApiError, Reply

DAILY_LIMIT_SECONDS: Final = 900.0
"""The daily limit counts the last 24 hours and falls bit by bit: worth a look every quarter of an hour."""
BUSY_SECONDS: Final = 30.0
MAINTENANCE_SECONDS: Final = 300.0


def refused(errors: Sequence[ApiError], *, status: int, repeatable: bool, retry_after: float | None = None) -> Outcome:
    """The outcome of a call that was answered with errors.

    `repeatable`: the call twice has the effect of one, so that a doubt whether it happened is no more than a delay.
    """
    entry, error_class = _class_of(errors, status, repeatable=repeatable)
    detail: dict[str, JSON] = {
        "class": error_class.value,
        "code": errors[0].code,
        "message": "\n".join(dict.fromkeys(error.message for error in errors if error.message)),
        "fields": list(dict.fromkeys(name for error in errors for name in error.fields)),
        "status": status,
        "advice": entry.advice,
    }
    if matches := [record_id for error in errors for record_id in error.matches]:
        detail["record_ids"] = matches
    if errors[0].code == "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE":
        retry_after = retry_after or MAINTENANCE_SECONDS
    kind = OutcomeKind.UNKNOWN if error_class is ErrorClass.UNKNOWN_OUTCOME else OutcomeKind.FAILED
    return Outcome(kind, error=detail, retry_after=retry_after)


def _class_of(errors: Sequence[ApiError], status: int, *, repeatable: bool) -> tuple[Entry, ErrorClass]:
    """One permanent error makes the whole permanent; else the first counts."""
    entries = [entry_for(error.code, status, error.message) for error in errors]
    entry = next((entry for entry in entries if entry.error_class is ErrorClass.PERMANENT), entries[0])
    if entry.error_class is ErrorClass.UNKNOWN_OUTCOME and (repeatable or status < 300):
        return entry, ErrorClass.TRANSIENT  # a record's own error in a collection: it was not saved
    return entry, entry.error_class


def of_reply(reply: Reply, connection: SalesforceConnection, *, repeatable: bool) -> Outcome:
    """The outcome of a request that was refused as a whole."""
    outcome = refused(reply.errors, status=reply.status, repeatable=repeatable, retry_after=reply.retry_after)
    is_limited = outcome.error is not None and outcome.error["class"] == ErrorClass.RATE_LIMITED
    if not is_limited or outcome.error is None or outcome.retry_after is not None:
        return outcome
    # Salesforce says one code for the daily limit and for too many calls at a time; its usage header tells which.
    used, limit = connection.credential.api_used, connection.credential.api_limit
    if used and limit and used >= limit:
        return replace(outcome, error={**outcome.error, "limit": "daily"}, retry_after=DAILY_LIMIT_SECONDS)
    return replace(outcome, retry_after=BUSY_SECONDS)


def of_exception(error: ProviderError, *, repeatable: bool) -> Outcome:
    """The outcome of a request without an answer."""
    if isinstance(error, AnswerLost):
        kind = ErrorClass.TRANSIENT if repeatable else ErrorClass.UNKNOWN_OUTCOME
        advice = "A second call does no harm." if repeatable else ""
        # Salesforce may still be at it when we have stopped waiting: a look too early would find nothing.
        patience = 2 * settings.SALESFORCE_TIMEOUT_SECONDS if error.timed_out else settings.SALESFORCE_SETTLE_SECONDS
        wait = None if repeatable else patience or None
        return failure(kind, error.code, error.message, advice, retry_after=wait)
    if isinstance(error, CredentialRevoked):
        return failure(ErrorClass.CREDENTIAL, error.code, error.message, "The user has to connect the account again.")
    if isinstance(error, ProviderUnavailable):
        return failure(ErrorClass.TRANSIENT, error.code, error.message, "Nothing was sent.")
    return failure(ErrorClass.PERMANENT, str(error.ids.get("error_code") or error.code), error.message, "")


def failure(
    error_class: ErrorClass, code: str, message: str, advice: str, *, retry_after: float | None = None, **more: Any
) -> Outcome:
    """An outcome of our own words."""
    detail: dict[str, JSON] = {
        "class": error_class.value,
        "code": code,
        "message": message,
        "fields": [],
        "status": None,
        "advice": advice,
    }
    kind = OutcomeKind.UNKNOWN if error_class is ErrorClass.UNKNOWN_OUTCOME else OutcomeKind.FAILED
    return Outcome(kind, error=detail | more, retry_after=retry_after)
