"""Update a record: change fields of one whose id is known, mostly from an earlier step."""

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
    InputField,
    ObjectSchemas,
    Outcome,
)
from integrations.providers.salesforce import field_values, outcomes, record_form, sample, writing
from integrations.providers.salesforce.client import SalesforceConnection
from integrations.providers.salesforce.describe import fields_by_name
from integrations.providers.salesforce.values import is_empty
from integrations.providers.salesforce.writing import Item, RecordWriter

RECORD_ID = "record_id"


class UpdateRecord(Action):
    key = "update_record"
    title = "Update record"
    description = "Change fields of a record, by its id."
    icon = "database-edit"
    is_idempotent: ClassVar[bool] = True

    def form(self, inputs: Mapping[str, JSON], schema: ObjectSchemas) -> Sequence[InputField]:
        fields = [record_form.record_type_field(schema)]
        if record_type := inputs.get("record_type"):
            fields.append(_record_id_input())
            fields += record_form.record_fields(inputs, schema.describe(str(record_type)), creates=False)
        return fields

    def problems(self, inputs: Mapping[str, JSON], schema: ObjectSchemas) -> Iterable[ActionProblem]:
        if problems := list(record_form.record_type_problems(inputs, schema)):
            return problems
        if is_empty(inputs.get(RECORD_ID)):
            problems.append(
                ActionProblem("record_id_missing", "Say which record: its id, as an earlier step gives it.", RECORD_ID)
            )
        if not inputs.get("fields"):
            problems.append(ActionProblem("fields_missing", "Add a field to change.", "fields"))
        described = schema.describe(str(inputs["record_type"]))
        return problems + list(record_form.field_problems(inputs, schema, described, creates=False))

    def sample_output(self, inputs: Mapping[str, JSON], schema: ObjectSchemas) -> JSON:
        return sample.output(inputs, schema, created=False)

    def group_key(self, inputs: Mapping[str, JSON]) -> str:
        return f"update:{inputs.get('record_type')}"

    def record_key(self, inputs: Mapping[str, JSON]) -> str | None:
        return str(inputs.get(RECORD_ID) or "").strip()[:15] or None

    def run(self, calls: Sequence[ActionCall], connection: Connection, *, now: datetime) -> list[Outcome]:
        assert isinstance(connection, SalesforceConnection)
        record_type = str(calls[0].inputs.get("record_type") or "")
        fields = {name for call in calls for name in call.inputs.get("fields") or {}}
        described = connection.described(record_type, fields)
        items = [_item(call, described) for call in calls]
        RecordWriter(connection, record_type, updates=True).write([item for item in items if item.outcome is None])
        if any(item.outcome and item.outcome.error and item.outcome.error["code"] == "INVALID_FIELD" for item in items):
            connection.forget_described(record_type)
        return writing.settled(items)

    def summary(self, inputs: Mapping[str, JSON]) -> str:
        return f"Update the {inputs.get('record_type') or 'record'}"


def _record_id_input() -> InputField:
    return InputField(
        name=RECORD_ID,
        label="Record id",
        type="id",
        required=True,
        help="15 or 18 characters, mostly the id that an earlier step gave.",
        max_length=18,
    )


def _item(call: ActionCall, described: Mapping[str, JSON] | None) -> Item:
    """The call's record, with the fields that the event says something of."""
    found = field_values.of_existing_record(call.inputs.get("fields") or {}, fields_by_name(described))
    record_id = str(call.inputs.get(RECORD_ID) or "").strip()
    item = Item(call, found.values, key=record_id, outcome=found.refusal)
    if not record_id:
        advice = "Check that the step before gave an id."
        item.outcome = outcomes.failure(ErrorClass.PERMANENT, "record_id_empty", "There is no id of a record.", advice)
    elif not found.values and not found.unfit:
        advice = "Send a value in the event, or leave the step out for such events."
        item.outcome = outcomes.failure(ErrorClass.PERMANENT, "nothing_to_update", "No field has a value.", advice)
    return item


action = UpdateRecord()
