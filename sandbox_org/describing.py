"""The objects of the org, read once from the describe files: what validation, queries and describe replies stand on."""

import json
import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox_org import every_type

DESCRIBE_DIR = Path(__file__).parent / "describe"
LAST_MODIFIED = "Mon, 02 Nov 2026 08:00:00 GMT"
EXTERNAL_ID = "External_Id__c"
_VERSION_IN_URL = re.compile(r"/services/data/v\d+\.0/")
_RECORDED_HOST = "https://orgname.my.salesforce.com"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object, with the describe keys that matter to writing and querying."""

    name: str
    label: str
    type: str
    length: int
    nillable: bool
    createable: bool
    updateable: bool
    defaulted: bool
    default_value: Any
    restricted: bool
    picklist: frozenset[str]
    reference_to: tuple[str, ...]
    relationship: str | None
    precision: int
    scale: int
    digits: int
    unique: bool
    external_id: bool
    id_lookup: bool
    compound: str | None
    custom: bool

    @property
    def is_required(self) -> bool:
        """Whether a create without this field is refused."""
        return self.createable and not self.nillable and not self.defaulted and self.type != "boolean"


@dataclass(frozen=True, slots=True)
class ChildRelation:
    """A list of children as a subquery names it: `Contacts` of Account are Contacts by `AccountId`."""

    name: str
    child: str
    field: str


class SObject:
    """One object (Lead, Account, ...) of the org."""

    def __init__(self, describe: dict[str, Any]) -> None:
        self.describe = describe
        self.name: str = describe["name"]
        self.label: str = describe["label"]
        self.key_prefix: str = describe["keyPrefix"]
        self.fields: dict[str, Field] = {raw["name"]: _field(raw) for raw in describe["fields"]}
        self._by_lower = {name.lower(): field for name, field in self.fields.items()}
        self._parents = {field.relationship.lower(): field for field in self.fields.values() if field.relationship}
        self._children = {
            raw["relationshipName"].lower(): ChildRelation(raw["relationshipName"], raw["childSObject"], raw["field"])
            for raw in describe.get("childRelationships", [])
            if raw.get("relationshipName")
        }
        self._bodies: dict[tuple[str, str], bytes] = {}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names that a create must hold, in describe order."""
        return tuple(field.name for field in self.fields.values() if field.is_required)

    @cached_property
    def creation_defaults(self) -> dict[str, Any]:
        """The values that a new record gets where none was sent."""
        defaults: dict[str, Any] = {}
        for field in self.fields.values():
            if field.type == "boolean":
                defaults[field.name] = bool(field.default_value)
            elif field.defaulted and field.default_value is not None:
                defaults[field.name] = field.default_value
        return defaults

    @property
    def is_writable(self) -> bool:
        return bool(self.describe["createable"])

    def field(self, name: str) -> Field | None:
        """The field of that name in any case."""
        return self.fields.get(name) or self._by_lower.get(name.lower())

    def parent_field(self, relationship: str) -> Field | None:
        """The reference behind a relationship name: `OwnerId` for `Owner`."""
        return self._parents.get(relationship.lower())

    def children(self, relationship: str) -> ChildRelation | None:
        """The child list behind a relationship name: `Contacts` of Account."""
        return self._children.get(relationship.lower())

    @cached_property
    def etag(self) -> str:
        return f'"{zlib.crc32(json.dumps(self.describe).encode()):08x}"'

    def describe_body(self, version: str, base_url: str) -> bytes:
        """The describe reply, its URLs written for the version and host that the request named."""
        key = (version, base_url)
        if key not in self._bodies:
            self._bodies[key] = _localise(self.describe, version, base_url)
        return self._bodies[key]


class Catalogue:
    """All objects of the org, found by name in any case or by key prefix."""

    def __init__(self, objects: list[SObject], global_describe: dict[str, Any]) -> None:
        self.objects = {sobject.name: sobject for sobject in objects}
        self._by_lower = {sobject.name.lower(): sobject for sobject in objects}
        self._by_prefix = {sobject.key_prefix: sobject for sobject in objects}
        self._global = global_describe

    def find(self, name: str) -> SObject | None:
        return self.objects.get(name) or self._by_lower.get(name.lower())

    def by_prefix(self, key_prefix: str) -> SObject | None:
        return self._by_prefix.get(key_prefix)

    def global_body(self, version: str, base_url: str) -> bytes:
        """The reply of `GET /sobjects`."""
        return _localise(self._global, version, base_url)


def load_catalogue() -> Catalogue:
    """Read the describe files, with the custom external-id field that each object has in this org."""
    objects = [_with_key(json.loads(path.read_text())) for path in sorted(DESCRIBE_DIR.glob("[A-Z]*.json"))]
    objects.append(_with_key(every_type.describe(json.loads((DESCRIBE_DIR / "Account.json").read_text()))))
    organization = _organization()
    objects.append(organization)
    recorded = json.loads((DESCRIBE_DIR / "_global.json").read_text())
    entries = {entry["name"]: entry for entry in recorded["sobjects"]}
    shared = list(next(iter(entries.values())))
    listed = []
    for sobject in sorted(objects, key=lambda each: each.name):
        entry = entries.get(sobject.name) or {key: sobject.describe.get(key) for key in shared}
        listed.append({**entry, "keyPrefix": sobject.key_prefix})
    return Catalogue(objects, {**recorded, "sobjects": listed})


def _with_key(describe: dict[str, Any]) -> SObject:
    """The object, with the custom external-id field added to its describe."""
    describe["fields"].append(_external_id_field(describe["fields"][0]))
    return SObject(describe)


def _external_id_field(model: dict[str, Any]) -> dict[str, Any]:
    """The describe of `External_Id__c`, with the same keys as the file's other fields."""
    blank: dict[str, Any] = {key: ([] if isinstance(value, list) else None) for key, value in model.items()}
    flags = {key: False for key, value in model.items() if isinstance(value, bool)}
    numbers = {key: 0 for key, value in model.items() if isinstance(value, int) and not isinstance(value, bool)}
    return {
        **blank,
        **flags,
        **numbers,
        "name": EXTERNAL_ID,
        "label": "External ID",
        "type": "string",
        "soapType": "xsd:string",
        "length": 255,
        "byteLength": 765,
        **dict.fromkeys(
            [
                "aggregatable",
                "createable",
                "custom",
                "externalId",
                "filterable",
                "groupable",
                "idLookup",
                "nillable",
                "permissionable",
                "sortable",
                "unique",
                "updateable",
            ],
            True,
        ),
    }


def _organization() -> SObject:
    """A describe for Organization, of which only a record was captured: types are read off its values."""
    record = json.loads((DESCRIBE_DIR / "_organization.json").read_text())
    user = json.loads((DESCRIBE_DIR / "User.json").read_text())
    fields = []
    for name, value in record.items():
        if name == "attributes":
            continue
        kind = {bool: "boolean", int: "int", dict: "address"}.get(type(value), "string")
        kind = "id" if name == "Id" else "datetime" if name.endswith(("Date", "Modstamp")) else kind
        raw = {**_external_id_field(user["fields"][0]), "name": name, "label": name, "type": kind, "custom": False}
        unwritable = ("createable", "updateable", "externalId", "unique", "idLookup")
        fields.append({**raw, **dict.fromkeys(unwritable, False)})
    blank: dict[str, Any] = {key: ([] if isinstance(value, list) else None) for key, value in user.items()}
    flags = {key: key in ("queryable", "retrieveable") for key, value in user.items() if isinstance(value, bool)}
    names = {"name": "Organization", "label": "Organization", "labelPlural": "Organization", "keyPrefix": "00D"}
    urls = {
        "sobject": "/services/data/v59.0/sobjects/Organization",
        "describe": "/services/data/v59.0/sobjects/Organization/describe",
        "rowTemplate": "/services/data/v59.0/sobjects/Organization/{ID}",
    }
    return SObject({**blank, **flags, **names, "urls": urls, "fields": fields})


def _field(raw: dict[str, Any]) -> Field:
    values = frozenset(entry["value"] for entry in raw["picklistValues"] if entry["active"])
    return Field(
        name=raw["name"],
        label=raw["label"],
        type=raw["type"],
        length=raw["length"],
        nillable=raw["nillable"],
        createable=raw["createable"],
        updateable=raw["updateable"],
        defaulted=raw["defaultedOnCreate"],
        default_value=raw["defaultValue"],
        restricted=raw["restrictedPicklist"],
        picklist=values,
        reference_to=tuple(raw["referenceTo"]),
        relationship=raw["relationshipName"],
        precision=raw["precision"],
        scale=raw["scale"],
        digits=raw["digits"],
        unique=raw["unique"],
        external_id=raw["externalId"],
        id_lookup=raw["idLookup"],
        compound=raw.get("compoundFieldName"),
        custom=raw["custom"],
    )


def _localise(body: dict[str, Any], version: str, base_url: str) -> bytes:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    text = _VERSION_IN_URL.sub(f"/services/data/v{version}/", text).replace(_RECORDED_HOST, base_url)
    return text.encode()
