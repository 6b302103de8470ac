"""A stored record as the API shows it."""

from collections.abc import Iterable

from sandbox_org.deriving import compound_address
from sandbox_org.describing import SObject
from sandbox_org.record import Record
from sandbox_org.rest.errors import request_error


def attributes(sobject: SObject, version: str, record_id: str) -> dict[str, str]:
    return {"type": sobject.name, "url": f"/services/data/v{version}/sobjects/{sobject.name}/{record_id}"}


def field_value(sobject: SObject, body: Record, name: str) -> object:
    """The value of a field by its proper name, compound addresses put together."""
    if sobject.fields[name].type == "address":
        return compound_address(name, body)
    return body.get(name)


def shaped(sobject: SObject, version: str, body: Record, names: Iterable[str] | None = None) -> Record:
    """The record with `attributes` and the fields asked for; all of them, nulls included, where `names` is None."""
    record: Record = {"attributes": attributes(sobject, version, body["Id"])}
    for name in sobject.fields if names is None else names:
        record[name] = field_value(sobject, body, name)
    return record


def proper_names(sobject: SObject, text: str) -> list[str]:
    """The fields of a comma-separated list, by their proper names. Raises: ApiError (400) on an unknown one."""
    names = []
    for part in text.split(","):
        if not part.strip():
            continue
        field = sobject.field(part.strip())
        if field is None:
            message = f"No such column '{part.strip()}' on sobject of type {sobject.name}"
            raise request_error(400, "INVALID_FIELD", message)
        names.append(field.name)
    return names
