"""Record types and their fields: Salesforce's standard objects, or an org's own describe, kept for an hour."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.utils import timezone

from integrations.errors import ProviderError
from integrations.models import Credential, DescribedObject
from integrations.providers.base import JSON, InputChoice, ObjectSchemas
from integrations.providers.salesforce.compact import OBJECT_KEYS, compact_object

log = logging.getLogger(__name__)

KEPT_FOR: Final = timedelta(hours=1)
COMMON_FIRST: Final = ("Lead", "Contact", "Account", "Opportunity", "Case", "Task", "Event", "Campaign")
BUILT_IN_SOURCE: Final = "Salesforce's standard objects"
_BUILT_IN: Final = Path(__file__).parent / "describes"
_API_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}\Z")
_LIST: Final = ""
"""The name under which DescribedObject keeps the list of objects."""
_MACHINERY: Final = re.compile(r"(History|Feed|Share|Tag|ChangeEvent|__e|__mdt|__x)\Z")
"""Objects that no builder wants to create records of, though Salesforce calls them createable."""


@cache
def _built_in(name: str) -> Mapping[str, JSON] | None:
    if not _API_NAME.match(name):
        return None
    path = _BUILT_IN / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


@cache
def _built_in_types() -> tuple[InputChoice, ...]:
    described = [json.loads(path.read_text()) for path in sorted(_BUILT_IN.glob("*.json"))]
    return _as_choices(described)


def _as_choices(objects: Sequence[Mapping[str, JSON]]) -> tuple[InputChoice, ...]:
    """The common ones first, then the org's own (custom) ones, then all others, by label."""

    def place(choice: tuple[Mapping[str, JSON], InputChoice]) -> tuple[int, int, str]:
        described, as_choice = choice
        if as_choice.value in COMMON_FIRST:
            return 0, COMMON_FIRST.index(as_choice.value), ""
        return (1 if described.get("custom") else 2), 0, as_choice.label.lower()

    offered = [item for item in objects if item.get("createable") and not _MACHINERY.search(str(item["name"]))]
    choices = [(item, InputChoice(str(item["name"]), str(item.get("label") or item["name"]))) for item in offered]
    return tuple(choice for _, choice in sorted(choices, key=place))


class BuiltInSchemas(ObjectSchemas):
    """The standard objects, as an org without customisation describes them; an org may well have more."""

    source = BUILT_IN_SOURCE

    def record_types(self) -> Sequence[InputChoice]:
        return _built_in_types()

    def describe(self, record_type: str) -> Mapping[str, JSON] | None:
        return _built_in(record_type)


class OrgSchemas(ObjectSchemas):
    """What one credential's org says of itself, kept in DescribedObject; stale or built-in answers when it is silent."""

    def __init__(self, credential: Credential, fetch: Callable[[str], JSON]) -> None:
        """`fetch` gives the body of GET at a path below /services/data/vNN.0/; raises ProviderError."""
        self.credential = credential
        self._fetch = fetch
        self._fell_back = False
        self._read: dict[str, JSON] = {}

    @property
    def is_authoritative(self) -> bool:
        return not self._fell_back

    @property
    def source(self) -> str:
        data = self.credential.provider_data
        org = data.get("org_name") or data.get("username") or self.credential.provider_id
        return BUILT_IN_SOURCE if self._fell_back else str(org)

    def record_types(self) -> Sequence[InputChoice]:
        body = self._body(_LIST, "sobjects/", _compact_list)
        return _as_choices(body) if body is not None else _built_in_types()

    def describe(self, record_type: str) -> Mapping[str, JSON] | None:
        if not _API_NAME.match(record_type):
            return None
        body = self._body(record_type, f"sobjects/{record_type}/describe", compact_object)
        return body if body is not None else self._built_in_unless_known_missing(record_type)

    def kept(self, record_type: str) -> Mapping[str, JSON] | None:
        """What is known without asking the org: the kept describe however old, else the built-in one."""
        if record_type not in self._read:
            row = self.credential.described_objects.filter(name=record_type).first()
            self._read[record_type] = row.body if row else _built_in(record_type)
        found: Mapping[str, JSON] | None = self._read[record_type]
        return found

    def _built_in_unless_known_missing(self, record_type: str) -> Mapping[str, JSON] | None:
        return _built_in(record_type) if self._fell_back else None

    def _body(self, name: str, path: str, compact: Callable[[Any], JSON]) -> JSON:
        if name in self._read:
            return self._read[name]
        row = self.credential.described_objects.filter(name=name).first()
        if row is None or row.fetched_at < timezone.now() - KEPT_FOR:
            self._read[name] = self._asked(name, path, compact, row)
        else:
            self._read[name] = row.body
        return self._read[name]

    def _asked(self, name: str, path: str, compact: Callable[[Any], JSON], row: DescribedObject | None) -> JSON:
        """The org's answer, kept; on failure the stale one. None: the org knows no such object, or can not be asked."""
        try:
            answer = self._fetch(path)
        except ProviderError as error:
            log.warning("describe.failed", extra={"credential": str(self.credential.pk), "code": error.code})
            if error.ids.get("status") == 404:
                return None
            self._fell_back = row is None
            return row.body if row else None
        body = compact(answer)
        DescribedObject.objects.update_or_create(
            credential=self.credential, name=name, defaults={"body": body, "fetched_at": timezone.now()}
        )
        return body


def forget(credential: Credential, record_type: str) -> None:
    """Have a describe read again before it is next used, as after INVALID_FIELD; its body stays for bad times."""
    long_ago = timezone.now() - 2 * KEPT_FOR
    credential.described_objects.filter(name=record_type).update(fetched_at=long_ago)


def _compact_list(answer: Mapping[str, Any]) -> JSON:
    objects = [
        item
        for item in answer.get("sobjects", [])
        if not item.get("deprecatedAndHidden") and not item.get("customSetting")
    ]
    return [{key: item.get(key) for key in OBJECT_KEYS} for item in objects]


def is_api_name(text: str) -> bool:
    """Whether it could be the API name of an object or a field."""
    return bool(_API_NAME.match(text))


def fields_by_name(described: Mapping[str, JSON] | None) -> dict[str, Mapping[str, JSON]]:
    """The fields of a describe by their API names, in its order."""
    return {field["name"]: field for field in (described or {}).get("fields", [])}
