"""The org's custom object `Every_Type__c`: one field of each type, of which the captured standard objects lack several."""

from typing import Any

NAME = "Every_Type__c"
KEY_PREFIX = "a00"

_FIELDS: dict[str, dict[str, Any]] = {
    "Text__c": {"type": "string", "length": 255},
    "Area__c": {"type": "textarea", "length": 32_768},
    "Email__c": {"type": "email", "length": 80},
    "Phone__c": {"type": "phone", "length": 40},
    "Url__c": {"type": "url", "length": 255},
    "Number__c": {"type": "double", "precision": 18, "scale": 2},
    "Currency__c": {"type": "currency", "precision": 18, "scale": 2},
    "Percent__c": {"type": "percent", "precision": 18, "scale": 2},
    "Whole__c": {"type": "double", "precision": 18, "scale": 0},
    "Checkbox__c": {"type": "boolean", "nillable": False, "defaultedOnCreate": True, "defaultValue": False},
    "Date__c": {"type": "date"},
    "Datetime__c": {"type": "datetime"},
    "Time__c": {"type": "time"},
    "Picklist__c": {"type": "picklist", "length": 255, "picklistValues": ("red", "green", "1", "true")},
    "Choice__c": {
        "type": "picklist",
        "length": 255,
        "picklistValues": ("red", "green"),
        "restrictedPicklist": True,
    },
    "Choices__c": {"type": "multipicklist", "length": 4_099, "picklistValues": ("red", "green", "blue", "1")},
    "Lookup__c": {"type": "reference", "length": 18, "referenceTo": ["Account"], "relationshipName": "Lookup__r"},
}
_WRITABLE = ("createable", "updateable", "nillable", "filterable", "sortable", "permissionable", "custom")


def describe(account: dict[str, Any]) -> dict[str, Any]:
    """Return the object's describe, with the keys of `account`, that of Account; only the fields of an id and stamps kept."""
    kept = ("Id", "IsDeleted", "Name", "OwnerId", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")
    fields = [{**field} for field in account["fields"] if field["name"] in (*kept, "SystemModstamp")]
    for field in fields:
        if field["name"] == "Name":
            field |= {"nillable": True, "label": "Name", "length": 80}
    blank = _blank(account["fields"][0])
    fields += [_field(blank, name, of_type) for name, of_type in _FIELDS.items()]
    named = {"name": NAME, "label": "Every Type", "labelPlural": "Every Type", "keyPrefix": KEY_PREFIX, "custom": True}
    path = f"/services/data/v59.0/sobjects/{NAME}"
    urls = {"sobject": path, "describe": f"{path}/describe", "rowTemplate": f"{path}/{{ID}}"}
    return {**account, **named, "urls": urls, "fields": fields, "childRelationships": [], "recordTypeInfos": []}


def _blank(model: dict[str, Any]) -> dict[str, Any]:
    """Return a describe of a field that says nothing: false, 0, null and empty."""
    return {
        key: []
        if isinstance(value, list)
        else False
        if isinstance(value, bool)
        else 0
        if value.__class__ is int
        else None
        for key, value in model.items()
    }


def _field(blank: dict[str, Any], name: str, of_type: dict[str, Any]) -> dict[str, Any]:
    label = name.removesuffix("__c")
    choices = [
        {"active": True, "defaultValue": False, "label": value, "validFor": None, "value": value}
        for value in of_type.get("picklistValues", ())
    ]
    written = {key: value for key, value in of_type.items() if key != "picklistValues"}
    return {
        **blank,
        **dict.fromkeys(_WRITABLE, True),
        "name": name,
        "label": label,
        "picklistValues": choices,
        **written,
    }
