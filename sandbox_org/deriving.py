"""Fields that the org fills by itself: full names, stages, addresses, defaults that no describe tells."""

from collections.abc import Mapping

from sandbox_org.describing import SObject
from sandbox_org.record import Record

PERSONS = frozenset({"Lead", "Contact", "User"})
STAGES: Mapping[str, tuple[float, str]] = {
    "Prospecting": (10.0, "Pipeline"),
    "Qualification": (10.0, "Pipeline"),
    "Needs Analysis": (20.0, "Pipeline"),
    "Value Proposition": (50.0, "Pipeline"),
    "Id. Decision Makers": (60.0, "Pipeline"),
    "Perception Analysis": (70.0, "Pipeline"),
    "Proposal/Price Quote": (75.0, "Pipeline"),
    "Negotiation/Review": (90.0, "Pipeline"),
    "Closed Won": (100.0, "Closed"),
    "Closed Lost": (0.0, "Omitted"),
}
ADDRESS_PARTS = ("city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street")


def complete_new(sobject: SObject, body: Record) -> None:
    """Fill what a new record gets without being asked."""
    if sobject.name == "Lead":
        body["IsUnreadByOwner"] = True
        body.setdefault("CleanStatus", "Pending")
    elif sobject.name == "Case":
        body["CaseNumber"] = f"{int(body['Id'][6:15], 36) % 10**8:08d}"
    if sobject.name in PERSONS or sobject.name == "Account":
        body["PhotoUrl"] = f"/services/images/photo/{body['Id']}"
    derive(sobject, body, changed=body)


def derive(sobject: SObject, body: Record, *, changed: Record) -> None:
    """Bring the fields that follow from others up to date after `changed` was written into `body`."""
    if sobject.name in PERSONS:
        name = " ".join(part for part in (body.get("FirstName"), body.get("LastName")) if part)
        body["Name"] = name
    elif sobject.name == "Opportunity" and "StageName" in changed:
        probability, category = STAGES.get(body["StageName"], (0.0, "Pipeline"))
        if changed.get("Probability") is None:
            body["Probability"] = probability
        body["ForecastCategory"] = body["ForecastCategoryName"] = category
        body["IsWon"] = body["StageName"] == "Closed Won"
        body["IsClosed"] = body["StageName"].startswith("Closed")
    elif sobject.name == "Task" and "Status" in changed:
        body["IsClosed"] = body.get("Status") == "Completed"
    elif sobject.name == "Case" and "Status" in changed:
        body["IsClosed"] = body.get("Status") == "Closed"


def compound_address(name: str, body: Record) -> Record | None:
    """The value of a compound address field, made of its parts; None where all are empty."""
    prefix = name.removesuffix("Address")
    parts = {part: body.get(prefix + part[0].upper() + part[1:]) for part in ADDRESS_PARTS}
    return parts if any(value is not None for value in parts.values()) else None
