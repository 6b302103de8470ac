"""The door of the REST API: who calls, whether a fault is due, and the way back out; the handlers stay free of HTTP."""

import asyncio
import gzip
import logging
import re
import time
import zlib
from contextlib import suppress
from urllib.parse import parse_qsl, unquote

import orjson
from starlette.types import Receive, Scope, Send

from sandbox_org.faults import DATA_RESOURCES, Fault, Target
from sandbox_org.oauth.tokens import AccessToken
from sandbox_org.org import Org
from sandbox_org.rest import discovery, routing
from sandbox_org.rest.calls import ApiCall, ApiReply, reply_of
from sandbox_org.rest.collections import objects_named
from sandbox_org.rest.errors import ApiError, invalid_session, request_error
from sandbox_org.serving import cut_connection

JSON_TYPE = b"application/json;charset=UTF-8"
STANDARD_HEADERS = [
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-xss-protection", b"1; mode=block"),
    (b"x-robots-tag", b"none"),
    (b"cache-control", b"no-cache,must-revalidate,max-age=0,no-store,private"),
    (b"vary", b"Accept-Encoding"),
]
UNEXPECTED = (
    "An unexpected error occurred. Please include this ErrorId if you contact support: 1234567-89012 (-1234567890)"
)
USAGE = "Sforce-Limit-Info"
MOST_BODY_BYTES = 50_000_000
GZIP_FROM_BYTES = 20_000
MOST_URI_BYTES = 16_384
VERSION = re.compile(r"v(\d+)\.0")
FROM_OBJECT = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)
UNAVAILABLE_HTML = (
    b"<html><head><title>Service Unavailable</title></head><body><h1>Server Unavailable</h1></body></html>"
)


log = logging.getLogger(__name__)


class _Cut(Exception):
    """The connection is to be cut without an answer."""


class DataGateway:
    """The ASGI app under `/services/data`."""

    def __init__(self, org: Org) -> None:
        self._org = org

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        is_pretty = headers.get("x-prettyprint") == "1"
        try:
            reply = await self._reply(scope, receive, headers)
        except ApiError as error:
            reply = reply_of(error)
        except _Cut:
            self._org.counts.cut()
            await cut_connection(scope, receive)
            return
        except Exception:
            log.exception("gateway.failed", extra={"path": scope["path"]})
            reply = reply_of(request_error(500, "UNKNOWN_EXCEPTION", UNEXPECTED))
        self._org.counts.answered(reply.status)
        await self._send(send, scope["method"], headers, reply, is_pretty)

    async def _reply(self, scope: Scope, receive: Receive, headers: dict[str, str]) -> ApiReply:
        raw_path = scope["raw_path"].decode("latin-1")
        if len(raw_path) + len(scope["query_string"]) > MOST_URI_BYTES:
            raise request_error(414, "URI_TOO_LONG", "The URI is longer than 16,384 bytes.")
        segments = [unquote(segment) for segment in raw_path.split("/") if segment][2:]
        if not segments:
            return ApiReply(200, discovery.versions())
        match = VERSION.fullmatch(segments[0])
        if match is None or int(match[1]) > discovery.NEWEST:
            raise ApiError(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])
        if int(match[1]) < discovery.OLDEST:
            raise request_error(410, "UNSUPPORTED_API_VERSION", f"API version {segments[0][1:]} is retired.")
        body = await _read_body(receive, headers)
        token = self._token(headers)
        account = self._org.accounts.by_id(token.approval.user_id)
        if account is None:
            raise invalid_session()
        _check_media_type(headers, body)
        host = headers.get("host", "127.0.0.1")
        call = ApiCall(
            org=self._org,
            account=account,
            method=scope["method"],
            version=segments[0][1:],
            segments=segments[1:],
            params=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers=headers,
            body=body,
            base_url=f"{scope['scheme']}://{host}",
        )
        with self._org.counts.under_way(account.username):
            return await self._answer(call, token)

    async def _answer(self, call: ApiCall, token: AccessToken) -> ApiReply:
        org = self._org
        route = routing.find(call.segments)
        resource = route.resource if route else "unknown"
        org.counts.called(call.method, resource, call.account.username)
        if org.counts.api_used >= org.switches.api_limit:
            raise self._limit_exceeded()
        org.counts.api_used += 1
        if not org.faults:
            token.calls += 1
            return routing.answer(call, route)
        target = Target(resource, call.method, call.account.username, self._objects(call))
        await self._before(call, token, target)
        token.calls += 1
        cut = org.faults.fire(target, ("cut_after_commit",))
        try:
            reply = routing.answer(call, route)
        except ApiError as error:
            reply = reply_of(error)
        if cut is not None:
            org.database.commit()
            raise _Cut
        return reply

    async def _before(self, call: ApiCall, token: AccessToken, target: Target) -> None:
        """The faults that strike before the call is handled. Raises: ApiError or _Cut."""
        faults = self._org.faults
        if self._is_to_expire(token, target):
            self._org.tokens.expire(token)
            raise invalid_session()
        slow = faults.fire(target, ("slow",))
        if slow is not None:
            await asyncio.sleep(slow.ms / 1000)
        if (unavailable := faults.fire(target, ("unavailable",))) is not None:
            raise _unavailable(unavailable)
        if (limited := faults.fire(target, ("rate_limit",))) is not None:
            raise self._limit_exceeded(limited)
        if faults.fire(target, ("cut_before_commit",)) is not None:
            raise _Cut
        call.is_locked = faults.fire(target, ("lock_rows",)) is not None

    def _is_to_expire(self, token: AccessToken, target: Target) -> bool:
        """Whether an armed expiry strikes. A token just issued gets one call through: clients loop otherwise."""
        faults = self._org.faults
        expiry = faults.could_fire(target, "expire_tokens")
        if expiry is None or target.resource not in DATA_RESOURCES:
            return False
        is_fresh = token.calls == 0 and token.issued_at >= expiry.armed_at
        return not is_fresh and faults.fire(target, ("expire_tokens",)) is not None

    def _limit_exceeded(self, fault: Fault | None = None) -> ApiError:
        """403 and a spent counter, as an org sends it; where the fault asks for 429, too much just now: Retry-After says."""
        body = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
        status, most = fault.http if fault else 403, self._org.switches.api_limit
        headers = {} if status == 429 else {USAGE: f"api-usage={most}/{most}"}
        if fault is not None and fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        return ApiError(status, body, headers)

    def _token(self, headers: dict[str, str]) -> AccessToken:
        """The living access token of the call. Raises: ApiError (401)."""
        scheme, _, text = headers.get("authorization", "").partition(" ")
        if scheme.lower() not in ("bearer", "oauth"):
            if scheme:
                raise request_error(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
            raise invalid_session()
        token = self._org.tokens.access(text.strip())
        if token is None or not token.is_alive(self._org.switches.access_token_seconds, time.time()):
            raise invalid_session()
        return token

    def _objects(self, call: ApiCall) -> frozenset[str]:
        """The objects that a call is about; looked into only where a fault asks for it."""
        if not self._org.faults.looks_at_objects:
            return frozenset()
        names = set(call.segments)
        query = FROM_OBJECT.search(call.params.get("q", ""))
        if query:
            names.add(query[1])
        if call.segments[:2] == ["composite", "sobjects"] and call.body:
            with suppress(orjson.JSONDecodeError):
                names.update(objects_named(orjson.loads(call.body)))
        return frozenset(names)

    async def _send(self, send: Send, method: str, headers: dict[str, str], reply: ApiReply, is_pretty: bool) -> None:
        counts = self._org.counts
        is_raw = isinstance(reply.body, bytes) and "content-type" in reply.headers
        body = reply.body if is_raw else reply.encoded(pretty=is_pretty)
        sent = list(STANDARD_HEADERS)
        if USAGE not in reply.headers:
            usage = f"api-usage={counts.api_used}/{self._org.switches.api_limit}"
            sent.append((b"sforce-limit-info", usage.encode()))
        if body and not is_raw:
            sent.append((b"content-type", JSON_TYPE))
        if len(body) > GZIP_FROM_BYTES and "gzip" in headers.get("accept-encoding", ""):
            body = gzip.compress(body, compresslevel=1)
            sent.append((b"content-encoding", b"gzip"))
        sent += [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
        if reply.status not in (204, 304):
            sent.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": sent})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def _read_body(receive: Receive, headers: dict[str, str]) -> bytes:
    """The body, chunked or not, unpacked. Raises: ApiError (413, 400)."""
    chunks = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MOST_BODY_BYTES:
            raise request_error(413, "REQUEST_ENTITY_TOO_LARGE", "The request body is larger than 50 MB.")
        if not message.get("more_body"):
            break
    body = b"".join(chunks)
    if headers.get("content-encoding", "").lower() == "gzip" and body:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            body = unpacker.decompress(body, MOST_BODY_BYTES)
        except zlib.error:
            raise request_error(400, "JSON_PARSER_ERROR", "The gzip content encoding cannot be read.") from None
    return body


def _check_media_type(headers: dict[str, str], body: bytes) -> None:
    if not body:
        return
    media_type = headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type and media_type not in ("application/json", "application/x-www-form-urlencoded"):
        message = f"Content-Type header specified in HTTP request is not supported: {media_type}"
        raise request_error(415, "UNSUPPORTED_MEDIA_TYPE", message)


def _unavailable(fault: Fault) -> ApiError:
    error = {"message": "Server Unavailable", "errorCode": "SERVER_UNAVAILABLE"}
    if fault.status == 500:
        error = {"message": UNEXPECTED, "errorCode": "UNKNOWN_EXCEPTION"}
    if fault.body == "html":
        return ApiError(fault.status, UNAVAILABLE_HTML, {"content-type": "text/html;charset=UTF-8"})
    if fault.body == "empty":
        return ApiError(fault.status, None)
    return ApiError(fault.status, error if fault.body == "object" else [error])
