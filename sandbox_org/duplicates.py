"""The duplicate rule of the org, off at first: a Lead or Contact whose e-mail another one has is refused."""

from typing import TYPE_CHECKING, Any

from sandbox_org.describing import SObject
from sandbox_org.record import Record
from sandbox_org.rest.errors import RecordError, RecordRefused
from sandbox_org.store import StoredRecord

if TYPE_CHECKING:
    from sandbox_org.org import Org

MATCHED_OBJECTS = ("Lead", "Contact")
MESSAGE = "Use one of these records?"


def check(org: "Org", sobject: SObject, body: Record, stored: StoredRecord | None, *, allow_save: bool) -> None:
    """Refuse a duplicate. Switched on by `{"duplicate_rules": {"Lead": {"allow_save": true}}}` in the settings.

    With `allow_save` in the rule, the caller's header lets the record through. Raises: RecordRefused.
    """
    rule = org.switches.duplicate_rules.get(sobject.name)
    email = body.get("Email")
    if rule is None or not email or sobject.name not in MATCHED_OBJECTS:
        return
    may_save = bool(rule.get("allow_save", True))
    if may_save and allow_save:
        return
    for name in MATCHED_OBJECTS:
        found = [each for each in org.store.matching(name, "email", str(email)) if not stored or each.seq != stored.seq]
        if found:
            detail = {"duplicateResut": _result(sobject.name, name, found, may_save=may_save)}
            raise RecordRefused([RecordError("DUPLICATES_DETECTED", MESSAGE, None, detail)])


def _result(object_name: str, matched: str, found: list[StoredRecord], *, may_save: bool) -> dict[str, Any]:
    """The match details. The real reply misspells its own key, `duplicateResut`, and clients count on it."""
    records = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {"type": matched, "url": f"/services/data/v59.0/sobjects/{matched}/{each.body['Id']}"},
                "Id": each.body["Id"],
            },
        }
        for each in found
    ]
    match = {
        "entityType": matched,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": records,
        "rule": f"Standard_{matched}_Match_Rule_v1_0",
        "size": len(records),
        "success": True,
    }
    return {
        "allowSave": may_save,
        "duplicateRule": f"Standard_{object_name}_Duplicate_Rule",
        "duplicateRuleEntityType": object_name,
        "errorMessage": MESSAGE,
        "matchResults": [match],
    }
