"""The org's switches, set over `POST /__org/settings`: limits, token lifetimes, and an admin's own rules."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sandbox_org.record import Record
from sandbox_org.rest.errors import RecordError


class SwitchRefused(ValueError):
    """A setting that does not exist or has the wrong shape."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A rule of the admin's that fires on records of `object` whose `field` equals or contains a text."""

    object: str
    field: str
    message: str
    equals: str | None = None
    contains: str | None = None
    error_field: str | None = None

    def hits(self, object_name: str, body: Record) -> bool:
        if object_name != self.object:
            return False
        value = body.get(self.field)
        if self.equals is not None:
            return value is not None and str(value) == self.equals
        return self.contains is not None and self.contains in str(value or "")


@dataclass(slots=True)
class Switches:
    """Everything that can be set while the org runs; a reset puts the values here back."""

    api_limit: int = 1_000_000
    access_token_seconds: int | None = None
    approvals_limit: int | None = 5
    validation_rules: list[FieldRule] = field(default_factory=list)
    chunk_poison: FieldRule | None = None
    duplicate_rules: dict[str, dict[str, Any]] = field(default_factory=dict)

    def change(self, wanted: dict[str, Any]) -> None:
        """Set what `wanted` names. Raises: SwitchRefused, and then nothing was changed."""
        known = {each.name for each in fields(self)}
        unknown = sorted(set(wanted) - known)
        if unknown:
            raise SwitchRefused(
                f"unknown settings {', '.join(unknown)}; known are {', '.join(sorted(known))}, api_used"
            )
        values = dict(wanted)
        if "validation_rules" in values:
            values["validation_rules"] = [
                _rule(raw, "This value is not allowed.") for raw in values["validation_rules"]
            ]
        if values.get("chunk_poison"):
            values["chunk_poison"] = _rule(values["chunk_poison"], POISON_MESSAGE)
        for name in ("api_limit", "access_token_seconds", "approvals_limit"):
            value = values.get(name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
                raise SwitchRefused(f"{name} must be a whole number, zero or more")
        if not isinstance(values.get("api_limit", 1), int) or not isinstance(values.get("duplicate_rules", {}), dict):
            raise SwitchRefused("api_limit must be a number and duplicate_rules an object")
        for name, value in values.items():
            setattr(self, name, value)

    def shown(self) -> dict[str, Any]:
        return asdict(self)

    def broken_rules(self, object_name: str, body: Record) -> list[RecordError]:
        """The errors of the validation rules that a record breaks."""
        return [
            RecordError(
                "FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, (rule.error_field,) if rule.error_field else ()
            )
            for rule in self.validation_rules
            if rule.hits(object_name, body)
        ]


POISON_MESSAGE = (
    "SandboxTrigger: execution of BeforeInsert\n\ncaused by: System.NullPointerException: Attempt to de-reference a "
    "null object\n\nTrigger.SandboxTrigger: line 7, column 1"
)


def _rule(raw: Any, message: str) -> FieldRule:
    """A rule as sent: {"object", "field", "equals" or "contains", "message", "error_field"}."""
    if isinstance(raw, FieldRule):
        return raw
    if not isinstance(raw, dict) or not {"object", "field"} <= raw.keys():
        raise SwitchRefused('a rule is {"object": "Lead", "field": "Company", "equals": "Forbidden", "message": "…"}')
    known = {each.name for each in fields(FieldRule)}
    unknown = sorted(set(raw) - known)
    if unknown or (raw.get("equals") is None and raw.get("contains") is None):
        raise SwitchRefused(f"a rule needs equals or contains, and knows only {', '.join(sorted(known))}")
    return FieldRule(**{"message": message, **raw})
