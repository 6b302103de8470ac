"""`python -m benchmarks.claiming COUNT`, within Isthmus's environment: how long a worker needs to take up a lane's due runs.

A claim is what `drain_lanes` does before its first call: lease the lane, fetch a group of due runs with all that their
steps need; then the lane is given back. No worker may run meanwhile. Prints milliseconds for claims and for sweeps.
"""

import json
import sys
import time

import django


def measure(count: int) -> dict[str, list[float]]:
    """Claim the lane that has the most due runs `count` times, and look as often for lanes that have any."""
    from django.db.models import Count
    from django.utils import timezone

    from workflows.engine import batching, leasing, sleeping
    from workflows.models import Lane, Run

    busiest = Run.objects.due(timezone.now()).values("lane_id").annotate(runs=Count("pk")).order_by("-runs").first()
    assert busiest, "no run is due"
    claims, sweeps = [], []
    for _ in range(count):
        begun = time.perf_counter()
        lease = leasing.lease_lane(busiest["lane_id"])
        assert lease, "a worker holds the lane"
        turns = batching.due_turns(lease.lane_id, now=timezone.now())
        claims.append(1000 * (time.perf_counter() - begun))
        assert turns, "no run was found due"
        leasing.release(lease)
        Lane.objects.filter(rung_at__isnull=False).update(rung_at=None)
        begun = time.perf_counter()
        assert sleeping.overslept(timezone.now())
        sweeps.append(1000 * (time.perf_counter() - begun))
    return {"claims_ms": claims, "sweeps_ms": sweeps}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(measure(int(sys.argv[1]))))
