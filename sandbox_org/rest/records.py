"""One record at a time: create, read, update, delete, and upsert by an external id."""

from typing import Any

from sandbox_org import ids
from sandbox_org.describing import SObject
from sandbox_org.rest.calls import ApiCall, ApiReply
from sandbox_org.rest.errors import ApiError, RecordRefused, not_found, request_error
from sandbox_org.rest.shaping import proper_names, shaped
from sandbox_org.saving import LOOKUP_COLUMNS, Saved, SeveralMatches
from sandbox_org.store import StoredRecord
from sandbox_org.values import ValueUnreadable


def create(call: ApiCall, object_name: str) -> ApiReply:
    """POST /sobjects/Lead, and POST /sobjects/Lead/Id, which is an insert through the upsert's path."""
    sobject = call.sobject(object_name)
    sent = call.json_object()
    saved = _saving(call, lambda: call.writer().create(sobject, sent))
    return _created(call, sobject, saved)


def read(call: ApiCall, object_name: str, record_id: str) -> ApiReply:
    """GET /sobjects/Lead/{id}"""
    sobject = call.sobject(object_name)
    stored = _stored(call, sobject, record_id)
    if stored is None or stored.is_deleted:
        raise not_found()
    return ApiReply(200, shaped(sobject, call.version, stored.body, _asked(call, sobject)))


def update(call: ApiCall, object_name: str, record_id: str) -> ApiReply:
    """PATCH /sobjects/Lead/{id}"""
    sobject = call.sobject(object_name)
    sent = call.json_object()
    stored = _stored(call, sobject, record_id)
    if stored is None:
        raise not_found()
    _saving(call, lambda: call.writer().update(sobject, stored, sent))
    return ApiReply(204)


def delete(call: ApiCall, object_name: str, record_id: str) -> ApiReply:
    """DELETE /sobjects/Lead/{id}"""
    sobject = call.sobject(object_name)
    stored = _stored(call, sobject, record_id)
    if stored is None:
        raise not_found()
    try:
        call.writer().delete(sobject, stored)
    except RecordRefused as refusal:
        raise refusal.as_api_error() from None
    return ApiReply(204)


def read_by_key(call: ApiCall, object_name: str, field_name: str, value: str) -> ApiReply:
    """GET /sobjects/Lead/{external-id field}/{value}"""
    sobject = call.sobject(object_name)
    found = call.writer().find_by_key(sobject, key_field(sobject, field_name), value)
    if not found:
        raise not_found()
    if len(found) > 1:
        raise _several(call, sobject, [each.body["Id"] for each in found])
    return ApiReply(200, shaped(sobject, call.version, found[0].body, _asked(call, sobject)))


def upsert(call: ApiCall, object_name: str, field_name: str, value: str) -> ApiReply:
    """PATCH /sobjects/Lead/{external-id field}/{value}"""
    sobject = call.sobject(object_name)
    key = key_field(sobject, field_name)
    sent = call.json_object()
    if any(name.lower() == key.lower() for name in sent):
        message = f"The {key} field should not be specified in the sobject data."
        raise request_error(400, "INVALID_FIELD", message)
    update_only = call.params.get("updateOnly", "").lower() == "true"
    saved = _saving(
        call, lambda: call.writer().upsert(sobject, key, value, sent, update_only=update_only), sobject=sobject
    )
    if saved.is_new:
        return _created(call, sobject, saved, created=True)
    if float(call.version) < 46:
        return ApiReply(204)
    return ApiReply(200, {"id": saved.id, "success": True, "errors": [], "created": False})


def delete_by_key(call: ApiCall, object_name: str, field_name: str, value: str) -> ApiReply:
    """DELETE /sobjects/Lead/{external-id field}/{value}"""
    sobject = call.sobject(object_name)
    found = call.writer().find_by_key(sobject, key_field(sobject, field_name), value)
    if not found:
        raise not_found()
    if len(found) > 1:
        raise _several(call, sobject, [each.body["Id"] for each in found])
    call.writer().delete(sobject, found[0])
    return ApiReply(204)


def key_field(sobject: SObject, name: str) -> str:
    """The proper name of a field that records may be looked up by. Raises: ApiError (404) for any other."""
    field = sobject.field(name)
    is_key = field is not None and (field.external_id or field.id_lookup)
    if field is None or not is_key or (field.name not in LOOKUP_COLUMNS and field.name != "Id"):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return field.name


def _asked(call: ApiCall, sobject: SObject) -> list[str] | None:
    return proper_names(sobject, call.params["fields"]) if call.params.get("fields") else None


def _stored(call: ApiCall, sobject: SObject, text: str) -> StoredRecord | None:
    record_id = ids.normalise(text)
    return call.org.store.find(record_id, sobject.name) if record_id else None


def _saving(call: ApiCall, save: Any, sobject: SObject | None = None) -> Saved:
    """Run one write, its refusals turned into replies."""
    try:
        saved: Saved = save()
        return saved
    except RecordRefused as refusal:
        raise refusal.as_api_error() from None
    except ValueUnreadable as error:
        raise call.unreadable(error) from None
    except SeveralMatches as several:
        assert sobject is not None, "only an upsert meets several records"
        raise _several(call, sobject, several.ids) from None


def _several(call: ApiCall, sobject: SObject, record_ids: list[str]) -> ApiError:
    return ApiError(300, [f"{call.data_path}/sobjects/{sobject.name}/{each}" for each in record_ids])


def _created(call: ApiCall, sobject: SObject, saved: Saved, **more: bool) -> ApiReply:
    location = f"{call.data_path}/sobjects/{sobject.name}/{saved.id}"
    return ApiReply(201, {"id": saved.id, "success": True, "errors": [], **more}, {"Location": location})
