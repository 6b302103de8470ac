"""How long history is kept."""

from datetime import datetime, timedelta

from django.utils import timezone

from lib.ids import lowest_id_at
from workflows.models import Event, IdempotencyKey
from workflows.querysets import OPEN_STATES

BATCH = 500
IDEMPOTENCY_KEPT = timedelta(hours=24)


def drop_older_than(moment: datetime, *, batches: int = 200) -> int:
    """Delete events received before `moment` with their runs, oldest first, in batches; gives how many events.

    An event with a run that has not ended stays. Ids are time-ordered, so the oldest stand at the index's beginning.
    """
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - IDEMPOTENCY_KEPT).delete()
    dropped = 0
    for _ in range(batches):
        old = list(
            Event.objects.filter(id__lt=lowest_id_at(moment))
            .exclude(runs__state__in=OPEN_STATES)
            .order_by("id")
            .values_list("id", flat=True)[:BATCH]
        )
        if not old:
            break
        Event.objects.filter(id__in=old).delete()
        dropped += len(old)
    return dropped
