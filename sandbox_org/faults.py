"""Failing on request, the way real orgs fail: armed over `POST /__org/faults`, used up by the calls that match."""

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

KINDS = (
    "expire_tokens",
    "revoke_grant",
    "unavailable",
    "slow",
    "rate_limit",
    "lock_rows",
    "cut_before_commit",
    "cut_after_commit",
)
BODIES = ("json", "object", "html", "empty")
DATA_RESOURCES = frozenset({"record", "upsert", "collections", "composite", "batch", "tree", "query", "queryAll"})
WRITE_METHODS = frozenset({"POST", "PATCH", "PUT", "DELETE"})
WRITES_ONLY = frozenset({"lock_rows", "cut_before_commit", "cut_after_commit"})
TOKEN_KINDS = frozenset({"expire_tokens", "revoke_grant"})


class FaultRefused(ValueError):
    """A fault that cannot be armed as it was sent."""


@dataclass(slots=True)
class Fault:
    """One armed fault. It fires `count` times, or with `probability` on each matching call until it is ended."""

    kind: str
    count: int | None = None
    probability: float | None = None
    ms: int = 0
    resource: str | None = None
    object: str | None = None
    username: str | None = None
    status: int = 503
    body: str = "json"
    http: int = 403
    retry_after: int | None = None
    fired: int = 0
    armed_at: float = field(default_factory=time.time)

    def shown(self) -> dict[str, Any]:
        """The fault as `GET /__org/faults` lists it, `count` being what is left."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class Target:
    """A call as the filters of faults see it. `objects` are the records' types, as far as they are told."""

    resource: str
    method: str
    username: str | None
    objects: frozenset[str] = frozenset()


class FaultBox:
    """The armed faults."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._armed)

    @property
    def looks_at_objects(self) -> bool:
        """Whether a filter needs to know which objects a call is about."""
        return any(fault.object for fault in self._armed)

    def arm(self, fault: Fault) -> None:
        self._armed.append(fault)

    def clear(self) -> int:
        """End every fault; answers how many there were."""
        ended = len(self._armed)
        self._armed.clear()
        return ended

    def shown(self) -> list[dict[str, Any]]:
        return [fault.shown() for fault in self._armed]

    def fire(self, target: Target, kinds: Iterable[str]) -> Fault | None:
        """The first armed fault of `kinds` that hits this call, counted down; None where the call is spared."""
        for fault in self._armed:
            if fault.kind in kinds and self._hits(fault, target):
                fault.fired += 1
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._armed.remove(fault)
                return fault
        return None

    def could_fire(self, target: Target, kind: str) -> Fault | None:
        """An armed fault of `kind` whose filters match, without using it up."""
        return next((fault for fault in self._armed if fault.kind == kind and _matches(fault, target)), None)

    def _hits(self, fault: Fault, target: Target) -> bool:
        if not _matches(fault, target):
            return False
        return fault.probability is None or random.random() < fault.probability  # noqa: S311


def _matches(fault: Fault, target: Target) -> bool:
    if fault.username and fault.username.lower() != (target.username or "").lower():
        return False
    if fault.object and fault.object not in target.objects:
        return False
    if fault.kind in TOKEN_KINDS:
        return True
    if fault.resource:
        if target.resource != fault.resource:
            return False
    elif target.resource not in DATA_RESOURCES:
        return False
    return fault.resource is not None or fault.kind not in WRITES_ONLY or target.method in WRITE_METHODS


def read_fault(raw: Any) -> Fault:
    """The fault that a JSON body asks for. Raises: FaultRefused, saying what is wrong."""
    if not isinstance(raw, dict) or raw.get("kind") not in KINDS:
        raise FaultRefused(f"kind must be one of {', '.join(KINDS)}")
    settable = {each.name for each in fields(Fault)} - {"fired", "armed_at"}
    unknown = sorted(set(raw) - settable)
    if unknown:
        raise FaultRefused(f"unknown keys {', '.join(unknown)}; known are {', '.join(sorted(settable))}")
    fault = Fault(**{"retry_after": 1 if raw.get("http") == 429 else None, **raw})
    if fault.count is not None and fault.probability is not None:
        raise FaultRefused("give count or probability, not both")
    if fault.count is not None and (not isinstance(fault.count, int) or fault.count < 1):
        raise FaultRefused("count must be a whole number of 1 or more")
    if fault.probability is not None and not 0 < fault.probability <= 1:
        raise FaultRefused("probability must lie above 0 and at most at 1")
    if fault.kind == "slow" and (not isinstance(fault.ms, int) or fault.ms < 1):
        raise FaultRefused("slow needs ms, the delay in milliseconds")
    if fault.body not in BODIES:
        raise FaultRefused(f"body must be one of {', '.join(BODIES)}")
    if fault.http not in (403, 429) or not 400 <= fault.status <= 599:
        raise FaultRefused("http must be 403 or 429, and status an error status")
    return fault
