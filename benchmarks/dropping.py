"""`python -m benchmarks.dropping`, within Isthmus's environment: drops what is past retention, as a worker does, until it is
ended or nothing is left.

Prints a line {"events", "at", "is_all"} after every slice: how many so far, the machine's one monotonic clock, and whether
nothing is left.
"""

import json
import time
from datetime import timedelta

import django

RETENTION_DAYS = 90
_SLICE_SECONDS = 0.25


def drop_all(days: float = RETENTION_DAYS) -> None:
    """Drop what is older than `days`."""
    from django.utils import timezone

    from workflows.history import retaining

    events, after = 0, retaining.BEGINNING
    while True:
        moment = timezone.now() - timedelta(days=days)
        swept = retaining.drop_older_than(moment, after=after, seconds=_SLICE_SECONDS)
        events += swept.events
        is_all = swept.goes_on_after is None
        print(json.dumps({"events": events, "at": time.monotonic(), "is_all": is_all}), flush=True)
        if swept.goes_on_after is None:
            return
        after = swept.goes_on_after


if __name__ == "__main__":
    django.setup()
    drop_all()
