"""What a step writes to the fields of a record: one rule for what is missing, empty or unfit, for every action.

    the value                                   a new record            a record that is there
    null, missing, text of missing values       the org's default       left alone
    "", blanks, an empty list                   the org's default       cleared; a checkbox is left alone
    anything else                               in the field's type, or the run fails in words

An upsert by a key of the builder's own may meet a record that is there, so it writes as an update does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from integrations.providers.base import JSON, ErrorClass, Outcome
from integrations.providers.salesforce import outcomes
from integrations.providers.salesforce.values import Unfit, is_empty, typed

_LEFT_OUT: Final = object()


@dataclass(frozen=True)
class FieldValues:
    """The values to send by field name, None for a field to clear; and what does not fit, by field name."""

    values: dict[str, JSON]
    unfit: dict[str, Unfit] = field(default_factory=dict)

    @property
    def refusal(self) -> Outcome | None:
        """The outcome of a call whose values do not fit: it fails for good, and nothing is sent. None when all fit."""
        if not self.unfit:
            return None
        problems = list(self.unfit.values())
        message = "\n".join(str(problem) for problem in problems)
        advice = " ".join(dict.fromkeys(problem.advice for problem in problems if problem.advice))
        return outcomes.failure(ErrorClass.PERMANENT, problems[0].code, message, advice, fields=list(self.unfit))


def of_new_record(entered: Mapping[str, JSON], known: Mapping[str, Mapping[str, JSON]]) -> FieldValues:
    """Return what a new record gets: what is empty is left out, so that the org's defaults apply."""
    return _field_values(entered, known, clears=False)


def of_existing_record(entered: Mapping[str, JSON], known: Mapping[str, Mapping[str, JSON]]) -> FieldValues:
    """Return what changes in a record that is, or may be, there: null leaves a field alone, and empty text clears it."""
    return _field_values(entered, known, clears=True)


def _field_values(entered: Mapping[str, JSON], known: Mapping[str, Mapping[str, JSON]], *, clears: bool) -> FieldValues:
    found = FieldValues({})
    for name, value in entered.items():
        described = known.get(name, {"name": name})
        try:
            fitted = _fitted(value, described, clears=clears)
        except Unfit as unfit:
            found.unfit[name] = unfit
        else:
            if fitted is not _LEFT_OUT:
                found.values[name] = fitted
    return found


def _fitted(value: JSON, described: Mapping[str, JSON], *, clears: bool) -> Any:
    if not is_empty(value):
        return typed(value, described)
    can_clear = clears and value is not None and described.get("type") != "boolean"
    return None if can_clear else _LEFT_OUT
