"""One record at a time, and the manners of the REST API around it."""

import gzip
import json

import pytest
import requests

from tests.sandbox_org.conftest import ANA, RAJ, api_of

MISSING_ID = "00QSb0zzzzzzzzz"
NOT_FOUND = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]


def test_a_lead_is_created_read_changed_and_deleted(org, api):
    made = api.post("sobjects/Lead/", {"LastName": "Smith", "Company": "SmithCorp", "Email": "Brian@Demo.com"})
    record_id = made.json()["id"]
    assert made.status_code == 201
    assert made.json() == {"id": record_id, "success": True, "errors": []}
    assert made.headers["location"] == f"/services/data/v59.0/sobjects/Lead/{record_id}"

    record = api.get(f"sobjects/Lead/{record_id[:15]}").json()
    assert record["attributes"]["url"] == f"/services/data/v59.0/sobjects/Lead/{record_id}"
    assert (record["Name"], record["Email"]) == ("Smith", "brian@demo.com")
    assert (record["Status"], record["OwnerId"], record["CreatedById"]) == (
        "Open - Not Contacted",
        api.user_id,
        api.user_id,
    )
    assert record["FirstName"] is None
    assert record["CreatedDate"].endswith(".000+0000")
    assert list(record)[1:] == [field["name"] for field in api.get("sobjects/Lead/describe").json()["fields"]]

    changed = api.patch(f"sobjects/Lead/{record_id}", {"FirstName": "Brian", "City": "Rome", "Email": None})
    assert (changed.status_code, changed.content) == (204, b"")
    fields = api.get(f"sobjects/Lead/{record_id}", params={"fields": "Name,Address,Email"}).json()
    assert (fields["Name"], fields["Address"]["city"], fields["Email"]) == ("Brian Smith", "Rome", None)

    assert api.delete(f"sobjects/Lead/{record_id}").status_code == 204
    gone = api.get(f"sobjects/Lead/{record_id}")
    assert (gone.status_code, gone.json()) == (404, NOT_FOUND)


def test_a_recycled_record_can_be_neither_changed_nor_deleted_again(api):
    record_id = api.create()
    api.delete(f"sobjects/Lead/{record_id}")

    for reply in (api.delete(f"sobjects/Lead/{record_id}"), api.patch(f"sobjects/Lead/{record_id}", {"City": "Rome"})):
        assert reply.status_code == 404
        assert reply.json() == [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}]


@pytest.mark.parametrize("path", ["sobjects/Nope", f"sobjects/Lead/{MISSING_ID}", "sobjects/Lead/12", "nowhere"])
def test_what_does_not_exist_is_a_404_in_the_recorded_words(api, path):
    reply = api.get(path)

    assert (reply.status_code, reply.json()) == (404, NOT_FOUND)


def test_an_upsert_creates_then_updates_by_the_external_id(api):
    path = "sobjects/Lead/External_Id__c/run-1"

    first = api.patch(path, {"LastName": "Myers", "Company": "Northwind"})
    second = api.patch(path, {"Company": "Southwind"})

    record_id = first.json()["id"]
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()) == (
        200,
        {"id": record_id, "success": True, "errors": [], "created": False},
    )
    assert api.get("sobjects/Lead/External_Id__c/RUN-1").json()["Company"] == "Southwind"


def test_an_upsert_that_fits_two_records_writes_nothing_and_names_both(org, api):
    ids = [api.create(Email="twin@example.com") for _ in range(2)]

    reply = api.patch("sobjects/Lead/Email/twin@example.com", {"Company": "Other"})

    assert reply.status_code == 300
    assert reply.json() == [f"/services/data/v59.0/sobjects/Lead/{each}" for each in ids]
    assert {record["Company"] for record in org.records()} == {"Northwind"}


def test_an_upsert_refuses_unknown_keys_repeated_keys_and_pure_updates_of_nothing(api):
    unknown = api.patch("sobjects/Lead/Namez/1", {"LastName": "a"})
    repeated = api.patch("sobjects/Lead/External_Id__c/1", {"External_Id__c": "1", "LastName": "a"})
    nothing = api.patch("sobjects/Lead/External_Id__c/1?updateOnly=true", {"LastName": "a"})

    assert unknown.json()[0]["message"] == "Provided external ID field does not exist or is not accessible: Namez"
    assert repeated.json()[0]["errorCode"] == "INVALID_FIELD"
    assert (unknown.status_code, repeated.status_code, nothing.status_code) == (404, 400, 404)


def test_a_record_belongs_to_whoever_created_it(org):
    org.user(ANA)
    org.user(RAJ)
    ana, raj = api_of(org, ANA), api_of(org, RAJ)

    ids = {ana.create(): ana.user_id, raj.create(): raj.user_id}

    assert {record["Id"]: record["CreatedById"] for record in org.records()} == ids
    assert ana.user_id != raj.user_id


@pytest.mark.parametrize("version", ["v31.0", "v46.0", "v68.0"])
def test_every_living_version_answers_under_its_own_number(api, version):
    base = f"{api.org.url}/services/data/{version}"

    describe = api.get(f"{base}/sobjects/Lead/describe").json()

    assert describe["urls"]["sobject"] == f"/services/data/{version}/sobjects/Lead"
    assert {"label", "url", "version"} == set(requests.get(f"{api.org.url}/services/data").json()[-1])


def test_retired_and_future_versions_are_told_apart(api):
    assert api.get(f"{api.org.url}/services/data/v30.0/limits").status_code == 410
    assert api.get(f"{api.org.url}/services/data/v99.0/limits").status_code == 404


@pytest.mark.parametrize("path", ["limits/", "/limits", "/limits//", "sobjects/Lead/describe/", "sobjects//Lead"])
def test_trailing_and_doubled_slashes_change_nothing(api, path):
    assert api.get(f"{api.org.url}/services/data/v59.0/{path}").status_code == 200


def test_every_reply_has_the_headers_of_the_recorded_ones(api):
    reply = api.get("limits")

    assert reply.headers["content-type"] == "application/json;charset=UTF-8"
    assert reply.headers["sforce-limit-info"] == "api-usage=1/1000000"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-cache,must-revalidate,max-age=0,no-store,private"
    assert reply.json()["DailyApiRequests"] == {"Max": 1000000, "Remaining": 999999}


def test_a_describe_is_not_sent_again_to_whom_has_it(api):
    first = api.get("sobjects/Lead/describe")

    by_tag = api.get("sobjects/Lead/describe", headers={"If-None-Match": first.headers["etag"]})
    by_date = api.get("sobjects/Lead/describe", headers={"If-Modified-Since": first.headers["last-modified"]})
    older = api.get("sobjects/Lead/describe", headers={"If-Modified-Since": "Thu, 03 Sep 2020 21:35:07 GMT"})

    assert [by_tag.status_code, by_date.status_code, older.status_code] == [304, 304, 200]
    assert by_tag.content == b""


def test_each_object_has_an_external_id_field(api):
    for entry in api.get("sobjects").json()["sobjects"]:
        describe = api.get(f"sobjects/{entry['name']}/describe").json()
        keys = [field["name"] for field in describe["fields"] if field["externalId"]]
        assert keys == ([] if entry["name"] == "Organization" else ["External_Id__c"])
        assert entry["keyPrefix"] == describe["keyPrefix"]


def test_below_an_objects_describe_nothing_else_is_found(api):
    reply = api.get("sobjects/Account/describe/layouts")

    assert reply.status_code == 404
    assert reply.json() == [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]


def test_a_custom_object_has_a_field_of_each_type_that_can_be_written(api):
    describe = api.get("sobjects/Every_Type__c/describe").json()

    kinds = {field["type"] for field in describe["fields"] if field["createable"]}
    assert kinds >= {"string", "textarea", "email", "phone", "url", "double", "currency", "percent", "boolean", "date"}
    assert kinds >= {"datetime", "time", "picklist", "multipicklist", "reference"}
    assert describe["keyPrefix"] == "a00"


def test_bodies_go_compressed_in_both_directions(api):
    body = gzip.compress(json.dumps({"LastName": "Packed", "Company": "Zip"}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    made = api.call("POST", "sobjects/Lead", data=body, headers=headers)
    described = api.get("sobjects/Lead/describe", headers={"Accept-Encoding": "gzip"})

    assert made.status_code == 201, made.text
    assert described.headers["content-encoding"] == "gzip"
    assert described.json()["name"] == "Lead"


def test_chunked_bodies_are_read(api):
    parts = iter([b'{"LastName":"Chunk",', b'"Company":"Stream"}'])

    reply = api.call("POST", "sobjects/Lead", data=parts, headers={"Content-Type": "application/json"})

    assert reply.status_code == 201


def test_patch_can_be_tunnelled_through_post(api):
    record_id = api.create()

    assert api.post(f"sobjects/Lead/{record_id}?_HttpMethod=PATCH", {"City": "Rome"}).status_code == 204


def test_pretty_printing_indents_as_recorded(api):
    assert '\n  "DailyApiRequests" : {\n' in api.get("limits", headers={"X-PrettyPrint": "1"}).text


def test_a_method_that_is_not_allowed_names_those_that_are(api):
    reply = api.call("PUT", f"sobjects/Lead/{api.create()}")

    assert reply.status_code == 405
    assert reply.headers["allow"] == "HEAD, GET, PATCH, DELETE"
    message = "HTTP Method 'PUT' not allowed. Allowed are HEAD, GET, PATCH, DELETE"
    assert reply.json() == [{"errorCode": "METHOD_NOT_ALLOWED", "message": message}]


def test_another_media_type_is_refused(api):
    reply = api.call("POST", "sobjects/Lead", data="<lead/>", headers={"Content-Type": "text/plain"})

    assert reply.status_code == 415
    assert reply.json()[0]["message"] == "Content-Type header specified in HTTP request is not supported: text/plain"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "The HTTP entity body is required, but this request has no entity body."),
        (
            '{"LastName" "jones"}'.replace('"jones', "jones"),
            "Unexpected character ('j' (code 106)): was expecting a colon to separate field name and value at "
            "[line:1, column:13]",
        ),
        ('{"LastName":', "Unexpected end-of-input: expected close marker for Object at [line:1, column:13]"),
    ],
)
def test_a_body_that_is_no_json_gets_the_parsers_words(api, body, message):
    reply = api.call("POST", "sobjects/Lead", data=body, headers={"Content-Type": "application/json"})

    assert reply.status_code == 400
    assert reply.json() == [{"message": message, "errorCode": "JSON_PARSER_ERROR"}]


@pytest.mark.parametrize(
    ("header", "code", "message"),
    [
        ("Bearer 00Dx!gone", "INVALID_SESSION_ID", "Session expired or invalid"),
        ("", "INVALID_SESSION_ID", "Session expired or invalid"),
        ("Basic abc", "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"),
    ],
)
def test_a_bad_session_is_a_401(org, header, code, message):
    reply = requests.get(f"{org.url}/services/data/v59.0/limits", headers={"Authorization": header} if header else {})

    assert (reply.status_code, reply.json()) == (401, [{"message": message, "errorCode": code}])


def test_record_counts_leave_empty_objects_out(api):
    api.create()

    reply = api.get("limits/recordCount?sObjects=Lead,Account")

    assert reply.json() == {"sObjects": [{"count": 1, "name": "Lead"}]}


def test_the_sf_command_line_finds_what_it_asks_for_at_login(api):
    columns = "Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix, OrganizationType"

    rows = api.rows(f"SELECT {columns} FROM Organization")

    assert len(rows) == 1
    assert rows[0]["Name"] == "Sandbox org"
    assert api.get(f"sobjects/User/{api.user_id}").json()["Username"] == api.org.app()["username"]
    assert api.query("SELECT Id FROM ScratchOrgInfo limit 1").json()[0]["errorCode"] == "INVALID_TYPE"
