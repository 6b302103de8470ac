"""The inputs of a step that writes a record, from the record type's describe, and what is wrong with those entered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from integrations.providers.base import JSON, ActionProblem, InputChoice, InputField, ObjectSchemas
from integrations.providers.salesforce.compact import is_required_on_create
from integrations.providers.salesforce.describe import fields_by_name, is_api_name
from integrations.providers.salesforce.values import Unfit, fit, is_empty
from lib.near_names import nearest

FIELD_PREFIX: Final = "fields."
_TYPES: Final = {
    "textarea": "textarea", "boolean": "boolean", "int": "number", "double": "number", "currency": "number",
    "percent": "number", "date": "date", "datetime": "datetime", "picklist": "select", "email": "email", "url": "url",
    "reference": "id", "id": "id",
}  # fmt: skip
_NEAR: Final = 0.75
_HAS_LENGTH: Final = {"string", "textarea", "email", "phone", "url", "picklist", "combobox", "encryptedstring"}


def holds_variable(value: JSON) -> bool:
    """Whether the value is known only at run time: a placeholder stands somewhere in it."""
    if isinstance(value, Mapping):
        return any(holds_variable(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(holds_variable(item) for item in value)
    return isinstance(value, str) and ("{{" in value or "<<" in value)


def entered_fields(inputs: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """The record's fields; none where the input is no object, which `field_problems` refuses."""
    entered = inputs.get("fields")
    return entered if isinstance(entered, Mapping) else {}


def record_type_field(schema: ObjectSchemas) -> InputField:
    return InputField(
        name="record_type",
        label="Record type",
        type="record_type",
        required=True,
        help=f"From {schema.source}. Any other object can be entered by its API name.",
        choices=tuple(schema.record_types()),
        takes_variables=False,
    )


def record_fields(
    inputs: Mapping[str, JSON], described: Mapping[str, JSON] | None, *, creates: bool
) -> list[InputField]:
    """An input for each field that may be written: the required and the filled ones at once, all others as "more"."""
    entered = entered_fields(inputs)
    known = fields_by_name(described)
    writable = [field for field in known.values() if field.get("createable" if creates else "updateable")]
    required = [input_for(field, required=True) for field in writable if creates and is_required_on_create(field)]
    optional = [field for field in writable if not (creates and is_required_on_create(field))]
    filled = [input_for(field) for field in optional if field["name"] in entered]
    by_name = [_by_name_alone(name) for name in entered if name not in known]
    return (
        required
        + filled
        + by_name
        + [input_for(field, group="more") for field in optional if field["name"] not in entered]
    )


def input_for(field: Mapping[str, JSON], *, required: bool = False, group: str = "") -> InputField:
    """The input for one field of a describe."""
    kind = str(field.get("type", "string"))
    choices = tuple(InputChoice(choice["value"], choice["label"]) for choice in field.get("picklistValues", []))
    return InputField(
        name=FIELD_PREFIX + field["name"],
        label=str(field.get("label") or field["name"]),
        type=_TYPES.get(kind, "text"),  # type: ignore[arg-type]
        required=required,
        help=_help(field, kind, required=required),
        choices=choices,
        free_choice=not field.get("restrictedPicklist"),
        max_length=field.get("length") or None if kind in _HAS_LENGTH else None,
        group=group,
    )


def _by_name_alone(name: str) -> InputField:
    return InputField(
        name=FIELD_PREFIX + name,
        label=name,
        type="text",
        help="Added by its API name; the describe at hand does not list it.",
    )


def _help(field: Mapping[str, JSON], kind: str, *, required: bool) -> str:
    said = [str(field["inlineHelpText"])] if field.get("inlineHelpText") else []
    if required:
        said.append("Salesforce refuses a new record without it.")
    if default := next(
        (choice["label"] for choice in field.get("picklistValues", []) if choice.get("defaultValue")), None
    ):
        said.append(f"Left empty, Salesforce sets “{default}”.")
    if kind == "reference":
        said.append(f"The id of a record: {', '.join(field.get('referenceTo', [])) or 'any type'}.")
    elif kind == "multipicklist":
        said.append("Several values are separated by semicolons.")
    elif kind == "date":
        said.append("As 2026-01-31.")
    elif kind == "datetime":
        said.append("As 2026-01-31T09:30:00Z.")
    elif kind == "time":
        said.append("As 09:30:00Z.")
    if kind in _HAS_LENGTH and field.get("length"):
        said.append(f"At most {field['length']:,} characters.")
    if field.get("externalId"):
        said.append("An external id: records can be matched by it.")
    return " ".join(said)


def record_type_problems(inputs: Mapping[str, JSON], schema: ObjectSchemas) -> Iterator[ActionProblem]:
    record_type = inputs.get("record_type")
    if not record_type:
        yield ActionProblem("record_type_missing", "Choose the type of record.", "record_type")
    elif not isinstance(record_type, str) or not is_api_name(record_type):
        message = f"“{record_type}” is not the API name of an object; choose one from the list."
        yield ActionProblem("record_type_unknown", message, "record_type")
    elif schema.describe(record_type) is None:
        known = [choice.value for choice in schema.record_types()]
        near = nearest(record_type, known, cutoff=_NEAR)
        if schema.is_authoritative or near:
            hint = f" Did you mean {near}?" if near else ""
            yield ActionProblem(
                "record_type_unknown", f"There is no object {record_type} in {schema.source}.{hint}", "record_type"
            )


def field_problems(
    inputs: Mapping[str, JSON], schema: ObjectSchemas, described: Mapping[str, JSON] | None, *, creates: bool
) -> Iterator[ActionProblem]:
    """What is wrong with the fields; nothing is said of what only the run can know."""
    entered = inputs.get("fields") or {}
    if not isinstance(entered, Mapping):
        yield ActionProblem(
            "fields_invalid", "The fields have to be an object: field names with their values.", "fields"
        )
        return
    known = fields_by_name(described)
    if creates:
        for field in known.values():
            if is_required_on_create(field) and is_empty(entered.get(field["name"])):
                message = f"{field['label']} is empty: Salesforce refuses a new {described['label']} without it."  # type: ignore[index]
                yield ActionProblem("field_required", message, FIELD_PREFIX + field["name"])
    by_lower_case = {name.lower(): name for name in known}
    for name, value in entered.items():
        yield from _problems_of_one(name, value, known, by_lower_case, schema, creates=creates)


def _problems_of_one(
    name: str,
    value: JSON,
    known: Mapping[str, Mapping[str, JSON]],
    by_lower_case: Mapping[str, str],
    schema: ObjectSchemas,
    *,
    creates: bool,
) -> Iterator[ActionProblem]:
    place = FIELD_PREFIX + name
    field = known.get(name)
    if not is_api_name(name):
        yield ActionProblem("field_unknown", f"“{name}” is not the API name of a field.", place)
    elif field is None:
        meant = by_lower_case.get(name.lower())
        if known and schema.is_authoritative:
            near = meant or nearest(name, known, cutoff=_NEAR)
            hint = f" Did you mean {near}?" if near else ""
            yield ActionProblem(
                "field_unknown", f"There is no field {name} on this object in {schema.source}.{hint}", place
            )
        elif meant:
            yield ActionProblem("field_unknown", f"There is no field {name}. Did you mean {meant}?", place)
    elif not field.get("createable" if creates else "updateable"):
        verb = "set on a new record" if creates else "changed"
        yield ActionProblem(
            "field_not_writable", f"{field['label']} can not be {verb}: Salesforce fills it itself.", place
        )
    elif not is_empty(value) and not holds_variable(value):
        try:
            fit(value, field)
        except Unfit as unfit:
            yield ActionProblem(unfit.code, str(unfit), place)
