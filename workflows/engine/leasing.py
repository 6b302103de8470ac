"""Leases on lanes: one worker at a time, by one guarded UPDATE; it holds on SQLite too, where row locks do not exist."""

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from uuid import UUID, uuid4

import orjson
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils import timezone

from lib import fencing, hot_statements
from lib.hot_statements import Kind
from workflows.errors import LeaseLost
from workflows.leases import Lease

log = logging.getLogger("workflows.leasing")


_LEASE = """
UPDATE workflows_lane SET lease_token = %s, leased_until = {later}, rung_at = NULL,
       crashes = CASE WHEN lease_token IS NULL OR crashes >= 1000 THEN crashes ELSE crashes + 1 END
 WHERE credential_id = %s AND (leased_until IS NULL OR leased_until < {now})
   AND (paused_until IS NULL OR paused_until <= {now})
RETURNING {clock}, {lazily}, crashes, suspect, set_aside
"""
"""A lapsed lease that nobody gave back is one whose worker died or hangs, so it counts as a crash."""
_RELEASE = """
UPDATE workflows_lane SET lease_token = NULL, leased_until = NULL, crashes = 0, suspect = NULL
 WHERE credential_id = %s AND lease_token = %s
RETURNING {lazily}
"""
_GIVE_UP = """
UPDATE workflows_lane SET lease_token = NULL, leased_until = NULL,
       crashes = CASE WHEN crashes < 1000 THEN crashes + 1 ELSE crashes END
 WHERE credential_id = %s AND lease_token = %s
RETURNING crashes
"""
"""Neither waits for the disk: a lease or a return that a crash of the database undoes is one that lapses, or is found lost at
the next write. What is written under it waits, and takes the lease with it."""
HOLD = """
UPDATE workflows_lane SET leased_until = {later}, lease_token = CASE WHEN %s THEN NULL ELSE lease_token END
 WHERE credential_id = %s AND lease_token = %s RETURNING credential_id
"""
"""Fence, and renew or give back: by itself, or as a part of a statement whose other parts ask whether it gave a row."""
_NOTE_SUSPECT = """
UPDATE workflows_lane SET leased_until = {later}, suspect = %s WHERE credential_id = %s AND lease_token = %s
RETURNING {lazily}
"""
_SET_ASIDE = """
UPDATE workflows_lane SET set_aside = %s, suspect = NULL WHERE credential_id = %s AND lease_token = %s RETURNING credential_id
"""
CAREFUL_PART = 1 / 3
"""Of a lease's length, after a crash: should it happen again, the lane stands still for no longer than that."""


def lease_lane(lane_id: UUID) -> Lease | None:
    """Take the lease on one lane; None when another worker was first, or the lane is paused. When it lapses the database's
    clock says, so that no host takes a lane from another because its own clock is wrong."""
    token = uuid4()
    won = hot_statements.run(
        hot_statements.in_its_words(_LEASE), [token, settings.LANE_LEASE_SECONDS, lane_id], _LEASE_KINDS
    )
    if not won:
        return None
    taken_at, _, crashes, suspect, set_aside = won[0]
    return Lease(
        lane_id, token, taken_at or timezone.now(), crashes, suspect, tuple(UUID(each) for each in set_aside or ())
    )


_LEASE_KINDS = (Kind.PLAIN, Kind.PLAIN, Kind.PLAIN, Kind.ID, Kind.JSON)


def seconds_of(lease: Lease) -> float:
    """Return how long the lease is renewed for."""
    return float(settings.LANE_LEASE_SECONDS) * (CAREFUL_PART if lease.is_careful else 1)


def hold_parameters(lease: Lease, *, gives_back: bool = False) -> list[object]:
    """What HOLD asks for."""
    return [None if gives_back else seconds_of(lease), gives_back, lease.lane_id, lease.token]


def hold(lease: Lease, *, gives_back: bool = False) -> None:
    """Fence and renew, or give back, in one statement; call it inside the transaction that writes. Raises LeaseLost."""
    if not hot_statements.run(hot_statements.in_its_words(HOLD), hold_parameters(lease, gives_back=gives_back)):
        raise LeaseLost(lane_id=lease.lane_id)


def release(lease: Lease) -> None:
    """Give the lane back. Whoever lost the lease gives back nothing."""
    hot_statements.run(hot_statements.in_its_words(_RELEASE), [lease.lane_id, lease.token])


def give_up(lease: Lease) -> int:
    """Give the lane back after work on it has crashed; return how often in a row it has."""
    rows = hot_statements.run(hot_statements.in_its_words(_GIVE_UP), [lease.lane_id, lease.token])
    return int(rows[0][0]) if rows else 0


def note_suspect(lease: Lease, run_id: UUID | None) -> None:
    """Note the run in hand, None where there is none: should this process die, it is known under which. Raises LeaseLost."""
    parameters = [seconds_of(lease), run_id, lease.lane_id, lease.token]
    since = fencing.clock()
    if not hot_statements.run(hot_statements.in_its_words(_NOTE_SUSPECT), parameters):
        raise LeaseLost(lane_id=lease.lane_id)
    renewed(lease, since=since)


def set_aside(lease: Lease, run_ids: Iterable[UUID]) -> None:
    """Keep the ids of the runs that are to be done last, each alone, once for each death. Raises LeaseLost."""
    ids = orjson.dumps(sorted(str(each) for each in run_ids)).decode()
    if not hot_statements.run(_SET_ASIDE, [ids, lease.lane_id, lease.token]):
        raise LeaseLost(lane_id=lease.lane_id)


class _Keeper:
    """One thread a process that renews the leases of lanes whose calls are under way, however long an org takes.

    It also knows, without asking the database, whether a lease may have lapsed meanwhile.
    """

    def __init__(self) -> None:
        self._held: dict[Lease, float] = {}
        """Until when each surely holds, by `fencing.clock`."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, lease: Lease) -> None:
        with self._lock:
            self._held[lease] = 0.0
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._renew_forever, name="lease-keeper", daemon=True)
                self._thread.start()

    def drop(self, lease: Lease) -> None:
        with self._lock:
            self._held.pop(lease, None)

    def renewed(self, lease: Lease, *, since: float) -> None:
        with self._lock:
            if lease in self._held:
                until = since + seconds_of(lease) * fencing.TRUSTED_PART
                self._held[lease] = max(self._held[lease], until)

    def surely_holds(self, lease: Lease) -> bool:
        return self._held.get(lease, 0.0) > fencing.clock()

    def _renew_forever(self) -> None:
        while not self._wake.wait(settings.LANE_LEASE_SECONDS * CAREFUL_PART / 2):
            with self._lock:
                held = list(self._held)
                if not held:
                    self._thread = None
                    break
            try:
                self._renew(held)
            except (DatabaseError, InterfaceError) as exc:  # it may be back before the leases lapse
                log.warning("lease.not_renewed", extra={"lanes": len(held), "error": f"{type(exc).__name__}: {exc}"})
        connection.close()

    def _renew(self, leases: Sequence[Lease]) -> None:
        close_old_connections()
        for lease in leases:
            since = fencing.clock()
            with suppress(LeaseLost):  # who does the lane's work finds out by itself
                hold(lease)
                self.renewed(lease, since=since)


_keeper = _Keeper()


def renewed(lease: Lease, *, since: float) -> None:
    """A write that began at `since`, by `fencing.clock`, has renewed the lease."""
    _keeper.renewed(lease, since=since)


def require(lease: Lease) -> None:
    """Raises LeaseLost where the lease may have lapsed, because this process slept say: another worker may be at it."""
    if not _keeper.surely_holds(lease):
        raise LeaseLost(lane_id=lease.lane_id)


@contextmanager
def kept(lease: Lease) -> Iterator[None]:
    """Keep the lease alive while the block runs, without the block having to think of it."""
    _keeper.add(lease)
    try:
        yield
    finally:
        _keeper.drop(lease)
