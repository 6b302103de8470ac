"""The error catalogue and the reading of answers, as tables."""

from datetime import timedelta

import pytest
import requests

from integrations.providers.base import ErrorClass, Outcome, OutcomeKind
from integrations.providers.salesforce import login_errors, outcomes, replies
from integrations.providers.salesforce.errors_catalogue import CATALOGUE, COLLATERAL, OF_THE_WHOLE_REQUEST, entry_for
from integrations.providers.salesforce.replies import ApiError


def answer(status: int, body: bytes, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code, made._content = status, body
    made.headers.update(headers)
    return made


@pytest.mark.parametrize(
    ("code", "status", "message", "expected"),
    [
        ("REQUIRED_FIELD_MISSING", 400, "", ErrorClass.PERMANENT),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", 400, "", ErrorClass.PERMANENT),
        ("DUPLICATES_DETECTED", 400, "", ErrorClass.PERMANENT),
        ("UNABLE_TO_LOCK_ROW", 400, "", ErrorClass.TRANSIENT),
        ("UNABLE_TO_LOCK_ROW", 200, "", ErrorClass.TRANSIENT),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", 200, "MyTrigger: System.NullPointerException", ErrorClass.PERMANENT),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", 200, "MyTrigger: UNABLE_TO_LOCK_ROW, unable to", ErrorClass.TRANSIENT),
        ("REQUEST_LIMIT_EXCEEDED", 403, "", ErrorClass.RATE_LIMITED),
        ("INVALID_SESSION_ID", 401, "", ErrorClass.CREDENTIAL),
        ("INVALID_AUTH_HEADER", 401, "", ErrorClass.CREDENTIAL),
        ("SERVER_UNAVAILABLE", 503, "", ErrorClass.UNKNOWN_OUTCOME),
        ("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", 503, "", ErrorClass.TRANSIENT),
        ("A_CODE_OF_TOMORROW", 400, "", ErrorClass.PERMANENT),
        ("A_CODE_OF_TOMORROW", 403, "", ErrorClass.PERMANENT),
        ("A_CODE_OF_TOMORROW", 401, "", ErrorClass.CREDENTIAL),
        ("HTTP_420", 420, "", ErrorClass.TRANSIENT),
        ("HTTP_429", 429, "", ErrorClass.RATE_LIMITED),
        ("SERVER_UNAVAILABLE", 429, "", ErrorClass.RATE_LIMITED),
        ("SERVER_UNAVAILABLE", 420, "", ErrorClass.TRANSIENT),
        ("HTTP_500", 500, "", ErrorClass.UNKNOWN_OUTCOME),
        ("HTTP_504", 504, "", ErrorClass.UNKNOWN_OUTCOME),
    ],
)
def test_each_error_has_the_class_that_the_retry_policy_needs(code, status, message, expected):
    assert entry_for(code, status, message).error_class is expected


def test_every_error_has_advice():
    assert [code for code, entry in CATALOGUE.items() if not entry.advice.endswith(".")] == []


def test_no_error_is_both_one_records_and_the_whole_requests():
    assert COLLATERAL.isdisjoint(OF_THE_WHOLE_REQUEST)


@pytest.mark.parametrize(
    ("repeatable", "kind", "error_class"), [(False, "unknown", "unknown_outcome"), (True, "failed", "transient")]
)
def test_a_doubt_is_a_mere_delay_where_the_call_may_be_repeated(repeatable, kind, error_class):
    outcome = outcomes.refused([ApiError("SERVER_UNAVAILABLE", "down")], status=503, repeatable=repeatable)

    assert (outcome.kind, outcome.error["class"]) == (OutcomeKind(kind), error_class)


def test_of_several_errors_the_permanent_one_decides_and_all_are_told():
    errors = [ApiError("UNABLE_TO_LOCK_ROW", "locked"), ApiError("STRING_TOO_LONG", "too long", ("LastName",))]

    outcome = outcomes.refused(errors, status=200, repeatable=False)

    assert outcome.error["class"] == ErrorClass.PERMANENT
    assert outcome.error["message"] == "locked\ntoo long"
    assert outcome.error["fields"] == ["LastName"]


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (400, b'[{"message":"m","errorCode":"X","fields":["A"]}]', "X", "m"),
        (400, b'{"message":"m","errorCode":"X"}', "X", "m"),
        (400, b'{"error":"invalid_grant","error_description":"expired"}', "invalid_grant", "expired"),
        (
            503,
            b"<html><head><title>T</title><style>p{}</style></head><body><h1>Down</h1></body></html>",
            "HTTP_503",
            "T Down",
        ),
        (502, b"", "HTTP_502", "HTTP status 502"),
        (500, b"[]", "HTTP_500", "HTTP status 500"),
        (500, b'["odd"]', "HTTP_500", "HTTP status 500"),
        (400, b"null", "HTTP_400", "null"),
        (300, b'["/services/data/v59.0/sobjects/Lead/1"]', "HTTP_300", "HTTP status 300"),
    ],
)
def test_any_shape_of_refusal_gives_an_error(status, body, code, message):
    (error,) = replies.read(answer(status, body)).errors

    assert (error.code, error.message) == (code, message)


def test_an_item_of_a_collection_is_read_although_its_code_has_another_name():
    (error,) = replies.read_errors([{"statusCode": "STRING_TOO_LONG", "message": "m", "fields": ["LastName"]}])

    assert (error.code, error.fields) == ("STRING_TOO_LONG", ("LastName",))


@pytest.mark.parametrize("key", ["duplicateResut", "duplicateResult"])
def test_matches_are_read_under_the_misspelt_key_and_the_right_one(key):
    found = {"matchResults": [{"matchRecords": [{"record": {"Id": "00Q5c00002Lz9mUAAR"}}]}, {"matchRecords": []}]}

    (error,) = replies.read_errors(
        [{key: found, "errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?"}]
    )

    assert error.matches == ("00Q5c00002Lz9mUAAR",)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("api-usage=4143/15000", (4143, 15000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)", (25, 5000)),
        ("per-app-api-usage=17/250(appName=x); api-usage=25/5000", (25, 5000)),
        ("nonsense", None),
        ("", None),
    ],
)
def test_usage_is_read_from_the_limit_header(header, expected):
    assert replies.usage(answer(200, b"{}", **{"Sforce-Limit-Info": header})) == expected


@pytest.mark.parametrize(
    ("code", "description", "reason"),
    [
        ("access_denied", "end-user denied authorization", "access_denied"),
        ("invalid_grant", "expired authorization code", "code_expired"),
        ("invalid_grant", "invalid verifier", "pkce_failed"),
        ("invalid_request", "missing required code challenge", "pkce_failed"),
        ("invalid_client_id", "client identifier invalid", "wrong_client"),
        ("invalid_client", "invalid client credentials", "wrong_client"),
        ("redirect_uri_mismatch", "redirect_uri must match configuration", "redirect_mismatch"),
        ("invalid_grant", "user is not admin approved to access this app", "not_approved"),
        ("OAUTH_APP_BLOCKED", "this app is blocked by admin", "app_blocked"),
        ("OAUTH_APPROVAL_ERROR_GENERIC", "", "not_approved"),
        ("app_not_found", "External client app is not installed in this org", "app_not_installed"),
        ("invalid_scope", "the requested scope is not allowed", "scope_refused"),
        ("inactive_user", "", "user_inactive"),
        ("server_error", "", "unavailable"),
        ("something_new", "in words of tomorrow", "provider_error"),
    ],
)
def test_each_refusal_of_a_login_is_explained(code, description, reason):
    found = login_errors.explain(code, description)

    assert found.reason == reason
    assert found.words.endswith(".")


def test_an_unknown_refusal_of_a_login_is_told_in_salesforces_words():
    assert "something_new: in words of tomorrow" in login_errors.explain("something_new", "in words of tomorrow").words


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("datetime", "2026-01-31T09:30:00Z"),
        ("date", "2026-01-31;"),
        ("boolean", "true or false"),
        ("int", "whole number"),
        ("currency", "Send a number"),
        ("string", "Send text"),
        ("reference", "15- or 18-character id"),
        ("geolocation", "docs/values.md"),
    ],
)
def test_the_advice_for_a_value_that_salesforce_cannot_read_goes_by_the_fields_type(kind, advice):
    message = f"Cannot deserialize instance of {kind} from VALUE_STRING value x at [line:1, column:9]"

    assert advice in entry_for("JSON_PARSER_ERROR", 400, message).advice


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", None),
        ("60", 60.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("86400", 86_400.0),
        ("999999999999", 86_400.0),
        ("9" * 5_000, None),
        ("inf", None),
        ("-inf", None),
        ("nan", None),
        ("1e400", None),
        ("-5", None),
        ("1_000", None),
        ("\u0663", None),
        ("soon", None),
        ("Fri, 27 Nov 2026 10:01:00 GMT", 60.0),
        ("Fri, 27 Nov 2026 09:00:00 GMT", 0.0),
        ("Fri, 27 Nov 9999 10:00:00 GMT", 86_400.0),
        ("Fri, 27 Nov 2026 10:01:00 -0000", 60.0),
        ("Fri, 27 Nov 99999 10:00:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
    ],
)
def test_whatever_the_provider_asks_us_to_wait_is_a_bounded_time_or_none(said, seconds):
    reply = replies.read(answer(429, b"", **{"Retry-After": said, "Date": "Fri, 27 Nov 2026 10:00:00 GMT"}))

    assert reply.retry_after == seconds


@pytest.mark.parametrize("wait", [float("inf"), float("-inf"), float("nan"), 1e300, -1.0, 0.0])
def test_no_outcome_of_any_provider_asks_for_a_wait_that_no_clock_has(wait):
    kept = Outcome(OutcomeKind.FAILED, retry_after=wait).retry_after

    assert kept is None or 0 <= kept <= 86_400


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Fri, 27 Nov 2026 10:00:00 -0000", "Mon, 01 Jan 0001 00:00:00 +2359"]
)
def test_a_servers_clock_has_a_zone_or_is_not_known(date):
    read = replies.server_time(answer(200, b"", Date=date))

    assert read is None or read.utcoffset() == timedelta(0)


@pytest.mark.parametrize("count", ["9" * 10, "9" * 5_000, "\u0663", "-1"])
def test_a_count_of_calls_that_no_database_keeps_is_not_taken(count):
    assert replies.usage(answer(200, b"", **{"Sforce-Limit-Info": f"api-usage={count}/5000"})) is None
    assert replies.usage(answer(200, b"", **{"Sforce-Limit-Info": f"api-usage=5/{count}"})) is None
