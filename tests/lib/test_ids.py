"""Ids that carry their time."""

from datetime import timedelta

from django.utils import timezone

from lib.ids import lowest_id_at, made_at, time_ordered_id


def test_a_time_ordered_id_tells_when_it_was_made():
    before = timezone.now()

    made = made_at(time_ordered_id())

    assert before - timedelta(milliseconds=1) <= made <= timezone.now()


def test_ids_of_a_moment_lie_between_its_bound_and_the_next_milliseconds():
    first = time_ordered_id()
    moment = made_at(first)

    assert lowest_id_at(moment) <= first < lowest_id_at(moment + timedelta(milliseconds=1))


def test_ids_made_in_a_row_sort_in_that_row():
    ids = [time_ordered_id() for _ in range(1000)]

    assert ids == sorted(ids)
