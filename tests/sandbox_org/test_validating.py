"""The error catalogue as a table: what is sent, and the exact error that comes back."""

from typing import Any

import pytest

TOO_LONG = "x" * 81
NOT_WRITABLE = (
    "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is "
    "read/write for your profile or permission set."
)
CATALOGUE: list[tuple[str, dict[str, Any], str, str, list[str] | None]] = [
    *(
        (
            "Task",
            {"ActivityDate": day},
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            f"Due Date Only: value not of required type: {day}",
            ["ActivityDate"],
        )
        for day in ("0001-01-01", "1699-12-31", "4001-01-01", "9999-12-31")
    ),
    (
        "Task",
        {"ReminderDateTime": "1700-01-01T00:00:00+01:00"},
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "Reminder Date/Time: value not of required type: 1700-01-01T00:00:00+01:00",
        ["ReminderDateTime"],
    ),
    ("Account", {}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
    ("Account", {"Name": "  "}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
    (
        "Opportunity",
        {},
        "REQUIRED_FIELD_MISSING",
        "Required fields are missing: [Name, StageName, CloseDate]",
        ["Name", "StageName", "CloseDate"],
    ),
    ("Lead", {"foo": "1"}, "INVALID_FIELD", "No such column 'foo' on sobject of type Lead", None),
    ("Lead", {"Name": "Ana"}, "INVALID_FIELD_FOR_INSERT_UPDATE", NOT_WRITABLE.format("Name"), ["Name"]),
    (
        "Lead",
        {"EmailBouncedReason": "full"},
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        NOT_WRITABLE.format("EmailBouncedReason"),
        ["EmailBouncedReason"],
    ),
    (
        "Account",
        {"Name": "y" * 256},
        "STRING_TOO_LONG",
        f"Account Name: data value too large: {'y' * 256} (max length=255)",
        ["Name"],
    ),
    (
        "Lead",
        {"LastName": TOO_LONG},
        "STRING_TOO_LONG",
        f"Last Name: data value too large: {TOO_LONG} (max length=80)",
        ["LastName"],
    ),
    (
        "Lead",
        {"GeocodeAccuracy": "Roughly"},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Geocode Accuracy: bad value for restricted picklist field: Roughly",
        ["GeocodeAccuracy"],
    ),
    (
        "Lead",
        {"Email": "not an email"},
        "INVALID_EMAIL_ADDRESS",
        "Email: invalid email address: not an email",
        ["Email"],
    ),
    ("Contact", {"Email": "a@b"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: a@b", ["Email"]),
    (
        "Lead",
        {"NumberOfEmployees": 123456789},
        "NUMBER_OUTSIDE_VALID_RANGE",
        "Employees: value outside of valid range on numeric field: 123456789",
        ["NumberOfEmployees"],
    ),
    (
        "Lead",
        {"AnnualRevenue": 1e19},
        "NUMBER_OUTSIDE_VALID_RANGE",
        "Annual Revenue: value outside of valid range on numeric field: 1e+19",
        ["AnnualRevenue"],
    ),
    (
        "Task",
        {"WhatId": "00QSb0000000001"},
        "MALFORMED_ID",
        "Related To ID: id value of incorrect type: 00QSb0000000001",
        ["WhatId"],
    ),
    ("Lead", {"OwnerId": "nobody"}, "MALFORMED_ID", "Owner ID: id value of incorrect type: nobody", ["OwnerId"]),
    ("Lead", {"OwnerId": "005Sb0zzzzzzzzz"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", []),
    ("Contact", {"AccountId": "0014S000007NxmlQAC"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", []),
    (
        "Contact",
        {"Account": {"External_Id__c": "0116"}},
        "INVALID_FIELD",
        "Foreign key external ID: 0116 not found for field External_Id__c in entity Account",
        [],
    ),
    (
        "Lead",
        {"Id": "00QSb0000000001"},
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "cannot specify Id in an insert call",
        ["Id"],
    ),
]
NEEDED = {
    "Lead": {"LastName": "Myers", "Company": "Northwind"},
    "Contact": {"LastName": "Myers"},
}


@pytest.mark.parametrize(("name", "sent", "code", "message", "fields"), CATALOGUE)
def test_a_bad_record_is_refused_in_the_catalogues_words(org, api, name, sent, code, message, fields):
    reply = api.post(f"sobjects/{name}", {**NEEDED.get(name, {}), **sent})

    expected: dict[str, Any] = {"message": message, "errorCode": code}
    assert reply.status_code == 400
    assert reply.json() == [expected if fields is None else {**expected, "fields": fields}]
    assert org.count(name) == 0


@pytest.mark.parametrize(("name", "sent", "code", "message", "fields"), CATALOGUE)
def test_inside_collections_the_code_is_called_status_code(org, api, name, sent, code, message, fields):
    record = {"attributes": {"type": name}, **NEEDED.get(name, {}), **sent}

    reply = api.post("composite/sobjects", {"records": [record]})

    error = {"statusCode": code, "message": message, "fields": fields or []}
    assert (reply.status_code, reply.json()) == (200, [{"success": False, "errors": [error]}])
    assert org.count(name) == 0


@pytest.mark.parametrize(
    ("name", "field", "value", "kind", "shown"),
    [
        ("Opportunity", "CloseDate", "tomorrow", "date", "VALUE_STRING value tomorrow"),
        ("Opportunity", "CloseDate", "2026-02-30", "date", "VALUE_STRING value 2026-02-30"),
        (
            "Event",
            "StartDateTime",
            "2013-08-12T15:20:00+0000",
            "datetime",
            "VALUE_STRING value 2013-08-12T15:20:00+0000",
        ),
        ("Lead", "LastName", 5, "string", "VALUE_NUMBER_INT value 5"),
        ("Lead", "LastName", {"a": 1}, "string", "START_OBJECT value {"),
        ("Lead", "IsUnreadByOwner", "perhaps", "boolean", "VALUE_STRING value perhaps"),
        ("Lead", "NumberOfEmployees", "many", "int", "VALUE_STRING value many"),
        ("Lead", "AnnualRevenue", True, "currency", "VALUE_TRUE value true"),
        ("Lead", "AnnualRevenue", "1_250", "currency", "VALUE_STRING value 1_250"),
        ("Lead", "AnnualRevenue", "1,250", "currency", "VALUE_STRING value 1,250"),
        ("Lead", "AnnualRevenue", "0x10", "currency", "VALUE_STRING value 0x10"),
        ("Lead", "AnnualRevenue", "\u0661\u0662", "currency", "VALUE_STRING value \u0661\u0662"),
        ("Lead", "AnnualRevenue", "nan", "currency", "VALUE_STRING value nan"),
    ],
)
def test_a_value_of_the_wrong_json_type_stops_the_parser(org, api, name, field, value, kind, shown):
    body = {**NEEDED.get(name, {}), field: value}

    for reply in (
        api.post(f"sobjects/{name}", body),
        api.post("composite/sobjects", {"records": [{"attributes": {"type": name}, **body}]}),
    ):
        assert reply.status_code == 400
        assert reply.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
        assert reply.json()[0]["message"].startswith(f"Cannot deserialize instance of {kind} from {shown} at [line:1, ")
    assert org.count(name) == 0


@pytest.mark.parametrize(
    ("name", "field", "sent", "stored"),
    [
        ("Lead", "Email", " Chloe.Myers@Example.COM ", "chloe.myers@example.com"),
        ("Lead", "FirstName", "  Chloe ", "Chloe"),
        ("Lead", "FirstName", "", None),
        ("Lead", "NumberOfEmployees", "10000", 10000),
        ("Lead", "AnnualRevenue", 12.6, 13.0),
        ("Lead", "IsUnreadByOwner", "true", True),
        ("Lead", "Rating", "Lukewarm", "Lukewarm"),
        ("Lead", "Phone", "ask Raj", "ask Raj"),
        ("Lead", "Description", "one\ntwo", "one\ntwo"),
        ("Lead", "lastname", "Lower", None),
        ("Event", "StartDateTime", "2021-12-02T19:23:39+01:00", "2021-12-02T18:23:39.000+0000"),
        ("Event", "StartDateTime", "2021-12-02T18:23:39.500+0000", "2021-12-02T18:23:39.000+0000"),
        ("Event", "StartDateTime", "2021-12-02T18:23:39Z", "2021-12-02T18:23:39.000+0000"),
    ],
)
def test_a_good_value_is_stored_in_the_orgs_form(org, api, name, field, sent, stored):
    api.create(name, **{field: sent})

    record = org.records(name)[0]
    if field == "lastname":
        assert record["LastName"] == "Lower"
    else:
        assert record[field] == stored


def test_everything_that_is_wrong_with_a_record_is_said_at_once(api):
    reply = api.post("sobjects/Lead", {"LastName": TOO_LONG, "Email": "bad", "Name": "x"})

    assert [(error["errorCode"], error["fields"]) for error in reply.json()] == [
        ("STRING_TOO_LONG", ["LastName"]),
        ("INVALID_EMAIL_ADDRESS", ["Email"]),
        ("INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"]),
        ("REQUIRED_FIELD_MISSING", ["Company"]),
    ]


def test_a_required_field_cannot_be_cleared_and_a_create_only_one_not_changed(org, api):
    record_id = api.create()

    cleared = api.patch(f"sobjects/Lead/{record_id}", {"Company": None})
    converted = api.patch(f"sobjects/Lead/{record_id}", {"IsConverted": True})

    assert cleared.json()[0]["message"] == "Required fields are missing: [Company]"
    assert converted.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert org.records()[0]["Company"] == "Northwind"


def test_a_field_of_the_org_that_only_updates_may_set_is_taken_there(org, api):
    record_id = api.create()

    assert api.patch(f"sobjects/Lead/{record_id}", {"EmailBouncedReason": "full"}).status_code == 204


def test_an_external_id_is_unique_in_any_case_until_its_record_is_deleted(api):
    record_id = api.create(External_Id__c="Run-1")

    reply = api.post("sobjects/Lead", {"LastName": "Two", "Company": "Two", "External_Id__c": "run-1"})

    message = f"duplicate value found: External_Id__c duplicates value on record with id: {record_id[:15]}"
    assert reply.status_code == 400
    assert reply.json() == [{"message": message, "errorCode": "DUPLICATE_VALUE", "fields": []}]
    api.delete(f"sobjects/Lead/{record_id}")
    assert api.create(External_Id__c="run-1")


def test_a_parent_can_be_named_by_its_external_id(org, api):
    account_id = api.create("Account", Name="Northwind", External_Id__c="42")

    api.create("Contact", LastName="Myers", Account={"External_Id__c": "42"})

    assert org.records("Contact")[0]["AccountId"] == account_id


def test_a_converted_lead_cannot_be_changed(api):
    record_id = api.create(IsConverted=True)

    reply = api.patch(f"sobjects/Lead/{record_id}", {"City": "Rome"})

    assert reply.json() == [
        {"message": "cannot reference converted lead", "errorCode": "CANNOT_UPDATE_CONVERTED_LEAD", "fields": []}
    ]


def test_an_opportunity_gets_its_probability_from_its_stage(org, api):
    api.create("Opportunity", Name="Deal", StageName="Closed Won", CloseDate="2026-12-01")

    record = org.records("Opportunity")[0]
    assert (record["Probability"], record["IsWon"], record["IsClosed"]) == (100.0, True, True)
