"""A call to the REST API and its reply, free of the web server: parts of a composite call are made the same way."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox_org.accounts import Account
from sandbox_org.describing import SObject
from sandbox_org.org import Org
from sandbox_org.rest.errors import ApiError, not_found, parser_error, request_error
from sandbox_org.saving import Writer
from sandbox_org.values import ValueUnreadable

EXPECTATIONS = {
    "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
    "Expecting ',' delimiter": "was expecting comma to separate Object entries",
    "Expecting property name enclosed in double quotes": "was expecting double-quote to start field name",
    "Illegal trailing comma before end of object": "was expecting double-quote to start field name",
}
EXPECTED_VALUE = "expected a valid value (number, String, array, object, 'true', 'false' or 'null')"


@dataclass(slots=True)
class ApiCall:
    """One call. `segments` is the path behind the version, decoded; header names are in lower case."""

    org: Org
    account: Account
    method: str
    version: str
    segments: list[str]
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    is_locked: bool = False

    @property
    def data_path(self) -> str:
        return f"/services/data/v{self.version}"

    def json(self) -> Any:
        """The body. Raises: ApiError (400 JSON_PARSER_ERROR) where it is missing or no JSON."""
        if not self.body.strip():
            raise parser_error("The HTTP entity body is required, but this request has no entity body.")
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise parser_error(_parser_message(self.body)) from None

    def json_object(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        body = self.json()
        if not isinstance(body, dict):
            raise parser_error("Unexpected token; the request body must be a JSON object at [line:1, column:1]")
        return body

    def sobject(self, name: str) -> SObject:
        """The object of that name. Raises: ApiError (404) where the org has none."""
        found = self.org.sobject(name)
        if found is None:
            raise not_found()
        return found

    def writer(self) -> Writer:
        """The one who saves for this call's user."""
        options = self.headers.get("sforce-duplicate-rule-header", "").lower().replace(" ", "")
        return Writer(
            self.org,
            self.account.user_id,
            allow_duplicates="allowsave=true" in options,
            is_locked=self.is_locked,
        )

    def unreadable(self, error: ValueUnreadable) -> ApiError:
        """The parser's error for a value of the wrong JSON type, with its place in the body."""
        line, column = _place(self.body, error.field.name)
        return parser_error(f"{error.message()} at [line:{line}, column:{column}]")


@dataclass(slots=True)
class ApiReply:
    """What goes back. `body` is JSON to be, ready bytes, or None for an empty reply."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self, *, pretty: bool = False) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes) and not pretty:
            return self.body
        body = orjson.loads(self.body) if isinstance(self.body, bytes) else self.body
        if pretty:
            return json.dumps(body, indent=2, separators=(",", " : "), ensure_ascii=False).encode()
        return orjson.dumps(body)

    def plain_body(self) -> Any:
        """The body as a value, for a composite reply to hold."""
        return orjson.loads(self.body) if isinstance(self.body, bytes) else self.body


def reply_of(error: ApiError) -> ApiReply:
    return ApiReply(error.status, error.body, error.headers)


def flag(value: Any) -> bool:
    """A boolean as JSON bodies and query strings carry it."""
    return value is True or str(value).lower() == "true"


def whole_number(text: str | None, default: int, name: str) -> int:
    if text is None or text == "":
        return default
    if not text.isdigit():
        raise request_error(400, "INVALID_INPUT", f"{name} must be a whole number")
    return int(text)


def _parser_message(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        place = f"at [line:{error.lineno}, column:{error.colno}]"
        if error.pos >= len(text):
            return f"Unexpected end-of-input: expected close marker for Object {place}"
        character = text[error.pos]
        expected = EXPECTATIONS.get(error.msg, EXPECTED_VALUE)
        return f"Unexpected character ('{character}' (code {ord(character)})): {expected} {place}"
    return "Unexpected character at [line:1, column:1]"


def _place(body: bytes, field_name: str) -> tuple[int, int]:
    """Line and column of a field's value in the body, counted from 1; 1 and 1 where it cannot be found."""
    text = body.decode("utf-8", "replace")
    at = text.find(f'"{field_name}"')
    if at < 0:
        return 1, 1
    at = text.find(":", at) + 1
    while at < len(text) and text[at].isspace():
        at += 1
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
