"""What the event endpoint answers, from the request's bytes to the response's.

It stands apart from the frameworks that lead to it: what they do for every request costs more than the rest.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from lib import json_body, json_bounds, request_headers, stopping
from lib.errors import IsthmusError
from projects.refusals import UNEXPECTED, refusal_of
from projects.user_tokens import UserToken, token_in, verify_user_token
from workflows.errors import BadEvent
from workflows.intake.grouping import receive_with_others
from workflows.intake.planning import NOT_SELECTED, Selection
from workflows.intake.receiving import Arrival
from workflows.metrics import counting

log = logging.getLogger("workflows.intake")

MAX_KEY_CHARACTERS = 255
MAX_NAME_CHARACTERS = 120


class EventTooLarge(IsthmusError):
    """An event may be at most 1 MB of JSON. Send an id, and let a step fetch the rest."""

    code, status = "event_too_large", 413


class WebStopping(IsthmusError):
    """This process is about to stop, so the event was not accepted. Try again in a few seconds; another will take it."""

    code, status, retryable = "stopping", 503, True
    retry_after_seconds = 5


@dataclass(frozen=True, slots=True)
class Answered:
    """A response, of whatever server: `body` is JSON."""

    status: int
    body: bytes
    headers: dict[str, str]


def answer(environ: Mapping[str, Any], read: Callable[[int], bytes], project_id: UUID) -> Answered:
    """Take one App Event for the token's user. What is refused is answered, what is unexpected is logged and answered too.

    `environ` names headers as CGI does; `read` gives at most so many bytes of the request's body. Source: PEP 3333.
    """
    began = time.perf_counter()
    try:
        if stopping.has_begun():
            raise WebStopping
        # The token comes first: who may not send an event is not told what is wrong with it.
        token = verify_user_token(token_in(environ.get("HTTP_AUTHORIZATION", "")), project_id)
        arrival, size_bytes = _arrival(environ, read, token)
        received = receive_with_others(arrival, size_bytes=size_bytes)
    except Exception as exc:
        refusal = refusal_of(exc) or UNEXPECTED
        counting.request_answered(refusal.code, time.perf_counter() - began)
        if refusal is UNEXPECTED:
            log.exception("event.crashed", extra={"project": project_id})
        else:
            level = logging.WARNING if refusal.status >= 500 else logging.INFO
            log.log(level, "event.refused", extra={"code": refusal.code, "project": project_id})
        return _answered(refusal.body, refusal.status, refusal.headers)
    counting.request_answered("repeated" if received.is_repetition else "accepted", time.perf_counter() - began)
    return _answered(received.receipt, 201, {"Idempotency-Replayed": "true"} if received.is_repetition else {})


def _answered(body: Any, status: int, headers: dict[str, str]) -> Answered:
    always = {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff"}
    return Answered(status, orjson.dumps(body), always | headers)


def _arrival(environ: Mapping[str, Any], read: Callable[[int], bytes], token: UserToken) -> tuple[Arrival, int]:
    """The event that the request brings, and its size in bytes."""
    body, size_bytes = _json_body(environ, read)
    name, payload = body.get("name"), body.get("payload", {})
    if not isinstance(name, str) or not name.strip():
        raise BadEvent('Name the App Event: {"name": "Lead Created", "payload": {…}}.')
    if len(name.strip()) > MAX_NAME_CHARACTERS:
        raise BadEvent(
            f"An App Event's name has at most {MAX_NAME_CHARACTERS} characters; this one has {len(name.strip())}."
        )
    if payload is None:
        payload = {}
    if not isinstance(payload, dict):
        raise BadEvent('`payload` must be a JSON object, for example {"email": "…"}.')
    key = request_headers.read(environ, "Idempotency-Key")
    if len(key) > MAX_KEY_CHARACTERS:
        raise BadEvent(f"An Idempotency-Key may have at most {MAX_KEY_CHARACTERS} characters; this one has {len(key)}.")
    credential = request_headers.read(environ, "X-Paragon-Credential")
    configuration = request_headers.read(environ, "X-Paragon-Configuration-Id")
    selection = Selection(credential, configuration) if credential or configuration else NOT_SELECTED
    return Arrival(token, name.strip(), payload, key, selection), size_bytes


def _json_body(environ: Mapping[str, Any], read: Callable[[int], bytes]) -> tuple[dict[str, Any], int]:
    try:
        raw = json_body.read_bytes(environ, read, max_bytes=settings.EVENT_MAX_BYTES)
        body = json_bounds.read(raw)
    except json_body.BodyTooLarge as exc:
        raise EventTooLarge(**exc.ids) from exc
    except json_bounds.BadJson as exc:
        raise BadEvent(exc.message, **exc.ids) from exc
    if not isinstance(body, dict):
        raise BadEvent('The body must be a JSON object: {"name": "Lead Created", "payload": {…}}.')
    return body, len(raw)
