"""The error catalogue: what each of Salesforce's error codes means for a run, and what a person can do about it.

Logic goes by codes alone, since messages come in the org's language. A code that is not listed is permanent, unless its
HTTP status says that Salesforce is down or busy.
"""
# ruff: noqa: E501  (a table: one error a line)

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from integrations.providers.base import ErrorClass
from integrations.providers.salesforce.values import advice_for

P, T, R, U, C = (
    ErrorClass.PERMANENT,
    ErrorClass.TRANSIENT,
    ErrorClass.RATE_LIMITED,
    ErrorClass.UNKNOWN_OUTCOME,
    ErrorClass.CREDENTIAL,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """`error_class` UNKNOWN_OUTCOME: a write may have happened all the same; what is safe to repeat is simply repeated."""

    error_class: ErrorClass
    advice: str
    """What is behind the error and what a person can do. Whether it is tried again it does not say: the run's state does."""


_NOT_SAID: Final = "Salesforce stopped before it said whether the call took effect."
_ADMIN: Final = "Ask the org's Salesforce administrator to grant the connected user that right, then replay the run."

CATALOGUE: Final[Mapping[str, Entry]] = {
    # The record's own values
    "REQUIRED_FIELD_MISSING": Entry(P, "Map a value to the fields named, or make them optional in Salesforce."),
    "INVALID_FIELD": Entry(P, "The org has no such field, or the connected user may not see it. Check its API name and field-level security."),
    "INVALID_FIELD_FOR_INSERT_UPDATE": Entry(P, "Take the field out of the step, or let the connected user write it (field-level security)."),
    "STRING_TOO_LONG": Entry(P, "Shorten the value, for example with the filter truncate, or lengthen the field in Salesforce."),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Entry(P, "Send one of the picklist's values, or add this one to it in Salesforce."),
    "INVALID_EMAIL_ADDRESS": Entry(P, "Correct the e-mail address in the event."),
    "NUMBER_OUTSIDE_VALID_RANGE": Entry(P, "The number has more digits than the field holds."),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": Entry(P, "Send a value of the field's type."),
    "FIELD_INTEGRITY_EXCEPTION": Entry(P, "The value does not fit with the record's other values; states and countries have to be ones the org knows."),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Entry(P, "A validation rule of this org refused the record, in its own words above. Send what it asks for, or change the rule."),
    "FIELD_FILTER_VALIDATION_EXCEPTION": Entry(P, "The record looked up does not pass the field's lookup filter."),
    "MALFORMED_ID": Entry(P, "Send the 15- or 18-character id of a record of the right type."),
    "JSON_PARSER_ERROR": Entry(P, "A value is not of its field's type. The message says which; docs/values.md lists what each type takes."),
    "INVALID_TYPE": Entry(P, "The org has no such object, or the connected user may not see it."),
    # Other records
    "DUPLICATES_DETECTED": Entry(P, "A duplicate rule of this org found a record like it. Use that record, or let the step save in spite of alerts."),
    "DUPLICATE_VALUE": Entry(P, "Another record holds this unique value; its id stands in the message. Match by that field to update it."),
    "DUPLICATE_EXTERNAL_ID": Entry(P, "More than one record has this external id; clean them up in Salesforce."),
    "MULTIPLE_CHOICES": Entry(P, "More than one record has this external id; clean them up in Salesforce."),
    "INVALID_CROSS_REFERENCE_KEY": Entry(P, "A record referred to does not exist, or the connected user may not use it."),
    "ENTITY_IS_DELETED": Entry(P, "The record has been deleted; restore it from the Recycle Bin, or create it anew."),
    "NOT_FOUND": Entry(P, "There is no such object or record, or the connected user may not see it."),
    "CANNOT_UPDATE_CONVERTED_LEAD": Entry(P, "The lead has been converted; write to its contact or account instead."),
    "INACTIVE_OWNER_OR_USER": Entry(P, "Choose an owner who is active."),
    "UNABLE_TO_LOCK_ROW": Entry(T, "Something else in the org was saving the record, or one that it belongs to, at the same moment."),
    # The org's own automation
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Entry(P, "A trigger or flow of this org failed; its administrator finds it named in the message."),
    "CANNOT_EXECUTE_FLOW_TRIGGER": Entry(P, "A flow of this org failed; its administrator finds it in Setup under Paused and Failed Flow Interviews."),
    "APEX_ERROR": Entry(P, "Apex code of this org failed; its administrator finds it named in the message."),
    # Rights
    "INSUFFICIENT_ACCESS": Entry(P, _ADMIN),
    "INSUFFICIENT_ACCESS_OR_READONLY": Entry(P, _ADMIN),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Entry(P, _ADMIN),
    "CANNOT_POST_TO_CLOSED_CASE": Entry(P, "The case is closed."),
    "OPERATION_NOT_ALLOWED": Entry(P, _ADMIN),
    "FUNCTIONALITY_NOT_ENABLED": Entry(P, "The org's edition or settings do not include this."),
    "FORBIDDEN": Entry(P, _ADMIN),
    "API_DISABLED_FOR_ORG": Entry(P, "This edition of Salesforce has no API access; Enterprise, Unlimited, Performance and Developer have."),
    "API_CURRENTLY_DISABLED": Entry(P, "Give the connected user the permission “API Enabled”."),
    "TXN_SECURITY_METERING_ERROR": Entry(P, "A transaction security policy of this org refused the call."),
    "INVALID_SESSION_ID": Entry(C, "The account has to be connected again."),
    "INVALID_AUTH_HEADER": Entry(C, "The account has to be connected again."),
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": Entry(C, "The connected user's password has expired: it has to be changed in Salesforce, then connected again."),
    # Limits
    "REQUEST_LIMIT_EXCEEDED": Entry(R, "The org's API limit is used up."),
    "STORAGE_LIMIT_EXCEEDED": Entry(P, "The org's data storage is full. Free some in Salesforce, then replay the run."),
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": Entry(T, "Salesforce is being maintained and read-only."),
    "QUERY_TIMEOUT": Entry(T, "The org took too long over a query."),
    "REQUEST_RUNNING_TOO_LONG": Entry(U, _NOT_SAID),
    "SERVER_UNAVAILABLE": Entry(U, _NOT_SAID),
    "UNKNOWN_EXCEPTION": Entry(U, _NOT_SAID),
    # Said of a record for another's sake
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": Entry(P, "Another record of the same request failed."),
    "PROCESSING_HALTED": Entry(P, "Another record of the same request failed."),
    "LIMIT_EXCEEDED": Entry(P, "The org's code went over one of Salesforce's limits for one request."),
    "INVALID_BATCH_SIZE": Entry(P, "The request held too many records."),
    "INVALID_INPUT": Entry(P, "Salesforce could not read the request."),
}  # fmt: skip

COLLATERAL: Final = frozenset(
    {"ALL_OR_NONE_OPERATION_ROLLED_BACK", "PROCESSING_HALTED", "LIMIT_EXCEEDED", "INVALID_BATCH_SIZE", "INVALID_INPUT",
     "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "APEX_ERROR", "UNKNOWN_EXCEPTION",
     "REQUEST_RUNNING_TOO_LONG"}
)  # fmt: skip
"""Codes that a record may bear for another's sake: a trigger's failure fails the whole chunk that it was given."""

OF_THE_WHOLE_REQUEST: Final = frozenset(
    {"NOT_FOUND", "INVALID_TYPE", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "METHOD_NOT_ALLOWED", "FORBIDDEN",
     "UNSUPPORTED_MEDIA_TYPE", "FUNCTIONALITY_NOT_ENABLED", "INVALID_SESSION_ID", "INVALID_AUTH_HEADER",
     "REQUEST_LIMIT_EXCEEDED", "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "TXN_SECURITY_METERING_ERROR"}
)  # fmt: skip
"""Codes that, given for a request, would be given for each of its records alone: dividing it finds no culprit."""

_BUSY: Final = Entry(R, "Salesforce asks for fewer calls.")
_NO_ROUTE: Final = Entry(T, "Salesforce's edge does not find the org just now.")
_DOWN: Final = Entry(U, "Salesforce is down or overloaded, and did not say whether the call took effect.")
_REFUSED: Final = Entry(P, "Salesforce refused it for the reason above.")
_UNAUTHORISED: Final = Entry(C, "The account has to be connected again.")
LOCKED_WITHIN: Final = "UNABLE_TO_LOCK_ROW"
_PARSED_TYPE: Final = re.compile(r"Cannot deserialize instance of (\w{1,40})")


def entry_for(code: str, status: int, message: str = "") -> Entry:
    """What the error means. `status` is the HTTP status of the answer, 200 for a record's own error in a collection."""
    entry = CATALOGUE.get(code)
    if entry is None or status in (420, 429):
        return _by_status(status)
    if code == "JSON_PARSER_ERROR" and (advice := advice_for(_type_named_in(message))):
        return Entry(P, advice)
    if code in COLLATERAL and LOCKED_WITHIN in message:
        return CATALOGUE[LOCKED_WITHIN]  # a trigger that could not lock a row says so only within its own message
    return entry


def _type_named_in(message: str) -> str:
    """The field's type in the words of Salesforce's parser, which have no translation; "" where it names none."""
    found = _PARSED_TYPE.search(message)
    return found[1] if found else ""


def _by_status(status: int) -> Entry:
    if status == 401:
        return _UNAUTHORISED
    if status == 429:
        return _BUSY
    if status == 420:
        return _NO_ROUTE
    return _DOWN if status >= 500 else _REFUSED
