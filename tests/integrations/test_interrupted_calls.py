"""Calls whose answer never came: each becomes one record, or a question."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from integrations.models import AccountLogin
from integrations.providers import registry
from integrations.providers.base import ErrorClass, OutcomeKind
from integrations.providers.salesforce import replies
from tests.integrations.conftest import call

pytestmark = pytest.mark.django_db


def again(*calls, since=None, repeated_at=None):
    """The same calls, marked as begun before."""
    since = since or timezone.now() - timedelta(seconds=2)
    return [replace(one, called_at=since, repeated_at=repeated_at) for one in calls]


def test_a_connection_cut_after_the_commit_leaves_the_outcome_unknown(org, run):
    org.faults("cut_after_commit", count=1)

    (outcome,) = run(call())

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.error["class"] == ErrorClass.UNKNOWN_OUTCOME
    assert org.count() == 1


def test_the_record_of_a_call_cut_after_the_commit_is_adopted(org, run):
    first = call(FirstName="Bo", Email="Bo@Example.com", Phone=" 123 ")
    org.faults("cut_after_commit", count=1)
    run(first)

    (outcome,) = run(*again(first))

    (lead,) = org.records()
    assert outcome.kind is OutcomeKind.DONE
    assert outcome.output["id"] == lead["Id"]
    assert outcome.output["record"]["FirstName"] == "Bo"
    assert "Found the record" in outcome.note


def test_a_call_cut_before_the_commit_is_sent_again(org, run):
    first = call()
    org.faults("cut_before_commit", count=1)
    (unknown,) = run(first)
    assert unknown.kind is OutcomeKind.UNKNOWN
    assert org.count() == 0

    (outcome,) = run(*again(first))

    assert outcome.kind is OutcomeKind.DONE
    assert org.count() == 1


def test_a_group_of_two_hundred_cut_after_the_commit_is_adopted_whole(org, run):
    calls = [call(LastName=f"Lind {number}", Email=f"lind{number}@example.com") for number in range(200)]
    org.faults("cut_after_commit", count=1)
    assert {outcome.kind for outcome in run(*calls)} == {OutcomeKind.UNKNOWN}

    outcomes = run(*again(*calls))

    by_id = {lead["Id"]: lead["LastName"] for lead in org.records()}
    assert [by_id[outcome.output["id"]] for outcome in outcomes] == [f"Lind {number}" for number in range(200)]
    assert org.count() == 200


def test_interrupted_and_new_calls_of_one_group_do_not_take_each_others_records(org, run):
    first = call()
    org.faults("cut_after_commit", count=1)
    run(first)

    adopted, new = run(*again(first), call())

    assert adopted.output["id"] != new.output["id"]
    assert org.count() == 2


def test_equal_interrupted_calls_share_what_is_found_and_the_rest_is_sent(org, run):
    same = [call(), call(), call()]
    org.faults("cut_after_commit", count=1)
    run(same[0])

    outcomes = run(*again(*same))

    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.DONE}
    assert len({outcome.output["id"] for outcome in outcomes}) == 3
    assert org.count() == 3


def test_more_records_than_interrupted_calls_are_a_question(org, run):
    run(call(), call())

    (outcome,) = run(*again(call()))

    assert outcome.kind is OutcomeKind.ASK
    assert outcome.error["code"] == "ambiguous_outcome"
    assert {one["id"] for one in outcome.error["candidates"]} == {lead["Id"] for lead in org.records()}
    assert org.count() == 2


def test_a_record_that_another_run_has_is_not_adopted(org, run, connection):
    (theirs,) = run(call())
    connection.extra["is_adopted"] = lambda record_id: record_id == theirs.output["id"]

    (outcome,) = run(*again(call()))

    assert outcome.kind is OutcomeKind.DONE
    assert outcome.output["id"] != theirs.output["id"]
    assert org.count() == 2


def test_a_record_from_before_the_call_is_not_adopted(org, run):
    (old,) = run(call())

    (outcome,) = run(*again(call(), since=timezone.now() + timedelta(minutes=1)))

    assert outcome.output["id"] != old.output["id"]


def test_a_record_of_another_user_is_not_adopted(org, run):
    org.user("other@sandbox.example", "secret-1234")
    token = org.grant("other@sandbox.example")["access_token"]
    made = requests.post(
        f"{org.url}/services/data/v62.0/sobjects/Lead",
        json={"LastName": "Lind", "Company": "Lind AB"}, headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    assert made.status_code == 201

    (outcome,) = run(*again(call()))

    assert outcome.output["id"] != made.json()["id"]
    assert org.count() == 2


def test_a_record_nearly_the_same_is_a_question_since_automation_may_have_changed_it(org, run):
    run(call(FirstName="Bo", Title="CEO", Phone="1"))

    (outcome,) = run(*again(call(FirstName="Bo", Title="CEO", Phone="2")))

    assert outcome.kind is OutcomeKind.ASK
    assert org.count() == 1


def test_values_that_soql_would_trip_over_are_found_again(org, run):
    tricky = call(LastName='O\'Hara \\ "Quote"', Company="Größe & Söhne\\'", Description="two\r\nlines")
    org.faults("cut_after_commit", count=1)
    run(tricky)

    (outcome,) = run(*again(tricky))

    assert outcome.kind is OutcomeKind.DONE
    assert org.count() == 1


def test_long_lists_of_values_are_looked_up_in_portions(org, run):
    calls = [call(LastName=f"Lind {number}", Email=f"{'x' * 50}{number}@example.com") for number in range(200)]
    org.faults("cut_after_commit", count=1)
    run(*calls)
    before = org.calls()["total"]

    outcomes = run(*again(*calls))

    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.DONE}
    assert org.calls()["total"] - before > 1
    assert sum(outcome.api_calls for outcome in outcomes) == pytest.approx(org.calls()["total"] - before)


def test_a_look_up_without_an_answer_leaves_the_outcome_unknown(org, run):
    first = call()
    org.faults("cut_after_commit", count=1)
    run(first)
    org.faults("unavailable", count=1, resource="query")

    (outcome,) = run(*again(first))

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert org.count() == 1
    (outcome,) = run(*again(first))
    assert outcome.kind is OutcomeKind.DONE
    assert org.count() == 1


def test_a_rate_limit_at_the_look_up_keeps_the_call_open(org, run):
    org.faults("rate_limit", count=1, retry_after=7)

    (outcome,) = run(*again(call()))

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.retry_after == 7.0
    assert org.count() == 0


def test_a_look_up_that_salesforce_refuses_is_a_question(org, run):
    (outcome,) = run(*again(call(Nonsense__c="x")))

    assert (outcome.kind, outcome.error["code"]) == (OutcomeKind.ASK, "lookup_refused")
    assert org.count() == 0


def test_a_call_that_takes_too_long_is_looked_for_only_when_salesforce_has_had_its_time(org, run, settings):
    settings.SALESFORCE_TIMEOUT_SECONDS = 1.0
    org.faults("slow", ms=4000, count=1)

    (outcome,) = run(call())

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.retry_after == pytest.approx(2.0)
    assert org.count() == 0
    deadline = time.monotonic() + 60
    while org.count() == 0:  # the org was still at it, and would create the lead in the midst of the next test
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_call_that_broke_off_just_now_is_not_looked_for_yet(org, run, settings):
    settings.SALESFORCE_SETTLE_SECONDS = 30.0
    first = call()
    org.faults("cut_before_commit", count=1)
    (unknown,) = run(first)
    calls_before = org.calls()["total"]

    (waiting,) = run(*again(first, since=timezone.now() - timedelta(seconds=10)))

    assert unknown.retry_after == 30
    assert (waiting.kind, waiting.error["code"]) == (OutcomeKind.UNKNOWN, "may_still_happen")
    assert waiting.retry_after == pytest.approx(20, abs=2) and org.calls()["total"] == calls_before
    assert not waiting.was_sent
    (sent,) = run(*again(first, since=timezone.now() - timedelta(seconds=31)))
    assert sent.kind is OutcomeKind.DONE and org.count() == 1


def test_a_call_that_was_sent_again_is_looked_for_by_its_last_sending(org, run, settings):
    settings.SALESFORCE_SETTLE_SECONDS = 30.0
    now = timezone.now()
    once = call()

    (waiting,) = run(*again(once, since=now - timedelta(hours=1), repeated_at=now - timedelta(seconds=10)))
    (sent,) = run(*again(once, since=now - timedelta(hours=1), repeated_at=now - timedelta(seconds=31)))

    assert waiting.error["code"] == "may_still_happen" and waiting.retry_after == pytest.approx(20, abs=2)
    assert sent.kind is OutcomeKind.DONE and org.count() == 1


def test_an_upsert_by_the_runs_key_is_simply_sent_again(org, run):
    keyed = call(inputs={"external_id_field": "External_Id__c"})
    org.faults("cut_after_commit", count=1)
    (first,) = run(keyed)
    assert (first.kind, first.error["class"]) == (OutcomeKind.FAILED, ErrorClass.TRANSIENT)

    (second,) = run(*again(keyed))

    assert second.kind is OutcomeKind.DONE
    assert "query" not in org.calls()["resources"]
    assert org.count() == 1


def test_after_a_lost_answer_the_rest_of_a_divided_group_is_not_sent(org, run):
    org.settings(chunk_poison={"object": "Lead", "field": "Company", "equals": "Poison"})
    calls = [call(LastName=f"Lind {number}", Company="Poison" if number == 7 else "Lind AB") for number in range(8)]
    org.faults("cut_after_commit", count=1, object="Lead", resource="record")  # the first single record of the halves

    outcomes = run(*calls)

    kinds = [outcome.kind for outcome in outcomes]
    assert OutcomeKind.UNKNOWN in kinds
    assert kinds.count(OutcomeKind.UNKNOWN) == 1
    unsent = [outcome for outcome in outcomes if outcome.error and outcome.error["code"] == "not_sent"]
    assert {outcome.error["class"] for outcome in unsent} == {ErrorClass.TRANSIENT}
    assert org.count() == kinds.count(OutcomeKind.DONE) + 1


def test_a_number_that_salesforce_rounded_is_the_one_written(org, run):
    first = call(AnnualRevenue=1000.4)
    org.faults("cut_after_commit", count=1)
    run(first)

    (outcome,) = run(*again(first))

    assert outcome.kind is OutcomeKind.DONE
    assert org.count() == 1


@pytest.mark.parametrize("is_connection_new", [False, True])
@pytest.mark.parametrize("minutes", [-30, -3, 3, 30])
def test_a_clock_that_goes_wrong_by_minutes_loses_no_record(
    org, run, connection, monkeypatch, minutes, is_connection_new
):
    skew = timedelta(minutes=minutes)  # by which our clock is ahead, in what we wrote down and in what we measure
    date_header = replies.server_time
    monkeypatch.setattr(replies, "server_time", lambda answer: date_header(answer) - skew)
    first = call()
    org.faults("cut_after_commit", count=1)
    run(first)
    if is_connection_new:
        connection.clock_offset = None
    else:
        run(call(LastName="Other"))

    (outcome,) = run(*again(first, since=timezone.now() + skew - timedelta(seconds=2)))

    assert outcome.kind is OutcomeKind.DONE
    assert "Found the record" in outcome.note


def test_the_record_of_the_user_before_is_found_by_whoever_has_connected_since(org, run, credential):
    org.user("cy@sandbox.example", "cy-1234")
    first = call(Email="bo@example.com")
    org.faults("cut_after_commit", count=1)
    run(first)
    before = credential.provider_data["user_id"]
    granted = org.grant("cy@sandbox.example")
    now = granted["id"].rpartition("/")[2]
    for user_id in (before, now):
        AccountLogin.objects.create(credential=credential, provider_id=credential.provider_id, user_id=user_id)
    credential.tokens = {"access_token": granted["access_token"], "refresh_token": granted["refresh_token"]}
    credential.provider_data = {**credential.provider_data, "user_id": now}
    credential.tokens_version += 1
    credential.save()

    action, salesforce = registry.provider("salesforce").actions["create_record"], registry.provider("salesforce")
    (outcome,) = action.run(again(first), salesforce.connect(credential), now=timezone.now())

    (lead,) = org.records()
    assert now != before and lead["CreatedById"] == before
    assert outcome.kind is OutcomeKind.DONE and outcome.output["id"] == lead["Id"]
