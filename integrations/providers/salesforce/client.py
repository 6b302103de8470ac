"""The client of one credential's org: simple-salesforce over a pooled session that renews its own access."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests
from django.conf import settings
from django.utils import timezone
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

from integrations import budgeting, reachability, refreshing
from integrations.errors import CredentialRevoked, NeverSent, ProviderError
from integrations.models import Credential
from integrations.providers.base import JSON, Connection
from integrations.providers.salesforce import replies, transport
from integrations.providers.salesforce.describe import OrgSchemas, fields_by_name, forget
from integrations.providers.salesforce.replies import Reply

log = logging.getLogger(__name__)

LIMITS_WRITTEN_EVERY: Final = timedelta(seconds=10)
DESCRIBED_FOR_SECONDS: Final = 60.0
ASKED_EVERY_SECONDS: Final = 600.0
"""How often one process asks an org again for a record type whose kept describe lacks a field."""
RENEWALS: Final = 2
"""For one request: the first may only bring the token that another process got, and that one may have expired as well."""
_NO_API_SCOPE: Final = "not valid for use with the REST API"


@dataclass(frozen=True, slots=True)
class Access:
    """An access token, where it is good, and the count of refreshes that it belongs to."""

    token: str = field(repr=False)
    version: int
    instance_url: str


def access_of(credential: Credential) -> Access:
    url = str(credential.provider_data.get("instance_url") or "").rstrip("/")
    return Access(credential.tokens["access_token"], credential.tokens_version, url)


def _seal_of(credential: Credential) -> tuple[str, JSON]:
    """What an access is made of, still sealed: to compare costs less than to unseal."""
    return credential.tokens_sealed, credential.provider_data.get("instance_url")


class RequestRefused(ProviderError):
    """Salesforce answered a read with an error; `reply` has it."""

    code = "request_refused"

    def __init__(self, reply: Reply) -> None:
        error = reply.errors[0]
        super().__init__(f"{error.code}: {error.message}", status=reply.status, error_code=error.code)
        self.reply = reply


class OrgSession(requests.Session):
    """Sends each request to where the org is now, with the token of now; on any 401 it gets a new one and replays.

    simple-salesforce builds https URLs from the host it was first given. Only their path and query are used here, so that
    an org that moves at a refresh, and a local one without TLS, are reached as well. A 401 says that nothing was done,
    hence the replay is safe for writes too.
    """

    def __init__(self, connection: SalesforceConnection) -> None:
        super().__init__()
        self._connection = connection
        transport.prepare(self, connection.access.instance_url)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        parts = urlsplit(str(url))
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        access = self._connection.access
        answer = self._sent(access, str(method), target, options)
        for _ in range(RENEWALS):
            if answer.status_code != 401 or _NO_API_SCOPE in answer.text:
                break
            access = self._connection.renewed(access)
            answer = self._sent(access, str(method), target, options)
        if answer.status_code == 401:
            refreshing.give_up(self._connection.credential.pk, version=access.version, reason=_reason_of_401(answer))
        return answer

    def _sent(self, access: Access, method: str, target: str, options: dict[str, Any]) -> requests.Response:
        headers = dict(options.get("headers") or {}) | {"Authorization": f"Bearer {access.token}"}
        headers.pop("X-PrettyPrint", None)
        try:
            answer = transport.send(self, method, access.instance_url + target, **(options | {"headers": headers}))
        except NeverSent as error:
            reachability.note_unreachable(self._connection.credential, error.message)
            raise
        self._connection.note(answer)
        return answer


@dataclass
class SalesforceConnection(Connection):
    """A live connection to one org; threads may share it."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.access, self._access_seal = access_of(self.credential), _seal_of(self.credential)
        self.clock_offset: timedelta | None = None
        """How far Salesforce's clock is ahead of ours, from its last answer."""
        self._limits_written_at: datetime | None = None
        self._limits_written = 0
        self._calls_unwritten = 0
        self._described: dict[str, tuple[float, Mapping[str, JSON] | None]] = {}
        self._asked_at: dict[str, float] = {}
        self._session = OrgSession(self)
        self.salesforce = Salesforce(
            instance_url=self.access.instance_url or "https://unknown.invalid",
            session_id=self.access.token,
            version=settings.SALESFORCE_API_VERSION,
            session=self._session,
            object_pairs_hook=dict,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        json: JSON = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Reply:
        """One REST request below /services/data/vNN.0/ ("sobjects/Lead"); a refusal is a Reply too, not an exception.

        Raises: NeverSent, AnswerLost, CredentialRevoked, ClientRefused or ProviderUnavailable (at a refresh).
        """
        answers: list[requests.Response] = []
        options: dict[str, Any] = {"hooks": {"response": lambda answer, *_, **__: answers.append(answer)}}
        if json is not None:
            options["data"] = orjson.dumps(json)
        if headers:
            options["headers"] = headers
        try:
            self.salesforce.restful(path, params=params, method=method, **options)
        except (SalesforceError, ValueError, TypeError):
            # The answer itself says more than the exception: simple-salesforce drops its headers, and fails on a body
            # that is not JSON. Without an answer it was no answer's fault.
            if not answers:
                raise
        return replies.read(answers[-1])

    def get(self, path: str, **params: str) -> JSON:
        """The body of a GET. Raises RequestRefused, and as `request`."""
        reply = self.request("GET", path, params=params)
        if not reply.is_ok:
            raise RequestRefused(reply)
        return reply.body

    def query(self, soql: str) -> list[dict[str, JSON]]:
        """All records of a query, page by page. Raises as `get`."""
        page = self.get("query/", q=soql)
        records = list(page.get("records", []))
        while not page.get("done", True) and page.get("nextRecordsUrl"):
            page = self.get("query/" + str(page["nextRecordsUrl"]).rstrip("/").rpartition("/")[2])
            records += page.get("records", [])
        return records

    @property
    def schemas(self) -> OrgSchemas:
        """The org's record types, as kept or asked anew."""
        return OrgSchemas(self.credential, self.get)

    def described(self, record_type: str, fields: Collection[str | None] = ()) -> Mapping[str, JSON] | None:
        """Return the record type as it is kept, read from the database at most once a minute.

        Where that does not list one of `fields`, whose type then would not be known, the org is asked, unless that was done
        a short while ago.
        """
        read_at, found = self._described.get(record_type, (None, None))
        now = time.monotonic()
        if read_at is None or now - read_at > DESCRIBED_FOR_SECONDS:
            found = self.schemas.kept(record_type)
            self._described[record_type] = (now, found)
        if fields and not fields_by_name(found).keys() >= set(fields):
            asked_at = self._asked_at.get(record_type)
            if asked_at is None or now - asked_at > ASKED_EVERY_SECONDS:
                self._asked_at[record_type] = now
                found = self.schemas.describe(record_type) or found
                self._described[record_type] = (now, found)
        return found

    def forget_described(self, record_type: str) -> None:
        """Have it read again before it is next used, as after INVALID_FIELD."""
        self._described.pop(record_type, None)
        forget(self.credential, record_type)

    def record_url(self, record_id: str) -> str:
        """Where a person sees the record."""
        return f"{self.access.instance_url}/{record_id}"

    # What follows is for the session and the pool.

    def adopt(self, credential: Credential) -> None:
        """Take over the row as just read, and its tokens where they are newer."""
        with self._lock:
            budgeting.keep_newer_count(credential, self.credential)
            self.credential = credential
            if credential.tokens_version >= self.access.version and _seal_of(credential) != self._access_seal:
                self.access, self._access_seal = access_of(credential), _seal_of(credential)

    def renewed(self, stale: Access) -> Access:
        """A fresh access in place of `stale`: another thread's or process's, if it has been faster, else our own."""
        if self.access.version > stale.version:
            return self.access
        credential = refreshing.refresh(self.credential.pk, stale_version=stale.version)
        if not credential.tokens["access_token"]:
            raise CredentialRevoked(credential_id=str(credential.pk))
        self.adopt(credential)
        return self.access

    def note(self, answer: requests.Response) -> None:
        """Count the call, and remember the org's limits and clock."""
        now = timezone.now()
        used_and_limit = replies.usage(answer)
        if answer.status_code != 401:  # after which the log-in is renewed, at another host
            reachability.note_reached(self.credential)
        with self._lock:
            if answer.status_code != 401:
                self.calls += 1
                self._calls_unwritten += 1
            if served_at := replies.server_time(answer):
                self.clock_offset = served_at - now
            if used_and_limit is None:
                return
            self.credential.api_used, self.credential.api_limit = used_and_limit
            self.credential.api_checked_at = now
            if not self._is_worth_writing(used_and_limit, now):
                return
            self._limits_written_at, self._limits_written = now, used_and_limit[0]
            credential, (used, limit) = self.credential, used_and_limit
            own_calls, self._calls_unwritten = self._calls_unwritten, 0
        budgeting.note(credential, used=used, limit=limit, own_calls=own_calls, now=now)

    def _is_worth_writing(self, used_and_limit: tuple[int, int], now: datetime) -> bool:
        """Every few seconds, and at once when half a percent of the limit has gone since, or its last: the engine's budget
        reads it."""
        used, limit = used_and_limit
        if self._limits_written_at is None or now - self._limits_written_at >= LIMITS_WRITTEN_EVERY:
            return True
        if used >= limit > self._limits_written:
            return True
        return abs(used - self._limits_written) * 200 >= limit


def _reason_of_401(answer: requests.Response) -> str:
    if _NO_API_SCOPE in answer.text:
        return "The log-in does not include the right to use Salesforce's API (scope “api”); connect again with it."
    return "Salesforce accepts neither the log-in nor its renewal any more. Connect again."
