"""What is past its time is dropped in batches; what has not ended stays."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from lib.ids import lowest_id_at
from tests.factories import make_credential, make_event, make_run
from workflows.history.retaining import drop_older_than
from workflows.models import Event, IdempotencyKey, Run

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def old_run(credential, days, state):
    moment = NOW - timedelta(days=days)
    event = make_event(credential.user, id=lowest_id_at(moment), received_at=moment)
    return make_run(credential=credential, event=event, state=state)


def test_old_events_go_with_their_runs_and_open_ones_stay():
    credential = make_credential()
    gone, kept_open = old_run(credential, 91, "succeeded"), old_run(credential, 92, "parked")
    young = old_run(credential, 89, "failed")

    assert drop_older_than(NOW - timedelta(days=90)) == 1

    assert set(Run.objects.values_list("pk", flat=True)) == {kept_open.pk, young.pk}
    assert not Event.objects.filter(pk=gone.event_id).exists()


def test_idempotency_keys_are_kept_for_a_day():
    user = make_credential().user
    for hours in (23, 25):
        IdempotencyKey.objects.create(
            user=user, key=str(hours), body_hash="", answer={}, created_at=NOW - timedelta(hours=hours)
        )

    drop_older_than(NOW - timedelta(days=90))

    assert [kept.key for kept in IdempotencyKey.objects.all()] == ["23"]


def test_due_runs_are_found_by_their_partial_index_whatever_the_lane_has_behind_it():
    lane = make_credential().lane
    statement, parameters = (
        Run.objects.due(NOW).filter(lane=lane).order_by("id").values("id")[:200].query.sql_with_params()
    )

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(("EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ") + statement, parameters)
        plan = " ".join(str(row) for row in cursor.fetchall())

    assert "run_due" in plan, plan
