"""Up to 200 records in one call, each with its own result, in the order of the request."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from sandbox_org import ids
from sandbox_org.describing import SObject
from sandbox_org.record import Record
from sandbox_org.rest.calls import ApiCall, ApiReply, flag
from sandbox_org.rest.errors import ApiError, RecordError, RecordRefused, refuse, request_error
from sandbox_org.rest.records import key_field
from sandbox_org.rest.shaping import proper_names, shaped
from sandbox_org.saving import Saved, SeveralMatches, Writer
from sandbox_org.values import ValueUnreadable

MOST_RECORDS = 200
MOST_IDS = 2000
ROLLED_BACK = RecordError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)

SaveOne = Callable[[Writer, SObject, Record], Saved]


def create(call: ApiCall) -> ApiReply:
    """POST /composite/sobjects"""
    return _save_all(call, lambda writer, sobject, record: writer.create(sobject, record), with_created=False)


def update(call: ApiCall) -> ApiReply:
    """PATCH /composite/sobjects"""
    return _save_all(call, _update_one(call), with_created=False)


def upsert(call: ApiCall, object_name: str, field_name: str) -> ApiReply:
    """PATCH /composite/sobjects/Lead/{external-id field}"""
    sobject = call.sobject(object_name)
    key = key_field(sobject, field_name)
    seen: set[str] = set()

    def save(writer: Writer, sobject: SObject, record: Record) -> Saved:
        name = next((name for name in record if name.lower() == key.lower()), None)
        value = record.get(name) if name else None
        rest = {field: each for field, each in record.items() if field != name}
        if value in (None, ""):
            if key != "Id":
                raise refuse("MISSING_ARGUMENT", f"{key} not specified", (key,))
            return writer.create(sobject, rest)
        if key == "Id":
            return _update_one(call)(writer, sobject, record)
        if str(value).lower() in seen:
            raise refuse("DUPLICATE_EXTERNAL_ID", f"Duplicate external id specified: {value}", (key,))
        seen.add(str(value).lower())
        return writer.upsert(sobject, key, str(value), rest)

    return _save_all(call, save, with_created=True, only=sobject)


def delete(call: ApiCall) -> ApiReply:
    """DELETE /composite/sobjects?ids=a,b"""
    wanted = [text.strip() for text in call.params.get("ids", "").split(",") if text.strip()]
    if not wanted:
        raise request_error(400, "INVALID_INPUT", "The ids parameter must name at least one record.")
    _check_size(len(wanted))

    def remove(writer: Writer, text: str) -> Saved:
        record_id = ids.normalise(text)
        if record_id is None:
            raise refuse("MALFORMED_ID", f"malformed id {text}")
        sobject = call.org.catalogue.by_prefix(record_id[:3])
        stored = call.org.store.find(record_id)
        if sobject is None or stored is None:
            raise refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        writer.delete(sobject, stored)
        return Saved(record_id, is_new=False)

    writer = call.writer()
    with call.org.database.all_or_none() as undo:
        results = [_result(lambda text=text: remove(writer, text), False) for text in wanted]  # type: ignore[misc]
        if flag(call.params.get("allOrNone")) and _roll_back(results):
            undo.rollback()
    return ApiReply(200, results)


def retrieve(call: ApiCall, object_name: str) -> ApiReply:
    """GET /composite/sobjects/Lead?ids=&fields=, or POST with both in the body."""
    sobject = call.sobject(object_name)
    if call.method == "POST":
        body = call.json_object()
        wanted, names = list(body.get("ids") or []), ",".join(body.get("fields") or [])
    else:
        wanted = [text for text in call.params.get("ids", "").split(",") if text]
        names = call.params.get("fields", "")
    if not wanted or not names:
        raise request_error(400, "INVALID_INPUT", "The ids and fields parameters are required.")
    if len(wanted) > MOST_IDS:
        raise request_error(400, "LIMIT_EXCEEDED", f"cannot retrieve more than {MOST_IDS} records in this call")
    fields = proper_names(sobject, names)
    found: list[Record | None] = []
    for text in wanted:
        record_id = ids.normalise(str(text))
        if record_id is None:
            raise request_error(400, "MALFORMED_ID", f"malformed id {text}")
        stored = call.org.store.find(record_id, sobject.name)
        is_there = stored is not None and not stored.is_deleted
        found.append(shaped(sobject, call.version, stored.body, fields) if stored and is_there else None)
    return ApiReply(200, found)


def objects_named(body: Any) -> Iterator[str]:
    """The types of the records in a collections body, for whoever must know before it is handled."""
    for record in body.get("records", []) if isinstance(body, dict) else []:
        if isinstance(record, dict) and isinstance(record.get("attributes"), dict):
            yield str(record["attributes"].get("type"))


def _update_one(call: ApiCall) -> SaveOne:
    def save(writer: Writer, sobject: SObject, record: Record) -> Saved:
        text = record.get("id") or record.get("Id")
        if not text:
            raise refuse("MISSING_ARGUMENT", "Id not specified in an update call", ("Id",))
        record_id = ids.normalise(str(text))
        if record_id is None or record_id[:3] != sobject.key_prefix:
            raise refuse("MALFORMED_ID", f"{sobject.label} ID: id value of incorrect type: {text}", ("Id",))
        stored = call.org.store.find(record_id, sobject.name)
        if stored is None:
            raise refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        return writer.update(sobject, stored, {key: each for key, each in record.items() if key not in ("id", "Id")})

    return save


def _save_all(call: ApiCall, save: SaveOne, *, with_created: bool, only: SObject | None = None) -> ApiReply:
    """Save each record of the body; with allOrNone, all of them or none."""
    body = call.json_object()
    records = body.get("records")
    if not isinstance(records, list) or not records:
        raise request_error(400, "INVALID_INPUT", "The records property must be a list of at least one record.")
    _check_size(len(records))
    typed = [(_type_of(call, record, only), record) for record in records]
    writer = call.writer()
    results: list[dict[str, Any]] = []
    try:
        with call.org.database.all_or_none() as undo:
            for sobject, chunk in groupby(typed, key=lambda pair: pair[0]):
                members = [record for _, record in chunk]
                results += _save_chunk(writer, sobject, members, save, with_created=with_created)
            if flag(body.get("allOrNone")) and _roll_back(results):
                undo.rollback()
    except ValueUnreadable as error:
        raise call.unreadable(error) from None
    return ApiReply(200, results)


def _save_chunk(
    writer: Writer, sobject: SObject, records: list[Record], save: SaveOne, *, with_created: bool
) -> list[dict[str, Any]]:
    """The records of one type that stand together: a failing trigger of the org fails them all."""
    if writer.is_poisoned(sobject, records):
        return [{"success": False, "errors": [writer.poison_error().as_item_error()]} for _ in records]
    return [
        _result(lambda record=record: save(writer, sobject, record), with_created)  # type: ignore[misc]
        for record in records
    ]


def _result(save: Callable[[], Saved], with_created: bool) -> dict[str, Any]:
    """One item of the reply: a failed one has no id."""
    try:
        saved = save()
    except RecordRefused as refusal:
        return {"success": False, "errors": [error.as_item_error() for error in refusal.errors]}
    except SeveralMatches as several:
        message = f"more than one record found for external id field: [{', '.join(several.ids)}]"
        return {"success": False, "errors": [RecordError("DUPLICATE_EXTERNAL_ID", message).as_item_error()]}
    result: dict[str, Any] = {"id": saved.id, "success": True, "errors": []}
    if with_created:
        result["created"] = saved.is_new
    return result


def _roll_back(results: list[dict[str, Any]]) -> bool:
    """Turn the successes among `results` into rolled-back failures, if any item failed."""
    if all(result["success"] for result in results):
        return False
    for result in results:
        if result["success"]:
            created = {"created": result["created"]} if "created" in result else {}
            result.clear()
            result.update({"success": False, "errors": [ROLLED_BACK.as_item_error()], **created})
    return True


def _type_of(call: ApiCall, record: Any, only: SObject | None) -> SObject:
    described = record.get("attributes") if isinstance(record, dict) else None
    name = described.get("type") if isinstance(described, dict) else None
    if not name:
        raise request_error(400, "INVALID_INPUT", "Each record must name its type in the attributes property.")
    sobject = call.org.sobject(str(name))
    if sobject is None or (only is not None and sobject is not only):
        raise _unknown_type(str(name))
    return sobject


def _unknown_type(name: str) -> ApiError:
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )
    return request_error(400, "INVALID_TYPE", message)


def _check_size(count: int) -> None:
    if count > MOST_RECORDS:
        message = f"record limit reached. cannot submit more than {MOST_RECORDS} records into this call"
        raise request_error(400, "LIMIT_EXCEEDED", message)
