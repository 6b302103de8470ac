"""What the org has to offer: versions, resources, limits, objects and their describes."""

import json
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from sandbox_org.describing import DESCRIBE_DIR, LAST_MODIFIED
from sandbox_org.rest.calls import ApiCall, ApiReply
from sandbox_org.rest.errors import not_found
from sandbox_org.rest.shaping import shaped

OLDEST, NEWEST = 31, 68
SEASONS = ("Spring", "Summer", "Winter")
RESOURCES = ("composite", "limits", "query", "queryAll", "recent", "sobjects", "tabs", "theme")


def versions() -> list[dict[str, str]]:
    """The reply of `GET /services/data`: v60.0 was Spring '24, and three follow each other in a year."""
    listed = []
    for number in range(OLDEST, NEWEST + 1):
        turn = number - 60
        year = 24 + turn // 3 + (1 if turn % 3 == 2 else 0)
        label = f"{SEASONS[turn % 3]} '{year:02d}"
        listed.append({"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"})
    return listed


def resources(call: ApiCall) -> ApiReply:
    """GET /services/data/vNN.0"""
    paths = {name: f"{call.data_path}/{name}" for name in RESOURCES}
    identity = f"{call.base_url}/id/{call.org.id}/{call.account.user_id}"
    return ApiReply(200, {**paths, "identity": identity})


@lru_cache(maxsize=1)
def _recorded_limits() -> dict[str, Any]:
    limits: dict[str, Any] = json.loads((DESCRIBE_DIR / "_limits.json").read_text())
    return limits


def limits(call: ApiCall) -> ApiReply:
    """GET /limits"""
    most = call.org.switches.api_limit
    daily = {"Max": most, "Remaining": max(0, most - call.org.counts.api_used)}
    return ApiReply(200, {**_recorded_limits(), "DailyApiRequests": daily})


def record_counts(call: ApiCall) -> ApiReply:
    """GET /limits/recordCount?sObjects=Lead,Account"""
    counts = call.org.store.counts()
    wanted = {name.strip().lower() for name in call.params.get("sObjects", "").split(",") if name.strip()}
    listed = [
        {"count": count, "name": name} for name, count in sorted(counts.items()) if not wanted or name.lower() in wanted
    ]
    return ApiReply(200, {"sObjects": listed})


def global_describe(call: ApiCall) -> ApiReply:
    """GET /sobjects"""
    headers = {"Last-Modified": LAST_MODIFIED}
    if _is_unchanged(call, None):
        return ApiReply(304, None, headers)
    return ApiReply(200, call.org.catalogue.global_body(call.version, call.base_url), headers)


def basic(call: ApiCall, object_name: str) -> ApiReply:
    """GET /sobjects/Lead"""
    sobject = call.sobject(object_name)
    listing = json.loads(call.org.catalogue.global_body(call.version, call.base_url))
    entry = next(each for each in listing["sobjects"] if each["name"] == sobject.name)
    newest = call.org.store.newest(sobject.name, 5)
    name_field = ["Id", "Name"] if "Name" in sobject.fields else ["Id"]
    recent = [shaped(sobject, call.version, each.body, name_field) for each in newest]
    return ApiReply(200, {"objectDescribe": entry, "recentItems": recent})


def describe(call: ApiCall, object_name: str) -> ApiReply:
    """GET /sobjects/Lead/describe"""
    sobject = call.sobject(object_name)
    headers = {"ETag": sobject.etag, "Last-Modified": LAST_MODIFIED}
    if _is_unchanged(call, sobject.etag):
        return ApiReply(304, None, headers)
    return ApiReply(200, sobject.describe_body(call.version, call.base_url), headers)


def nothing(call: ApiCall) -> ApiReply:
    """GET /recent, GET /tabs: lists that this org keeps empty."""
    return ApiReply(200, [])


def not_offered(call: ApiCall, *arguments: str) -> ApiReply:
    """GET /sobjects/Lead/describe/layouts and its like, which this org has not. Raises: ApiError (404)."""
    raise not_found()


def theme(call: ApiCall) -> ApiReply:
    """GET /theme"""
    return ApiReply(200, {"themeItems": []})


def _is_unchanged(call: ApiCall, etag: str | None) -> bool:
    """Whether the caller's copy, told by its ETag or date, is still good."""
    tags = call.headers.get("if-none-match")
    if tags is not None and etag is not None:
        return etag.strip('"') in tags
    since = call.headers.get("if-modified-since")
    if not since:
        return False
    try:
        return parsedate_to_datetime(since) >= parsedate_to_datetime(LAST_MODIFIED)
    except ValueError:
        return False
