"""Leases on lanes: one worker at a time, by one guarded UPDATE; it holds on SQLite too, where row locks do not exist."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from workflows.errors import LeaseLost
from workflows.leases import Lease
from workflows.models import Lane


def lease_length() -> timedelta:
    return timedelta(seconds=settings.LANE_LEASE_SECONDS)


def lease_lane(lane_id: UUID, *, now: datetime) -> Lease | None:
    """Take the lease on one lane; None when another worker was first, or the lane is paused."""
    token = uuid4()
    won = (
        Lane.objects.free(now)
        .filter(pk=lane_id)
        .update(lease_token=token, leased_until=now + lease_length(), rung_at=None)
    )
    return Lease(lane_id, token) if won else None


def renew(lease: Lease, *, now: datetime) -> None:
    """Fence and renew in one statement; call it inside the transaction that writes. Raises LeaseLost."""
    if not Lane.objects.held_by(lease).update(leased_until=now + lease_length()):
        raise LeaseLost(lane_id=lease.lane_id)


def release(lease: Lease) -> None:
    """Give the lane back. Whoever lost the lease gives back nothing."""
    Lane.objects.held_by(lease).update(lease_token=None, leased_until=None)


class _Keeper:
    """One thread a process that renews the leases of lanes whose calls are under way, however long an org takes."""

    def __init__(self) -> None:
        self._held: set[Lease] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, lease: Lease) -> None:
        with self._lock:
            self._held.add(lease)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._renew_forever, name="lease-keeper", daemon=True)
                self._thread.start()

    def drop(self, lease: Lease) -> None:
        with self._lock:
            self._held.discard(lease)

    def _renew_forever(self) -> None:
        while not self._wake.wait(settings.LANE_LEASE_SECONDS / 3):
            with self._lock:
                held = list(self._held)
                if not held:
                    self._thread = None
                    break
            close_old_connections()
            for lease in held:
                Lane.objects.held_by(lease).update(leased_until=timezone.now() + lease_length())
        connection.close()


_keeper = _Keeper()


@contextmanager
def kept(lease: Lease) -> Iterator[None]:
    """Keep the lease alive while the block runs, without the block having to think of it."""
    _keeper.add(lease)
    try:
        yield
    finally:
        _keeper.drop(lease)
