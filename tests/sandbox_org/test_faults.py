"""Every fault: how it looks, whom it strikes, and that it ends."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.sandbox_org.conftest import ANA, RAJ, api_of

LEAD = {"LastName": "Myers", "Company": "Northwind"}
EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def refreshed(org, grant):
    app = org.app()
    form = {"grant_type": "refresh_token", "refresh_token": grant["refresh_token"]}
    secret = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    return requests.post(f"{org.url}/services/oauth2/token", data={**form, **secret})


def test_expire_tokens_kills_the_current_ones_and_a_refresh_helps(org):
    grant = org.grant()
    api = api_of(org)
    api.token = grant["access_token"]

    assert org.faults("expire_tokens", count=1)["expired"] == 2

    assert (api.get("limits").status_code, api.get("limits").json()) == (401, EXPIRED)
    api.token = refreshed(org, grant).json()["access_token"]
    assert api.post("sobjects/Lead", LEAD).status_code == 201
    assert org.armed_faults() == []


def test_an_armed_expiry_never_strikes_a_token_just_issued(org):
    grant = org.grant()
    org.faults("expire_tokens", count=3)
    api = api_of(org)
    statuses = []
    for _ in range(8):
        reply = api.post("sobjects/Lead", LEAD)
        statuses.append(reply.status_code)
        if reply.status_code == 401:
            grant = refreshed(org, grant).json()
            api.token = grant["access_token"]

    assert statuses == [201, 401, 201, 401, 201, 201, 201, 201]


def test_revoke_grant_kills_the_refresh_token_of_the_chosen_user_alone(org):
    org.user(ANA)
    org.user(RAJ)
    ana, raj = org.grant(ANA), org.grant(RAJ)

    org.faults("revoke_grant", username=ANA)

    reply = refreshed(org, ana)
    assert (reply.status_code, reply.json()) == (
        400,
        {"error": "invalid_grant", "error_description": "expired access/refresh token"},
    )
    assert refreshed(org, raj).status_code == 200


@pytest.mark.parametrize(
    ("options", "status", "start", "media_type"),
    [
        ({}, 503, '[{"message":"Server Unavailable"', "application/json"),
        ({"body": "object"}, 503, '{"message":"Server Unavailable"', "application/json"),
        ({"body": "html", "status": 502}, 502, "<html>", "text/html"),
        ({"body": "empty", "status": 420}, 420, "", ""),
        ({"status": 500}, 500, '[{"message":"An unexpected error occurred.', "application/json"),
    ],
)
def test_unavailable_has_many_looks_and_saves_nothing(org, api, options, status, start, media_type):
    org.faults("unavailable", count=1, **options)

    reply = api.post("sobjects/Lead", LEAD)

    assert reply.status_code == status
    assert reply.text.startswith(start)
    assert bool(reply.text) == bool(start)
    assert reply.headers.get("content-type", "").startswith(media_type)
    assert org.count() == 0
    assert api.post("sobjects/Lead", LEAD).status_code == 201


def test_slow_delays_the_chosen_user_while_others_are_served(org):
    org.user(ANA)
    org.user(RAJ)
    ana, raj = api_of(org, ANA), api_of(org, RAJ)
    org.faults("slow", ms=2_000, username=ANA, probability=1.0)

    with ThreadPoolExecutor(1) as beside:
        delayed = beside.submit(ana.create)
        while not org.armed_faults()[0]["fired"]:
            pass
        of_raj = raj.create()
        of_ana = delayed.result()

    assert [lead["Id"] for lead in org.records()] == [of_raj, of_ana], "Ana's call came first, and was done last"


def test_the_rate_limit_looks_like_an_orgs_and_ends_with_the_count(org, api):
    org.faults("rate_limit", count=2)

    replies = [api.query("SELECT Id FROM Lead") for _ in range(3)]

    assert [reply.status_code for reply in replies] == [403, 403, 200]
    body = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert replies[0].json() == body
    assert "retry-after" not in replies[0].headers
    assert replies[0].headers["sforce-limit-info"] == "api-usage=1000000/1000000"


def test_the_rate_limit_can_look_like_other_providers(org, api):
    org.faults("rate_limit", count=1, http=429, retry_after=7)

    reply = api.post("sobjects/Lead", LEAD)

    assert (reply.status_code, reply.headers["retry-after"]) == (429, "7")


def test_a_spent_api_limit_stops_calls_and_says_so_in_the_header(org, api):
    org.settings(api_limit=15000, api_used=14999)

    last, refused = api.get("limits"), api.get("limits")

    assert (last.status_code, last.headers["sforce-limit-info"]) == (200, "api-usage=15000/15000")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert refused.headers["sforce-limit-info"] == "api-usage=15000/15000"


def test_locked_rows_fail_writes_by_record_and_leave_reads_alone(org, api):
    record_id = api.create()
    org.faults("lock_rows", count=2)

    assert api.get(f"sobjects/Lead/{record_id}").status_code == 200
    single = api.patch(f"sobjects/Lead/{record_id}", {"City": "Rome"})
    many = api.post("composite/sobjects", {"records": [{"attributes": {"type": "Lead"}, **LEAD}]}).json()
    again = api.patch(f"sobjects/Lead/{record_id}", {"City": "Rome"})

    message = f"unable to obtain exclusive access to this record or 1 records: {record_id[:15]}"
    assert single.status_code == 400
    assert single.json() == [{"message": message, "errorCode": "UNABLE_TO_LOCK_ROW", "fields": []}]
    assert many[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert again.status_code == 204


def calls_that_write(api):
    record = {"attributes": {"type": "Lead"}, **LEAD}
    composed = {"referenceId": "r", "method": "POST", "url": "/services/data/v59.0/sobjects/Lead", "body": LEAD}
    return {
        "create": lambda: api.post("sobjects/Lead", LEAD),
        "upsert": lambda: api.patch("sobjects/Lead/External_Id__c/1", LEAD),
        "collections": lambda: api.post("composite/sobjects", {"records": [record]}),
        "composite": lambda: api.post("composite", {"compositeRequest": [composed]}),
    }


@pytest.mark.parametrize("call", ["create", "upsert", "collections", "composite"])
@pytest.mark.parametrize(("kind", "saved"), [("cut_before_commit", 0), ("cut_after_commit", 1)])
def test_a_cut_connection_leaves_no_answer_and_saves_as_its_name_says(org, api, call, kind, saved):
    org.faults(kind, count=1)
    write = calls_that_write(api)[call]

    with pytest.raises(requests.ConnectionError):
        write()

    assert org.count() == saved
    assert org.calls()["statuses"]["cut"] == 1
    if call != "upsert":
        assert write().ok


def test_a_cut_strikes_writes_unless_a_resource_is_named(org, api):
    org.faults("cut_before_commit", count=1)
    assert api.query("SELECT Id FROM Lead").status_code == 200
    org.end_faults()
    org.faults("cut_before_commit", count=1, resource="query")
    assert api.post("sobjects/Lead", LEAD).status_code == 201

    with pytest.raises(requests.ConnectionError):
        api.query("SELECT Id FROM Lead")


def test_a_token_reply_can_be_lost_after_the_rotation(org):
    grant = org.grant()
    org.faults("cut_after_commit", count=1, resource="token")

    with pytest.raises(requests.ConnectionError):
        refreshed(org, grant)

    assert refreshed(org, grant).json()["error"] == "invalid_grant"


def test_a_fault_can_be_held_to_an_object(org, api):
    org.faults("unavailable", object="Account")
    record = {"attributes": {"type": "Account"}, "Name": "Northwind"}

    struck = [
        api.post("sobjects/Account", {"Name": "Northwind"}),
        api.post("composite/sobjects", {"records": [record]}),
        api.query("SELECT Id FROM Account"),
    ]
    spared = [api.post("sobjects/Lead", LEAD), api.query("SELECT Id FROM Lead")]

    assert [reply.status_code for reply in struck] == [503] * 3
    assert [reply.status_code for reply in spared] == [201, 200]


def test_faults_spare_what_carries_no_data(org, api):
    org.faults("unavailable")

    assert api.get("sobjects/Lead/describe").status_code == 200
    assert api.get("limits").status_code == 200


def test_a_probability_strikes_now_and_then_until_it_is_ended(org, api):
    org.faults("unavailable", probability=0.5)

    statuses = {api.post("sobjects/Lead", LEAD).status_code for _ in range(60)}
    org.end_faults()

    assert statuses == {201, 503}
    assert {api.post("sobjects/Lead", LEAD).status_code for _ in range(10)} == {201}


def test_armed_faults_are_listed_with_what_is_left_of_them(org, api):
    org.faults("unavailable", count=3)
    api.post("sobjects/Lead", LEAD)

    armed = org.armed_faults()

    assert [(fault["kind"], fault["count"], fault["fired"]) for fault in armed] == [("unavailable", 2, 1)]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "earthquake"},
        {"kind": "slow"},
        {"kind": "slow", "ms": -5},
        {"kind": "unavailable", "count": 0},
        {"kind": "unavailable", "probability": 1.5},
        {"kind": "unavailable", "count": 1, "probability": 0.5},
        {"kind": "unavailable", "body": "xml"},
        {"kind": "unavailable", "status": 200},
        {"kind": "unavailable", "typo": 1},
        {"kind": "expire_tokens", "username": "nobody@nowhere.example"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_with_the_reason(org, fault):
    reply = requests.post(f"{org.url}/__org/faults", json=fault)

    assert reply.status_code in (400, 404)
    assert reply.json()["error"]
    assert org.armed_faults() == []
