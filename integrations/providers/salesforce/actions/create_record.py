"""Create a record: the step that makes a Lead of an App Event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from integrations.providers.base import (
    JSON,
    Action,
    ActionCall,
    ActionProblem,
    Connection,
    ErrorClass,
    InputChoice,
    InputField,
    ObjectSchemas,
    Outcome,
    OutcomeKind,
)
from integrations.providers.salesforce import field_values, outcomes, record_form, sample, writing
from integrations.providers.salesforce.adopting import Adopter
from integrations.providers.salesforce.client import SalesforceConnection
from integrations.providers.salesforce.describe import fields_by_name
from integrations.providers.salesforce.values import is_empty, text_of
from integrations.providers.salesforce.writing import Item, RecordWriter

EXTERNAL_ID = "external_id_field"
ALLOW_DUPLICATES = "allow_duplicates"


class CreateRecord(Action):
    key = "create_record"
    title = "Create record"
    description = "Create a record of any type, standard or custom."
    icon = "database-plus"
    is_idempotent: ClassVar[bool] = False
    """With an external-id field it is an upsert, and then safe to repeat; `run` knows which."""

    def form(self, inputs: Mapping[str, JSON], schema: ObjectSchemas) -> Sequence[InputField]:
        fields = [record_form.record_type_field(schema)]
        if record_type := inputs.get("record_type"):
            described = schema.describe(str(record_type))
            fields += record_form.record_fields(inputs, described, creates=True)
            fields += [_external_id_input(described, inputs), _allow_duplicates_input(inputs)]
        return fields

    def problems(self, inputs: Mapping[str, JSON], schema: ObjectSchemas) -> Iterable[ActionProblem]:
        if problems := list(record_form.record_type_problems(inputs, schema)):
            return problems
        described = schema.describe(str(inputs["record_type"]))
        problems += record_form.field_problems(inputs, schema, described, creates=True)
        return problems + _external_id_problems(inputs, schema, described)

    def sample_output(self, inputs: Mapping[str, JSON], schema: ObjectSchemas) -> JSON:
        return sample.output(inputs, schema, created=True)

    def group_key(self, inputs: Mapping[str, JSON]) -> str:
        external_id = inputs.get(EXTERNAL_ID)
        what = (
            f"upsert:{inputs.get('record_type')}:{external_id}"
            if external_id
            else f"create:{inputs.get('record_type')}"
        )
        return f"{what}:allow" if inputs.get(ALLOW_DUPLICATES) else what

    def record_key(self, inputs: Mapping[str, JSON]) -> str | None:
        """A new record has no key, unless the step matches by an external id of its own choosing."""
        value = (inputs.get("fields") or {}).get(inputs.get(EXTERNAL_ID))
        return None if is_empty(value) else f"{inputs.get('record_type')}:{text_of(value, None).strip().lower()}"

    def run(self, calls: Sequence[ActionCall], connection: Connection, *, now: datetime) -> list[Outcome]:
        assert isinstance(connection, SalesforceConnection)
        first = calls[0].inputs
        record_type, key_field = str(first.get("record_type") or ""), first.get(EXTERNAL_ID) or None
        described = connection.described(record_type, _fields_of(calls) - {key_field})
        headers = {"Sforce-Duplicate-Rule-Header": "allowSave=true"} if first.get(ALLOW_DUPLICATES) else {}
        writer = RecordWriter(connection, record_type, key_field=key_field, headers=headers)
        items = [_item(call, described, key_field) for call in calls]
        to_send = [item for item in items if item.outcome is None]
        if key_field is None:
            interrupted = [item for item in to_send if item.call.called_at is not None]
            free = Adopter(connection, record_type, described).adopt(interrupted)
            to_send = [item for item in to_send if item.call.called_at is None or item in free]
        writer.write(to_send)
        return writing.settled(self._completed(items, writer, record_type))

    def _completed(self, items: Sequence[Item], writer: RecordWriter, record_type: str) -> Sequence[Item]:
        """Adopted records get the step's whole output; an unknown field makes the describe be read again."""
        for item in items:
            outcome = item.outcome
            if outcome and outcome.kind is OutcomeKind.DONE and "url" not in outcome.output:
                item.outcome = writer.done(item, outcome.output["id"], created=True, note=outcome.note)
            elif outcome and outcome.error and outcome.error["code"] == "INVALID_FIELD":
                writer.connection.forget_described(record_type)
        return items

    def summary(self, inputs: Mapping[str, JSON]) -> str:
        record_type = str(inputs.get("record_type") or "record")
        article = "an" if record_type[:1].lower() in "aeiou" else "a"
        return f"Create {article} {record_type}"


def _fields_of(calls: Sequence[ActionCall]) -> set[str | None]:
    return {name for call in calls for name in call.inputs.get("fields") or {}}


def _external_id_input(described: Mapping[str, JSON] | None, inputs: Mapping[str, JSON]) -> InputField:
    usable = [
        field for field in fields_by_name(described).values() if field.get("externalId") and field.get("createable")
    ]
    return InputField(
        name=EXTERNAL_ID,
        label="External id field",
        type="select",
        help=(
            "With it, a call that was interrupted can be repeated without creating a second record. Left unmapped, the "
            "field receives the run's id; mapped above, an existing record with that value is updated instead."
        ),
        choices=tuple(InputChoice(field["name"], field["label"]) for field in usable),
        takes_variables=False,
        group="" if inputs.get(EXTERNAL_ID) else "more",
    )


def _allow_duplicates_input(inputs: Mapping[str, JSON]) -> InputField:
    return InputField(
        name=ALLOW_DUPLICATES,
        label="Save in spite of duplicate alerts",
        type="boolean",
        help="Salesforce's duplicate rules that only alert then do not stop the record; rules that block still do.",
        takes_variables=False,
        group="" if inputs.get(ALLOW_DUPLICATES) else "more",
    )


def _external_id_problems(
    inputs: Mapping[str, JSON], schema: ObjectSchemas, described: Mapping[str, JSON] | None
) -> list[ActionProblem]:
    name = inputs.get(EXTERNAL_ID)
    if not name:
        return []
    if not isinstance(name, str):
        return [ActionProblem("external_id_field_unknown", "The external id field is named by text.", EXTERNAL_ID)]
    field = fields_by_name(described).get(name)
    if field is None:
        if not described or not schema.is_authoritative:
            return []
        return [
            ActionProblem(
                "external_id_field_unknown", f"There is no field {name} on this object in {schema.source}.", EXTERNAL_ID
            )
        ]
    if not (field.get("externalId") or field.get("idLookup")) or not field.get("createable"):
        message = (
            f"{field['label']} is not an external id that can be written; mark it so in Salesforce's Object Manager."
        )
        return [ActionProblem("external_id_field_unknown", message, EXTERNAL_ID)]
    is_mapped = not is_empty(record_form.entered_fields(inputs).get(name))
    if not is_mapped and (field.get("type") != "string" or not field.get("unique")):
        message = f"{field['label']} has to be a unique text field to receive the run's id; or map a value to it above."
        return [ActionProblem("external_id_field_unknown", message, EXTERNAL_ID)]
    return []


def _item(call: ActionCall, described: Mapping[str, JSON] | None, key_field: str | None) -> Item:
    """The call's record. One that is matched by a key of the step's own choosing may be there already."""
    known = fields_by_name(described)
    entered: Mapping[str, JSON] = call.inputs.get("fields") or {}
    if key_field is None or key_field not in entered:
        found = field_values.of_new_record(entered, known)
        key = None if key_field is None else f"{call.run_id}:{call.step_key}"
        return Item(call, found.values, key=key, is_own_key=key is not None, outcome=found.refusal)
    found = field_values.of_existing_record(entered, known)
    key = found.values.pop(key_field, None)
    if key is None and not found.unfit:
        message = f"{key_field} is empty, so there is no telling which record is meant."
        advice = "Send a value for it in the event, or take the external id field out of the step."
        failed = outcomes.failure(ErrorClass.PERMANENT, "external_id_empty", message, advice)
        return Item(call, found.values, outcome=failed)
    return Item(call, found.values, key=text_of(key, None), outcome=found.refusal)


action = CreateRecord()
