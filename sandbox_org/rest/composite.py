"""Calls within a call: composite with references between its parts, batch without, and trees of records."""

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from sandbox_org.rest import routing
from sandbox_org.rest.calls import ApiCall, ApiReply, flag, reply_of
from sandbox_org.rest.errors import ApiError, RecordRefused, not_found, request_error
from sandbox_org.values import ValueUnreadable

MOST_PARTS = 25
MOST_TREE_RECORDS = 200
REFERENCE = re.compile(r"@\{([^{}]+)\}")
REFERENCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
STEP = re.compile(r"[^.\[\]]+")
ROLLED_BACK = "The transaction was rolled back since another operation in the same transaction failed."


class _BrokenReference(Exception):
    """A reference to a part that failed or has no such value."""


def composite(call: ApiCall) -> ApiReply:
    """POST /composite"""
    body = call.json_object()
    parts = _parts(body, "compositeRequest")
    for part in parts:
        if not REFERENCE_ID.fullmatch(str(part.get("referenceId", ""))):
            message = (
                f"Provided referenceId ('{part.get('referenceId', '')}') must start with a letter or a number, and it "
                "can contain only letters, numbers and underscores ('_')."
            )
            raise request_error(400, "INVALID_INPUT", message)
    results: dict[str, tuple[int, Any]] = {}
    answers: list[dict[str, Any]] = []
    with call.org.database.all_or_none() as undo:
        for part in parts:
            answer = _run_part(call, part, results)
            results[part["referenceId"]] = (answer["httpStatusCode"], answer["body"])
            answers.append(answer)
        if flag(body.get("allOrNone")) and any(answer["httpStatusCode"] >= 400 for answer in answers):
            undo.rollback()
            culprit = next(answer for answer in answers if answer["httpStatusCode"] >= 400)
            answers = [answer if answer is culprit else _halted(answer) for answer in answers]
    return ApiReply(200, {"compositeResponse": answers})


def batch(call: ApiCall) -> ApiReply:
    """POST /composite/batch"""
    body = call.json_object()
    parts = _parts(body, "batchRequests")
    results: list[dict[str, Any]] = []
    is_halted = False
    for part in parts:
        if is_halted:
            message = "Batch processing has halted because the previous subrequest failed"
            error = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": message}]
            results.append({"statusCode": 412, "result": error})
            continue
        reply = _subcall(call, part.get("method", "GET"), str(part.get("url", "")), part.get("richInput"))
        results.append({"statusCode": reply.status, "result": reply.plain_body()})
        is_halted = reply.status >= 400 and flag(body.get("haltOnError"))
    has_errors = any(result["statusCode"] >= 400 for result in results)
    return ApiReply(200, {"hasErrors": has_errors, "results": results})


def tree(call: ApiCall, object_name: str) -> ApiReply:
    """POST /composite/tree/Lead: nested records, all or nothing."""
    sobject = call.sobject(object_name)
    results: list[dict[str, Any]] = []
    with call.org.database.all_or_none() as undo:
        _plant(call, sobject.name, call.json_object().get("records"), {}, results)
        failed = [result for result in results if "errors" in result]
        if failed:
            undo.rollback()
            return ApiReply(400, {"hasErrors": True, "results": failed})
    return ApiReply(201, {"hasErrors": False, "results": results})


def _parts(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The subrequests of a body. Raises: ApiError (400) where they are none, too many, or no objects."""
    parts = body.get(key)
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise request_error(400, "INVALID_INPUT", f"The {key} property must be a list of subrequests.")
    if len(parts) > MOST_PARTS:
        raise request_error(400, "LIMIT_EXCEEDED", f"Limit exceeded: {key} may hold {MOST_PARTS} subrequests")
    return parts


def _plant(
    call: ApiCall, object_name: str, records: Any, parent: dict[str, str], results: list[dict[str, Any]]
) -> None:
    """Save one level of a tree and, below each record, its children."""
    is_list = isinstance(records, list) and all(isinstance(record, dict) for record in records)
    if not is_list or len(results) + len(records) > MOST_TREE_RECORDS:
        raise request_error(400, "INVALID_INPUT", f"A tree is a list of records, {MOST_TREE_RECORDS} in all.")
    sobject = call.sobject(object_name)
    for record in records:
        described = record.get("attributes")
        reference = described.get("referenceId", "") if isinstance(described, dict) else ""
        nested = {key: value for key, value in record.items() if isinstance(value, dict) and "records" in value}
        own = {key: value for key, value in record.items() if key not in nested}
        try:
            saved = call.writer().create(sobject, {**own, **parent})
        except RecordRefused as refusal:
            errors = [error.as_item_error() for error in refusal.errors]
            results.append({"referenceId": reference, "errors": errors})
            continue
        except ValueUnreadable as error:
            raise call.unreadable(error) from None
        results.append({"referenceId": reference, "id": saved.id})
        for relationship, children in nested.items():
            relation = sobject.children(relationship)
            if relation is None:
                message = f"No such column '{relationship}' on sobject of type {sobject.name}"
                raise request_error(400, "INVALID_FIELD", message)
            _plant(call, relation.child, children["records"], {relation.field: saved.id}, results)


def _run_part(call: ApiCall, part: dict[str, Any], results: dict[str, tuple[int, Any]]) -> dict[str, Any]:
    try:
        url = _filled(str(part.get("url", "")), results)
        body = _filled_body(part.get("body"), results)
        reply = _subcall(call, part.get("method", "GET"), url, body, part.get("httpHeaders"))
    except _BrokenReference as broken:
        reply = ApiReply(400, [{"errorCode": "PROCESSING_HALTED", "message": str(broken)}])
    return {
        "body": reply.plain_body(),
        "httpHeaders": reply.headers,
        "httpStatusCode": reply.status,
        "referenceId": part["referenceId"],
    }


def _subcall(call: ApiCall, method: str, url: str, body: Any, headers: Any = None) -> ApiReply:
    """Make the call that a part describes: `/services/data/v59.0/…`, or from `v59.0/…` on in a batch."""
    try:
        split = urlsplit(url.replace(" ", "%20"))
    except ValueError:
        return reply_of(not_found())
    segments = [unquote(segment) for segment in split.path.split("/") if segment]
    if segments[:2] == ["services", "data"]:
        segments = segments[2:]
    version = segments.pop(0).removeprefix("v") if segments and re.fullmatch(r"v\d+\.0", segments[0]) else call.version
    extra = {str(name).lower(): str(value) for name, value in (headers if isinstance(headers, dict) else {}).items()}
    part = ApiCall(
        org=call.org,
        account=call.account,
        method=str(method).upper(),
        version=version,
        segments=segments,
        params=dict(parse_qsl(split.query, keep_blank_values=True)),
        headers={**{name: value for name, value in call.headers.items() if name.startswith("sforce-")}, **extra},
        body=b"" if body is None else orjson.dumps(body),
        base_url=call.base_url,
        is_locked=call.is_locked,
    )
    try:
        return routing.answer(part)
    except ApiError as error:
        return reply_of(error)


def _filled_body(value: Any, results: dict[str, tuple[int, Any]]) -> Any:
    """A body with its references replaced by the values of earlier parts."""
    if isinstance(value, str):
        return _filled(value, results)
    if isinstance(value, list):
        return [_filled_body(each, results) for each in value]
    if isinstance(value, dict):
        return {key: _filled_body(each, results) for key, each in value.items()}
    return value


def _filled(text: str, results: dict[str, tuple[int, Any]]) -> str:
    return REFERENCE.sub(lambda match: _looked_up(match[1], results), text)


def _looked_up(path: str, results: dict[str, tuple[int, Any]]) -> str:
    """The value behind `ref.id`, `ref[0].id` or `ref.records[0].Id`."""
    name, *steps = STEP.findall(path)
    status, value = results.get(name, (404, None))
    try:
        if status >= 400:
            raise KeyError(name)
        for step in steps:
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (KeyError, IndexError, ValueError, TypeError):
        message = (
            f"Invalid reference specified. No value for {path} found in {name}. Provided referenceId ('{name}') must "
            "start with a letter or a number, and it can contain only letters, numbers and underscores ('_')."
        )
        raise _BrokenReference(message) from None
    return str(value)


def _halted(answer: dict[str, Any]) -> dict[str, Any]:
    body = [{"errorCode": "PROCESSING_HALTED", "message": ROLLED_BACK}]
    return {**answer, "body": body, "httpHeaders": {}, "httpStatusCode": 400}
