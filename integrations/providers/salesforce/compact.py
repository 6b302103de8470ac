"""The part of a describe that Isthmus uses: an org's describe has some 60 keys a field, we read 20 of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

OBJECT_KEYS: Final = ("name", "label", "labelPlural", "keyPrefix", "custom", "createable", "updateable", "queryable")
FIELD_KEYS: Final = (
    "name", "label", "type", "length", "precision", "scale", "digits", "nillable", "createable", "updateable",
    "defaultedOnCreate", "defaultValue", "inlineHelpText", "restrictedPicklist", "referenceTo", "externalId", "unique",
    "idLookup", "filterable", "custom", "extraTypeInfo",
)  # fmt: skip
_SAYS_NOTHING: Final[tuple[Any, ...]] = (None, False, 0, [], "")


def compact_object(described: Mapping[str, Any]) -> dict[str, Any]:
    """A describe without what we do not use; keys whose value says nothing (false, 0, null, empty) are left out."""
    compacted = {key: described.get(key) for key in OBJECT_KEYS}
    fields = [_compact_field(field) for field in described.get("fields", []) if not field.get("deprecatedAndHidden")]
    return compacted | {"fields": fields}


def _compact_field(field: Mapping[str, Any]) -> dict[str, Any]:
    compacted = {key: field[key] for key in FIELD_KEYS if field.get(key) not in _SAYS_NOTHING}
    if choices := [choice for choice in field.get("picklistValues") or [] if choice.get("active", True)]:
        compacted["picklistValues"] = [
            {"value": choice["value"], "label": choice.get("label") or choice["value"]}
            | ({"defaultValue": True} if choice.get("defaultValue") else {})
            for choice in choices
        ]
    return compacted


def is_required_on_create(field: Mapping[str, Any]) -> bool:
    """Whether Salesforce refuses a new record without this field. A boolean is never empty, so it is never missing."""
    return bool(
        field.get("createable")
        and not field.get("nillable")
        and not field.get("defaultedOnCreate")
        and field.get("type") != "boolean"
    )
