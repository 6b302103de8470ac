"""`GET /healthz`: whether the web process, the database, the broker and a worker answer, and no lane is stuck.
`/healthz/live`: the first alone.

Anybody may ask, so the sentences name no folder, no host and no words of a driver. Who sends METRICS_TOKEN, as for /metrics,
gets these too, as each part's "detail".

A web process that is about to stop says so on both, so that load balancers turn away.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NotRequired, TypedDict

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from lib import stopping
from projects import database_refusals
from projects.errors import DatabaseReadOnly, DiskFull
from workflows.metrics import exposing
from workflows.models import Lane, WorkerPulse

PATH = "/healthz"
LIVE_PATH = "/healthz/live"
"""For probes that restart a process or send no more requests to it: neither would bring a database back, and its callers
are better told by us than by a proxy that they should come again."""
KEPT_SECONDS = 1.0
"""Probes come often and from everywhere; the answer is made at most once a second."""
TRUSTED_SECONDS = 10.0
"""While one request asks, the others are told the last answer, if it is no older than this."""
FIRST_SECONDS = 0.5
"""How long the others wait while the first answer of this process is made, before they are told that there is none."""
MIN_FREE_BYTES = 64_000_000
REFUSAL_REMEMBERED_SECONDS = 30.0
"""A full disk shows only where something is written: what intake met counts for as long."""


class Part(TypedDict):
    ok: bool
    message: str
    detail: NotRequired[str]
    """What is for operators alone: paths, names of hosts, and what a driver says."""


class HealthMiddleware:
    """Answers before everything else, so that hosts, sessions and static files can not make health look bad or good."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._lock = threading.Lock()
        self._made_at = 0.0
        self._parts: dict[str, Part] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path not in (PATH, LIVE_PATH):
            return self.get_response(request)
        if stopping.has_begun():
            # Without a look at the rest, which may take as long as the database does: there is little time to turn away.
            return _told({"web": {"ok": False, "message": "is about to stop"}})
        if request.path == LIVE_PATH:
            return _told({})
        parts = self._latest()
        if not exposing.may_read(request.headers.get("Authorization", ""), settings.METRICS_TOKEN):
            parts = {name: {"ok": part["ok"], "message": part["message"]} for name, part in parts.items()}
        return _told(parts)

    def _latest(self) -> dict[str, Part]:
        """One request at a time looks; none waits long for it, since a database that is away may take long to be so."""
        if not self._lock.acquire(timeout=0.0 if self._parts else FIRST_SECONDS):
            if self._parts and time.monotonic() - self._made_at < TRUSTED_SECONDS:
                return self._parts
            return {"database": {"ok": False, "message": "has been asked and has not answered yet"}}
        try:
            if time.monotonic() - self._made_at > KEPT_SECONDS:
                self._parts, self._made_at = check(), time.monotonic()
            return self._parts
        finally:
            self._lock.release()


def _told(parts: dict[str, Part]) -> JsonResponse:
    is_well = all(part["ok"] for part in parts.values())
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return JsonResponse({"ok": is_well, **parts}, status=200 if is_well else 503, headers=headers)


def check() -> dict[str, Part]:
    """Look at each part; shape: {"web", "database", "broker", "worker", "lanes"} of {"ok", "message", "detail"?}."""
    database = _database()
    return {
        "web": {"ok": True, "message": "answers"},
        "database": database,
        "broker": _broker(),
        "worker": _worker() if database["ok"] else {"ok": False, "message": "not known while the database is away"},
        "lanes": _lanes() if database["ok"] else {"ok": False, "message": "not known while the database is away"},
    }


def _database() -> Part:
    """Reads, and asks for a write that changes no row: that needs no disk, and finds a database that takes none."""
    vendor = connection.vendor
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        WorkerPulse.objects.filter(name="").update(beat_at=timezone.now())
    except (DatabaseError, InterfaceError) as exc:
        connection.close()
        match database_refusals.refusal_of(exc):
            case DatabaseReadOnly():
                return {"ok": False, "message": f"{vendor} answers, and takes no writes", "detail": str(exc).strip()}
            case _:
                return {"ok": False, "message": f"{vendor} does not answer", "detail": str(exc).strip()}
    if vendor == "sqlite" and (free := _free_bytes()) < MIN_FREE_BYTES:
        return {"ok": False, "message": f"sqlite's disk is full but for {free // 1_000_000} MB"}
    noted = database_refusals.noted_within(REFUSAL_REMEMBERED_SECONDS)
    if noted and noted.code == DiskFull.code:
        return {"ok": False, "message": f"{vendor} answers, and has just refused a write: {noted.message}"}
    return {"ok": True, "message": f"{vendor} answers"}


def _free_bytes() -> int:
    return shutil.disk_usage(Path(str(connection.settings_dict["NAME"])).parent).free


def _broker() -> Part:
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        is_writable = os.access(settings.BROKER_DIR / "messages", os.W_OK)
        return {
            "ok": is_writable,
            "message": f"the broker's folder is {'' if is_writable else 'not '}writable",
            "detail": str(settings.BROKER_DIR),
        }
    try:
        with current_app.connection_for_write(connect_timeout=2) as link:
            link.ensure_connection(max_retries=1, interval_start=0, timeout=2)
            return {"ok": True, "message": f"{link.transport_cls} answers", "detail": link.as_uri()}
    except Exception as exc:  # each transport raises its own
        return {"ok": False, "message": "the broker does not answer", "detail": str(exc)}


def _worker() -> Part:
    since = timezone.now() - timedelta(seconds=max(15.0, settings.SWEEP_SECONDS * 5))
    pulse = WorkerPulse.objects.order_by("-beat_at").first()
    if pulse is None:
        return {"ok": False, "message": "no worker has answered yet"}
    age = round((timezone.now() - pulse.beat_at).total_seconds(), 1)
    return {"ok": pulse.beat_at > since, "message": f"answered {age} s ago", "detail": pulse.name}


def _lanes() -> Part:
    stuck = Lane.objects.stuck().count()
    if not stuck:
        return {"ok": True, "message": "none crashes its workers"}
    whose = "one account's runs" if stuck == 1 else f"the runs of {stuck} accounts"
    return {"ok": False, "message": f"work on {whose} crashes again and again; the workers' log says at what"}
