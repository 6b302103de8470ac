"""What the org accepts: a validator per object, prepared once from its describe, that names every error of a record."""

from dataclasses import dataclass
from typing import Any

from sandbox_org.describing import EXTERNAL_ID, Field, SObject
from sandbox_org.record import Record
from sandbox_org.rest.errors import RecordError, RecordRefused
from sandbox_org.store import RecordStore
from sandbox_org.values import KEY_PREFIXES, MASTER_RECORD_TYPE, Coerce, ValueRefused, coercer

INVISIBLE_KEYS = frozenset({"attributes", "type"})


@dataclass(frozen=True, slots=True)
class _Rule:
    """What checking one field takes."""

    field: Field
    coerce: Coerce
    is_unwritable_on_create: bool
    is_unwritable_on_update: bool
    is_nullable: bool


class Validator:
    """Checks the values sent for one object's records."""

    def __init__(self, sobject: SObject) -> None:
        self.sobject = sobject
        self._rules = {name: self._rule(field) for name, field in sobject.fields.items()}
        self._by_lower = {name.lower(): rule for name, rule in self._rules.items()}
        self._required = sobject.required

    def for_create(self, sent: Record, store: RecordStore) -> Record:
        """The values to store, by proper field name, nulls left out.

        Raises: RecordRefused with every error found; values.ValueUnreadable on a wrong JSON type.
        """
        values, errors = self._check(sent, store, creating=True)
        missing = [name for name in self._required if values.get(name) is None]
        self._refuse_on(errors, missing)
        return {name: value for name, value in values.items() if value is not None}

    def for_update(self, sent: Record, store: RecordStore) -> Record:
        """The values to change, by proper field name; None clears a field. Raises as `for_create` does."""
        values, errors = self._check(sent, store, creating=False)
        nulled = [name for name, value in values.items() if value is None and not self._rules[name].is_nullable]
        self._refuse_on(errors, [name for name in self.sobject.fields if name in nulled])
        return values

    def _check(self, sent: Record, store: RecordStore, *, creating: bool) -> tuple[Record, list[RecordError]]:
        values: Record = {}
        errors: list[RecordError] = []
        unwritable: list[str] = []
        rules, by_lower = self._rules, self._by_lower
        for key, value in sent.items():
            rule = rules.get(key) or by_lower.get(key.lower())
            if rule is None:
                if key in INVISIBLE_KEYS:
                    continue
                rule, found_id = self._by_foreign_key(key, value, store)
                values[rule.field.name] = found_id
                continue
            field = rule.field
            if rule.is_unwritable_on_create if creating else rule.is_unwritable_on_update:
                unwritable.append(field.name)
                continue
            if value is None:
                values[field.name] = False if field.type == "boolean" and creating else None
                continue
            try:
                coerced = rule.coerce(value)
                if coerced is not None and field.type == "reference":
                    self._check_reference(field, coerced, store)
                values[field.name] = coerced
            except ValueRefused as refusal:
                errors.append(refusal.error)
                values[field.name] = value
        if unwritable:
            message = (
                f"Unable to create/update fields: {', '.join(unwritable)}. Please check the security settings of this "
                "field and verify that it is read/write for your profile or permission set."
            )
            errors.append(RecordError("INVALID_FIELD_FOR_INSERT_UPDATE", message, tuple(unwritable)))
        return values, errors

    def _refuse_on(self, errors: list[RecordError], missing: list[str]) -> None:
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            errors.append(RecordError("REQUIRED_FIELD_MISSING", message, tuple(missing)))
        if errors:
            raise RecordRefused(errors)

    def _by_foreign_key(self, key: str, value: Any, store: RecordStore) -> tuple[_Rule, str]:
        """The reference behind `{"Account": {"External_Id__c": "42"}}`; any other unknown key is no column."""
        field = self.sobject.parent_field(key)
        if field is None or not isinstance(value, dict):
            message = f"No such column '{key}' on sobject of type {self.sobject.name}"
            raise RecordRefused([RecordError("INVALID_FIELD", message, None)])
        keys = {name: wanted for name, wanted in value.items() if name not in INVISIBLE_KEYS}
        name, wanted = next(iter(keys.items()), (EXTERNAL_ID, ""))
        target = str(value.get("attributes", {}).get("type") or value.get("type") or field.reference_to[-1])
        column = {EXTERNAL_ID: "external_id", "Email": "email", "Name": "name"}.get(name)
        found = store.matching(target, column, str(wanted)) if column else []
        if not found:
            message = f"Foreign key external ID: {wanted} not found for field {name} in entity {target}"
            raise RecordRefused([RecordError("INVALID_FIELD", message)])
        return self._rules[field.name], str(found[0].body["Id"])

    def _check_reference(self, field: Field, record_id: str, store: RecordStore) -> None:
        if record_id == MASTER_RECORD_TYPE or store.exists(record_id):
            return
        if record_id[:3] == KEY_PREFIXES["RecordType"]:
            message = f"{field.label}: this ID value isn't valid for the user: {record_id}"
            raise ValueRefused(RecordError("INVALID_CROSS_REFERENCE_KEY", message, (field.name,)))
        raise ValueRefused(RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"))

    @staticmethod
    def _rule(field: Field) -> _Rule:
        return _Rule(
            field=field,
            coerce=coercer(field),
            is_unwritable_on_create=not field.createable,
            is_unwritable_on_update=not field.updateable,
            is_nullable=field.nillable,
        )
