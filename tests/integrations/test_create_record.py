"""Create record: one, many, and with something wrong among them."""

from uuid import uuid4

import pytest

from integrations import refreshing
from integrations.models import Credential, CredentialStatus, DescribedObject
from integrations.providers.base import ErrorClass, OutcomeKind
from integrations.providers.salesforce import outcomes, pool
from integrations.providers.salesforce.replies import Reply
from tests.integrations.conftest import call

pytestmark = pytest.mark.django_db


def kinds(outcomes) -> list[str]:
    return [outcome.kind.value for outcome in outcomes]


def test_one_call_makes_one_lead_and_says_where_it_stands(org, run):
    (outcome,) = run(call(FirstName="Bo", Email="bo@example.com"))

    (lead,) = org.records()
    assert outcome.kind is OutcomeKind.DONE
    assert outcome.output["id"] == lead["Id"]
    assert outcome.output["created"] is True
    assert outcome.output["url"] == f"{org.url}/{lead['Id']}"
    assert outcome.output["record"] == {
        "LastName": "Lind",
        "Company": "Lind AB",
        "FirstName": "Bo",
        "Email": "bo@example.com",
    }
    assert (lead["FirstName"], lead["LastName"], lead["Email"]) == ("Bo", "Lind", "bo@example.com")
    assert outcome.api_calls == 1


def test_two_hundred_calls_are_one_request_and_each_gets_its_own_record(org, run):
    calls = [call(LastName=f"Lind {number}") for number in range(200)]

    done = run(*calls)

    by_id = {lead["Id"]: lead["LastName"] for lead in org.records()}
    assert [by_id[outcome.output["id"]] for outcome in done] == [f"Lind {number}" for number in range(200)]
    assert org.calls()["total"] == 1
    assert sum(outcome.api_calls for outcome in done) == pytest.approx(1)


def test_one_bad_record_among_two_hundred_fails_alone_in_salesforces_words(org, run):
    calls = [
        call(LastName=f"Lind {number}", Email="no address" if number == 137 else "a@example.com")
        for number in range(200)
    ]

    done = run(*calls)

    failed = [place for place, outcome in enumerate(done) if outcome.kind is not OutcomeKind.DONE]
    assert failed == [137]
    assert done[137].error["code"] == "INVALID_EMAIL_ADDRESS"
    assert done[137].error["message"] == "Email: invalid email address: no address"
    assert done[137].error["fields"] == ["Email"]
    assert done[137].error["class"] == ErrorClass.PERMANENT
    assert org.count() == 199
    assert org.calls()["total"] == 1


def test_empty_values_are_left_out_so_that_the_orgs_defaults_apply(org, run):
    (outcome,) = run(call(Status=None, LeadSource="  ", FirstName=""))

    assert outcome.kind is OutcomeKind.DONE
    assert set(outcome.output["record"]) == {"LastName", "Company"}
    assert org.records()[0]["Status"] == "Open - Not Contacted"


def test_values_arrive_in_the_type_of_their_field(org, run):
    run(call(NumberOfEmployees="42", AnnualRevenue="1000", Phone=468123456, LastName="  Lind  "))

    (lead,) = org.records()
    assert (lead["NumberOfEmployees"], lead["AnnualRevenue"], lead["Phone"], lead["LastName"]) == (
        42,
        1000.0,
        "468123456",
        "Lind",
    )


def test_a_missing_required_field_names_the_field(run):
    (outcome,) = run(call(Company=None))

    assert outcome.error["code"] == "REQUIRED_FIELD_MISSING"
    assert outcome.error["fields"] == ["Company"]
    assert outcome.error["advice"]


def test_an_unknown_field_is_permanent_and_has_the_describe_read_again(credential, run):
    kept = DescribedObject.objects.create(credential=credential, name="Lead", body={"name": "Lead", "fields": []})

    (outcome,) = run(call(Nonsense__c="x"))

    assert (outcome.error["code"], outcome.error["class"]) == ("INVALID_FIELD", ErrorClass.PERMANENT)
    before = kept.fetched_at
    kept.refresh_from_db()
    assert kept.fetched_at < before


def test_a_validation_rule_speaks_in_its_own_words(org, run):
    org.settings(
        validation_rules=[
            {"object": "Lead", "field": "Company", "equals": "Rival", "message": "We do not sell to rivals."}
        ]
    )

    ours, theirs = run(call(), call(Company="Rival"))

    assert ours.kind is OutcomeKind.DONE
    assert theirs.error["message"] == "We do not sell to rivals."
    assert theirs.error["class"] == ErrorClass.PERMANENT


def test_a_trigger_that_fails_a_whole_request_for_one_record_costs_the_others_nothing(org, run):
    org.settings(chunk_poison={"object": "Lead", "field": "Company", "equals": "Poison"})
    calls = [
        call(LastName=f"Lind {number}", Company="Poison" if number in (3, 17) else "Lind AB") for number in range(32)
    ]

    done = run(*calls)

    failed = {place: outcome for place, outcome in enumerate(done) if outcome.kind is not OutcomeKind.DONE}
    assert set(failed) == {3, 17}
    assert failed[3].error["code"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert "SandboxTrigger" in failed[3].error["message"]
    assert org.count() == 30
    assert len({outcome.output["id"] for outcome in done if outcome.output}) == 30
    assert sum(outcome.api_calls for outcome in done) == pytest.approx(org.calls()["total"])
    assert org.calls()["total"] < 32


def test_a_value_that_salesforce_can_not_read_costs_the_others_nothing(org, run):
    done = run(call(), call(NumberOfEmployees={"a": 1}), call())

    assert kinds(done) == ["done", "failed", "done"]
    assert done[1].error["class"] == ErrorClass.PERMANENT
    assert org.count() == 2


def test_a_type_that_the_org_does_not_have_is_asked_for_once(org, run):
    calls = [call(inputs={"record_type": "Unheard__c"}) for _ in range(8)]

    done = run(*calls)

    assert kinds(done) == ["failed"] * 8
    assert {outcome.error["class"] for outcome in done} == {ErrorClass.PERMANENT}
    assert org.calls()["total"] <= 15


def test_a_row_that_is_locked_is_tried_again_later(org, run):
    org.faults("lock_rows", count=1)

    (outcome,) = run(call())

    assert (outcome.error["code"], outcome.error["class"]) == ("UNABLE_TO_LOCK_ROW", ErrorClass.TRANSIENT)
    assert org.count() == 0


@pytest.mark.parametrize("body", ["json", "object", "html", "empty"])
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_create_answered_by_an_org_that_is_down_is_unknown_and_not_sent_again(org, run, body, status):
    org.faults("unavailable", count=1, body=body, status=status)

    (outcome,) = run(call())

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.error["class"] == ErrorClass.UNKNOWN_OUTCOME
    assert outcome.error["status"] == status
    assert outcome.error["message"]
    assert org.calls()["total"] == 1


def test_an_edge_that_finds_no_org_has_sent_nothing_on(org, run):
    org.faults("unavailable", count=1, body="html", status=420)

    (outcome,) = run(call())

    assert (outcome.kind, outcome.error["class"]) == (OutcomeKind.FAILED, ErrorClass.TRANSIENT)


def test_too_many_calls_at_a_time_are_waited_out_in_seconds(connection):
    connection.credential.api_used, connection.credential.api_limit = 40, 15000
    said = {
        "errorCode": "REQUEST_LIMIT_EXCEEDED",
        "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    }

    outcome = outcomes.of_reply(Reply(403, [said]), connection, repeatable=False)

    assert (outcome.error["class"], outcome.retry_after) == (ErrorClass.RATE_LIMITED, 30.0)


def test_a_limit_stops_a_group_after_one_call(org, run):
    org.faults("rate_limit", count=1)

    found = run(call(), call())

    assert {outcome.error["class"] for outcome in found} == {ErrorClass.RATE_LIMITED}
    assert org.calls()["total"] == 1


def test_a_daily_limit_that_is_used_up_is_waited_out_in_quarters_of_an_hour(org, run):
    org.settings(api_limit=0)

    (outcome,) = run(call())

    assert outcome.error["code"] == "REQUEST_LIMIT_EXCEEDED"
    org.settings(api_limit=1)
    run(call())
    (outcome,) = run(call())
    assert (outcome.error["class"], outcome.retry_after) == (ErrorClass.RATE_LIMITED, 900.0)


def test_retry_after_is_obeyed(org, run):
    org.faults("rate_limit", count=1, http=429, retry_after=7)

    (outcome,) = run(call())

    assert (outcome.error["class"], outcome.retry_after) == (ErrorClass.RATE_LIMITED, 7.0)


def test_a_limit_in_the_midst_of_a_divided_group_burns_no_further_calls(org, run):
    org.settings(chunk_poison={"object": "Lead", "field": "Company", "equals": "Poison"}, api_limit=2)

    done = run(*[call(Company="Poison" if number == 0 else "Lind AB") for number in range(8)])

    assert org.calls()["total"] <= 4
    assert {outcome.error["class"] for outcome in done if outcome.error} >= {ErrorClass.RATE_LIMITED}
    assert org.count() == len([outcome for outcome in done if outcome.kind is OutcomeKind.DONE])


def test_an_access_token_that_expires_is_renewed_and_the_group_goes_through(org, run, credential):
    run(call())
    org.faults("expire_tokens", count=1)

    done = run(*[call() for _ in range(20)])

    assert kinds(done) == ["done"] * 20
    assert org.count() == 21
    credential.refresh_from_db()
    assert (credential.tokens_version, credential.status) == (1, CredentialStatus.VALID)


def test_a_token_that_another_process_has_renewed_is_used_and_not_renewed_again(org, run, credential):
    org.settings(access_token_seconds=0)
    org.settings(access_token_seconds=None)
    org.faults("expire_tokens", count=1)
    stale = pool.connection_for(credential)
    refreshed = refreshing.refresh(credential.pk, stale_version=0)
    assert stale.access.version < refreshed.tokens_version

    (outcome,) = run(call())

    assert outcome.kind is OutcomeKind.DONE
    assert org.calls()["resources"]["token:refresh_token"] == 1


def test_a_token_that_another_process_has_renewed_may_have_expired_as_well(org, run, credential):
    run(call())
    refreshing.refresh(credential.pk, stale_version=0)
    org.faults("expire_tokens", count=2)

    (outcome,) = run(call())

    assert outcome.kind is OutcomeKind.DONE
    assert org.count() == 2


def test_a_401_that_no_new_token_mends_asks_for_the_user(org, run, credential):
    org.settings(access_token_seconds=0)

    (outcome,) = run(call())

    assert outcome.error["class"] == ErrorClass.CREDENTIAL
    assert org.calls()["resources"]["token:refresh_token"] == 2
    credential.refresh_from_db()
    assert credential.status == CredentialStatus.INVALID


def test_a_revoked_grant_asks_for_the_user_and_leaves_no_half_group(org, run, credential):
    org.faults("expire_tokens", count=1)
    org.faults("revoke_grant", count=1)

    done = run(call(), call())

    assert {outcome.error["class"] for outcome in done} == {ErrorClass.CREDENTIAL}
    assert org.count() == 0
    credential.refresh_from_db()
    assert credential.status == CredentialStatus.INVALID


def test_an_org_that_moves_is_followed_at_the_next_refresh(org, run, credential):
    port = org.url.rpartition(":")[2]
    Credential.objects.filter(pk=credential.pk).update(
        tokens_version=3, provider_data={**credential.provider_data, "instance_url": f"http://localhost:{port}"}
    )
    credential.refresh_from_db()
    pool.connection_for(credential)

    (outcome,) = run(call())

    assert outcome.output["url"].startswith(f"http://localhost:{port}/")


def test_the_orgs_usage_is_remembered_for_the_budget(org, run, credential, connection):
    org.settings(api_limit=15000)

    run(call())

    credential.refresh_from_db()
    assert (credential.api_used, credential.api_limit) == (1, 15000)
    assert credential.api_checked_at is not None
    assert connection.calls == 1


def test_usage_is_not_written_at_every_call(org, run, credential, django_assert_num_queries):
    org.settings(api_limit=15000)
    run(call())

    with django_assert_num_queries(0):  # the describe is still known, too
        run(call())


def test_a_host_that_can_not_be_reached_has_created_nothing(run, connection, credential):
    Credential.objects.update(
        tokens_version=9, provider_data={**credential.provider_data, "instance_url": "http://127.0.0.1:9"}
    )
    credential.refresh_from_db()
    connection.adopt(credential)

    (outcome,) = run(call())

    assert (outcome.kind, outcome.error["class"]) == (OutcomeKind.FAILED, ErrorClass.TRANSIENT)
    assert outcome.api_calls == 0


def test_duplicates_found_by_a_rule_come_with_their_ids(org, run):
    org.settings(duplicate_rules={"Lead": {"mode": "alert"}})
    (first,) = run(call(Email="bo@example.com"))

    (second,) = run(call(Email="bo@example.com"))

    assert second.error["code"] == "DUPLICATES_DETECTED"
    assert second.error["record_ids"] == [first.output["id"]]
    assert org.count() == 1


def test_a_step_may_save_in_spite_of_duplicate_alerts(org, run):
    org.settings(duplicate_rules={"Lead": {"mode": "alert"}})
    run(call(Email="bo@example.com"))

    (second,) = run(call(Email="bo@example.com", inputs={"allow_duplicates": True}))

    assert second.kind is OutcomeKind.DONE
    assert org.count() == 2


def test_with_an_external_id_field_the_record_bears_the_runs_key(org, run):
    run_id = uuid4()

    (outcome,) = run(call(run_id=run_id, inputs={"external_id_field": "External_Id__c"}))

    (lead,) = org.records()
    assert lead["External_Id__c"] == f"{run_id}:create_lead"
    assert outcome.output["created"] is True
    assert outcome.output["record"]["External_Id__c"] == f"{run_id}:create_lead"


def test_with_an_external_id_field_the_same_call_twice_makes_one_record(org, run):
    same = call(inputs={"external_id_field": "External_Id__c"})

    (first,), (second,) = run(same), run(same)

    assert first.output["id"] == second.output["id"]
    assert second.output["created"] is True
    assert "earlier try" in second.note
    assert org.count() == 1


def test_a_mapped_external_id_matches_the_record_that_has_it(org, run):
    upsert = {"external_id_field": "External_Id__c"}
    (first,) = run(call(External_Id__c="acme-42", inputs=upsert))

    (second,) = run(call(External_Id__c="acme-42", LastName="Lund", inputs=upsert))

    assert second.output["id"] == first.output["id"]
    assert (first.output["created"], second.output["created"]) == (True, False)
    assert [lead["LastName"] for lead in org.records()] == ["Lund"]


def test_an_empty_external_id_matches_nothing_and_sends_nothing(org, run):
    (outcome,) = run(call(External_Id__c="", inputs={"external_id_field": "External_Id__c"}))

    assert outcome.error["code"] == "external_id_empty"
    assert org.calls()["total"] == 0


def test_keys_of_many_digits_are_two_records(org, run):
    upsert = {"external_id_field": "External_Id__c"}
    keys = ["12345678901234567890123", "12345678901234567890999", 9007199254740993]

    done = run(*[call(External_Id__c=key, inputs=upsert) for key in keys])

    assert kinds(done) == ["done"] * 3
    assert [lead["External_Id__c"] for lead in org.records()] == [str(key) for key in keys]


def test_all_that_does_not_fit_is_said_at_once_and_nothing_is_sent(org, run):
    (outcome,) = run(call(NumberOfEmployees="1_250", AnnualRevenue="x", Title="CEO"))

    assert (outcome.error["class"], outcome.error["fields"]) == (
        ErrorClass.PERMANENT,
        ["NumberOfEmployees", "AnnualRevenue"],
    )
    assert outcome.error["message"].splitlines() == [
        "Employees takes a whole number, not “1_250”.",
        "Annual Revenue takes a number, not “x”.",
    ]
    assert outcome.error["advice"].startswith("Send a whole number")
    assert org.calls()["total"] == 0


def test_the_org_is_asked_once_for_the_type_of_a_field_that_the_describe_at_hand_lacks(org, run):
    first, second = run(call(External_Id__c=42)), run(call(External_Id__c=43), call(External_Id__c=True))

    assert kinds(first + second) == ["done"] * 3
    assert [lead["External_Id__c"] for lead in org.records()] == ["42", "43", "true"]
    assert org.calls()["resources"]["describe"] == 1


def test_a_field_that_no_describe_lists_is_not_asked_for_at_every_call(org, run):
    for _ in range(3):
        (outcome,) = run(call(Nonsense__c="x"))
        assert outcome.error["code"] == "INVALID_FIELD"

    assert org.calls()["resources"]["describe"] == 1
