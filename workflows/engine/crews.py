"""This process's crew, if it is a worker; what a lane's turn is."""

import logging
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections

from integrations.models import Credential
from workflows.engine import crash_points, draining, leasing
from workflows.engine.crew import Crew
from workflows.engine.slices import Slice

log = logging.getLogger("workflows.crew")

STOP_SECONDS = 15.0
"""How long a worker that is to end waits for the groups in hand; what is not done then is found by the next one."""

_crew: Crew | None = None


def open_crew(*, quick: int) -> None:
    """From now on lanes that ring in this process are worked off by threads of their own, `quick` at once."""
    global _crew  # noqa: PLW0603 - a process has one
    _crew = Crew(_tenant_of, _take_turn, quick=quick, slow=settings.WORKER_SLOW_LANES)


def close() -> None:
    if _crew:
        _crew.close()


def wait() -> None:
    if _crew:
        _crew.wait(STOP_SECONDS)


def work_off(lane_id: UUID) -> None:
    """Hand a lane to the crew; without one, work it off here and now."""
    if _crew:
        _crew.take(lane_id)
    else:
        _take_turn(lane_id, Slice())


def _take_turn(lane_id: UUID, slice_: Slice) -> None:
    close_old_connections()
    crash_points.reach("before_lease")
    if lease := leasing.lease_lane(lane_id):
        crash_points.reach("after_lease")
        try:
            draining.drain(lease, slice_)
        except Exception as exc:
            if not isinstance(exc, DatabaseError | InterfaceError):  # those can not be written down; the lease lapses
                crashes = leasing.give_up(lease)
                log.error("lane.given_up", extra={"lane": lane_id, "crashes": crashes})
            raise


@lru_cache(maxsize=10_000)
def _tenant_of(lane_id: UUID) -> UUID | None:
    close_old_connections()
    return Credential.objects.filter(pk=lane_id).values_list("integration__project_id", flat=True).first()
