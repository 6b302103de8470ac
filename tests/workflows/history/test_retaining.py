"""What is past its time is dropped in batches; what has not ended stays."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from lib.ids import lowest_id_at
from tests.factories import make_credential, make_event, make_run, make_step_run
from workflows import tasks
from workflows.history import retaining
from workflows.history.retaining import Swept, drop_older_than
from workflows.models import Event, IdempotencyKey, Run, StepRun

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
    for run in (gone, kept_open, young):
        make_step_run(run)

    assert drop_older_than(NOW - timedelta(days=90)) == Swept(1, None)

    assert set(Run.objects.values_list("pk", flat=True)) == {kept_open.pk, young.pk}
    assert set(StepRun.objects.values_list("run", flat=True)) == {kept_open.pk, young.pk}
    assert not Event.objects.filter(pk=gone.event_id).exists()


@pytest.mark.parametrize(("state", "stays"), [("queued", True), ("succeeded", False)])
def test_an_event_goes_with_its_replays_and_stays_for_one_that_has_not_ended(state, stays):
    credential = make_credential()
    run = old_run(credential, 91, "failed")
    replay = make_run(run.workflow, credential, event=run.event, replay_of=run, replay_number=1, state=state)

    drop_older_than(NOW - timedelta(days=90))

    assert set(Run.objects.values_list("pk", flat=True)) == ({run.pk, replay.pk} if stays else set())
    assert Event.objects.exists() == stays


def test_an_event_that_started_nothing_goes_too():
    make_event(make_credential().user, id=lowest_id_at(NOW - timedelta(days=91)))

    assert drop_older_than(NOW - timedelta(days=90)) == Swept(1, None)


def test_what_a_slice_of_time_does_not_suffice_for_is_done_by_the_next_one():
    credential = make_credential()
    old_run(credential, 93, "succeeded")
    kept_open = old_run(credential, 92, "asking")

    first = drop_older_than(NOW - timedelta(days=90), seconds=-1)
    old_run(credential, 91, "failed")
    second = drop_older_than(NOW - timedelta(days=90), after=first.goes_on_after)

    assert (first, second) == (Swept(1, kept_open.event_id), Swept(1, None))


@pytest.mark.django_db(transaction=True)
def test_the_task_goes_on_in_another_message_until_nothing_is_left(monkeypatch):
    last, rung = lowest_id_at(NOW), []
    slices = {retaining.BEGINNING: Swept(500, last), last: Swept(3, None)}
    monkeypatch.setattr(retaining, "drop_older_than", lambda moment, *, after: slices.pop(after))
    monkeypatch.setattr(tasks.drop_old_history, "delay", rung.append)

    tasks.drop_old_history()
    tasks.drop_old_history(*rung)

    assert rung == [str(last)] and slices == {}


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lets one write at a time")
@pytest.mark.django_db(transaction=True)
def test_a_sweep_that_meets_another_one_leaves_the_rest_to_it():
    old_run(make_credential(), 91, "succeeded")
    other = connection.copy()

    with other.cursor() as cursor:
        other.set_autocommit(False)
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('workflows.drop_old_history'))")
        while_it_holds = drop_older_than(NOW - timedelta(days=90))
    other.close()

    assert while_it_holds == Swept(0, None) and Event.objects.exists()
    assert drop_older_than(NOW - timedelta(days=90)) == Swept(1, None)


def test_nothing_but_what_is_dropped_with_them_refers_to_events_and_runs():
    referring = {str(each.field) for model in (Event, Run, StepRun) for each in model._meta.related_objects}

    assert referring == {"workflows.Run.event", "workflows.Run.replay_of", "workflows.StepRun.run"}


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
