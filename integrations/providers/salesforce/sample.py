"""Example values of a record, for the variable menu and for checking paths before anything has run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations.providers.base import JSON, ObjectSchemas
from integrations.providers.salesforce.describe import fields_by_name
from integrations.providers.salesforce.ids import id18
from integrations.providers.salesforce.record_form import entered_fields, holds_variable
from integrations.providers.salesforce.values import coerce, is_empty

_EXAMPLES: Final[dict[str, JSON]] = {
    "boolean": True, "int": 42, "double": 4.2, "currency": 100.0, "percent": 50.0, "date": "2026-01-31",
    "datetime": "2026-01-31T09:30:00.000Z", "time": "09:30:00.000Z", "email": "ada@example.com", "phone": "+44 20 7946 0000",
    "url": "https://example.com", "id": "001000000000001AAA", "reference": "001000000000001AAA",
}  # fmt: skip


def record_id(described: Mapping[str, JSON] | None) -> str:
    """An id as records of that type have."""
    return id18(str((described or {}).get("keyPrefix") or "a00") + "000000000001")


def record(entered: Mapping[str, JSON], described: Mapping[str, JSON] | None) -> dict[str, JSON]:
    """The fields that the step writes, with the constants entered or an example of the field's type."""
    known = fields_by_name(described)
    return {name: _value(value, known.get(name, {})) for name, value in entered.items() if not is_empty(value)}


def _value(value: JSON, field: Mapping[str, JSON]) -> JSON:
    kind = str(field.get("type", "string"))
    if not holds_variable(value):
        return coerce(value, kind)
    if choices := field.get("picklistValues"):
        return choices[0]["value"]
    return _EXAMPLES.get(kind, str(field.get("label") or "text"))


def output(inputs: Mapping[str, JSON], schema: ObjectSchemas, *, created: bool) -> dict[str, JSON]:
    """An example of what a step that writes a record gives; shape as `writing.RecordWriter.done` makes it."""
    described = schema.describe(str(inputs.get("record_type") or ""))
    sample_id = record_id(described)
    return {
        "id": sample_id,
        "success": True,
        "created": created,
        "url": f"https://example.my.salesforce.com/{sample_id}",
        "record": record(entered_fields(inputs), described),
    }
