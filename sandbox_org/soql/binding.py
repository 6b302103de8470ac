"""A query's names and values held against the describes: unknown ones are refused, the rest become ready to compare."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox_org import ids
from sandbox_org.clock import now, stamp
from sandbox_org.describing import Catalogue, Field, SObject
from sandbox_org.soql.errors import SoqlError, located
from sandbox_org.soql.periods import days_of
from sandbox_org.soql.syntax import Comparison, Literal, Path

TEXT_TYPES = frozenset(
    {
        "string",
        "textarea",
        "phone",
        "url",
        "email",
        "picklist",
        "multipicklist",
        "combobox",
        "encryptedstring",
        "anyType",
    }
)
NUMBER_TYPES = frozenset({"int", "double", "currency", "percent", "long"})
MOST_PARENTS = 5
SUFFIX = "Please reference your WSDL or the describe call for the appropriate names."  # the end of every such sentence


@dataclass(frozen=True, slots=True)
class BoundPath:
    """A field found: the references to follow from the queried object, and the field at their end."""

    parents: tuple[Field, ...]
    sobject: SObject
    field: Field

    @property
    def is_direct(self) -> bool:
        return not self.parents


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open range of stored texts that a date or datetime literal stands for."""

    start: str
    end: str


class Binder:
    """Binds the names of one query."""

    def __init__(self, catalogue: Catalogue, source: str) -> None:
        self._catalogue = catalogue
        self.source = source

    def object(self, name: str, position: int) -> SObject:
        """The object of FROM. Raises: SoqlError (INVALID_TYPE)."""
        sobject = self._catalogue.find(name)
        if sobject is None:
            message = (
                f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to "
                f"append the '__c' after the entity name. {SUFFIX}"
            )
            raise located("INVALID_TYPE", self.source, position, message)
        return sobject

    def path(self, sobject: SObject, path: Path) -> BoundPath:
        """The field that a path names. Raises: SoqlError (INVALID_FIELD)."""
        names = path.names[1:] if len(path.names) > 1 and path.names[0].lower() == sobject.name.lower() else path.names
        parents: list[Field] = []
        for relationship in names[:-1]:
            reference = sobject.parent_field(relationship)
            target = self._target(reference) if reference else None
            if reference is None or target is None or len(parents) == MOST_PARENTS:
                message = (
                    f"Didn't understand relationship '{relationship}' in field path. If you are attempting to use a "
                    f"custom relationship, be sure to append the '__r' after the custom relationship name. {SUFFIX}"
                )
                raise located("INVALID_FIELD", self.source, path.position, message)
            parents.append(reference)
            sobject = target
        field = sobject.field(names[-1])
        if field is None:
            message = (
                f"No such column '{names[-1]}' on entity '{sobject.name}'. If you are attempting to use a custom "
                f"field, be sure to append the '__c' after the custom field name. {SUFFIX}"
            )
            raise located("INVALID_FIELD", self.source, path.position, message)
        return BoundPath(tuple(parents), sobject, field)

    def value(self, comparison: Comparison, field: Field, literal: Literal) -> Any:
        """The literal as a value to compare the field's stored values with; text lower, ids long, dates a Span."""
        if literal.kind == "null":
            return None
        kind = field.type
        if kind in ("id", "reference"):
            if literal.kind != "string":
                raise self._wrong_type(literal, field, "ID", quoted=True)
            record_id = ids.normalise(literal.value)
            if record_id is None:
                message = f"invalid ID field: {literal.value}"
                raise located("INVALID_QUERY_FILTER_OPERATOR", self.source, literal.position, message)
            return record_id
        if kind in TEXT_TYPES:
            if literal.kind != "string":
                raise self._wrong_type(literal, field, "string", quoted=True)
            return literal.value if comparison.operator == "LIKE" else literal.value.lower()
        if kind in NUMBER_TYPES:
            if literal.kind != "number":
                raise self._wrong_type(literal, field, kind, quoted=False)
            return literal.value
        if kind == "boolean":
            if literal.kind != "boolean":
                raise self._wrong_type(literal, field, "boolean", quoted=False)
            return literal.value
        if kind in ("date", "datetime"):
            return self._span(field, literal)
        message = f"field '{field.name}' can not be filtered in a query call"
        raise located("INVALID_FIELD", self.source, comparison.position, message)

    def _span(self, field: Field, literal: Literal) -> Span:
        is_date = field.type == "date"
        if literal.kind == "period":
            name, count = literal.value
            first, after = days_of(name, count, now().date())
            return _days(first, after, as_dates=is_date)
        if literal.kind != field.type:
            raise self._wrong_type(literal, field, "date" if is_date else "dateTime", quoted=False)
        try:
            if is_date:
                day = date.fromisoformat(literal.value)
                return _days(day, day + timedelta(days=1), as_dates=True)
            return _moment(literal.value)
        except (ValueError, OverflowError):
            raise located(
                "MALFORMED_QUERY", self.source, literal.position, f"Invalid {field.type}: {literal.raw}"
            ) from None

    def _wrong_type(self, literal: Literal, field: Field, kind: str, *, quoted: bool) -> SoqlError:
        should = "should be" if quoted else "should not be"
        message = (
            f"value of filter criterion for field '{field.name}' must be of type {kind} and {should} enclosed in quotes"
        )
        return located("INVALID_FIELD", self.source, literal.position, message)

    def _target(self, reference: Field) -> SObject | None:
        """The object that a reference leads to; User before the others where it may lead to several."""
        names = sorted(reference.reference_to, key=lambda name: name != "User")
        return next((found for name in names if (found := self._catalogue.find(name))), None)


def _days(first: date, after: date, *, as_dates: bool) -> Span:
    if as_dates:
        return Span(first.isoformat(), after.isoformat())
    return Span(f"{first.isoformat()}T00:00:00.000+0000", f"{after.isoformat()}T00:00:00.000+0000")


def _moment(text: str) -> Span:
    """One second; between two seconds, the empty range at the next one, since stored stamps are whole seconds."""
    clean = text.replace("Z", "+00:00")
    if clean[-5] in "+-":
        clean = f"{clean[:-2]}:{clean[-2:]}"
    moment = datetime.fromisoformat(clean).astimezone(UTC)
    if moment.microsecond:
        start = stamp(moment.replace(microsecond=0) + timedelta(seconds=1))
        return Span(start, start)
    return Span(stamp(moment), stamp(moment + timedelta(seconds=1)))
