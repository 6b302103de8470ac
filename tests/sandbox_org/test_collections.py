"""Up to 200 records in a call: order, partial success, rollback, and chunks that fail as one."""

import pytest


def lead(**values):
    return {"attributes": {"type": "Lead"}, "LastName": "Myers", "Company": "Northwind", **values}


def test_results_come_in_the_order_of_the_records_and_a_failed_one_has_no_id(org, api):
    records = [lead(LastName="One"), lead(Company=None), lead(LastName="Three")]

    results = api.post("composite/sobjects", {"allOrNone": False, "records": records}).json()

    assert [result["success"] for result in results] == [True, False, True]
    assert "id" not in results[1]
    assert results[0] == {"id": org.records()[0]["Id"], "success": True, "errors": []}
    assert [record["LastName"] for record in org.records()] == ["One", "Three"]


def test_all_or_none_rolls_back_and_shows_the_culprit(org, api):
    records = [lead(), lead(Email="bad"), lead()]

    results = api.post("composite/sobjects", {"allOrNone": True, "records": records}).json()

    codes = [result["errors"][0]["statusCode"] for result in results]
    rolled_back = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert codes == [rolled_back, "INVALID_EMAIL_ADDRESS", rolled_back]
    assert all("id" not in result for result in results)
    assert org.count() == 0


def test_an_upsert_rolled_back_still_says_what_it_would_have_created(org, api):
    records = [lead(External_Id__c="1"), lead(External_Id__c="2", Email="bad")]

    path = "composite/sobjects/Lead/External_Id__c"
    first, second = api.call("PATCH", path, json={"allOrNone": True, "records": records}).json()

    assert (first["success"], first["created"], second["success"]) == (False, True, False)
    assert first["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert org.count() == 0


def test_types_may_be_mixed(org, api):
    records = [lead(), {"attributes": {"type": "Account"}, "Name": "Northwind"}, lead()]

    results = api.post("composite/sobjects", {"records": records}).json()

    assert [result["id"][:3] for result in results] == ["00Q", "001", "00Q"]


@pytest.mark.parametrize("count", [0, 201])
def test_a_call_of_the_wrong_size_is_refused_whole(org, api, count):
    reply = api.post("composite/sobjects", {"records": [lead()] * count})

    assert reply.status_code == 400
    assert org.count() == 0


def test_two_hundred_records_fit(org, api):
    results = api.post("composite/sobjects", {"records": [lead(LastName=f"L{n}") for n in range(200)]}).json()

    assert [record["LastName"] for record in org.records()] == [f"L{n}" for n in range(200)]
    assert len({result["id"] for result in results}) == 200


def test_updates_name_what_is_wrong_with_each_id(org, api):
    known, gone = api.create(), api.create()
    api.delete(f"sobjects/Lead/{gone}")
    ids = [known, gone, "00QSb0zzzzzzzzz", "001Sb0000000001", None]
    records = [{"attributes": {"type": "Lead"}, "id": each, "City": "Rome"} for each in ids]

    results = api.patch("composite/sobjects", {"records": records}).json()

    assert results[0] == {"id": known, "success": True, "errors": []}
    assert [result["errors"][0]["statusCode"] for result in results[1:]] == [
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
        "MISSING_ARGUMENT",
    ]
    assert org.records()[0]["City"] == "Rome"


def test_upserts_tell_what_they_created(org, api):
    api.create(External_Id__c="a")
    records = [lead(External_Id__c="a", City="Rome"), lead(External_Id__c="b"), lead(External_Id__c="B")]

    results = api.patch("composite/sobjects/Lead/External_Id__c", {"records": records}).json()

    assert [result.get("created") for result in results] == [False, True, None]
    assert results[2]["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"
    assert [record["City"] for record in org.records()] == ["Rome", None]


def test_an_upsert_by_a_null_id_inserts(api):
    record = {"attributes": {"type": "Account"}, "Name": "Sitwell-Bluth", "AccountNumber": "420", "Id": None}

    results = api.patch("composite/sobjects/Account/Id", {"allOrNone": False, "records": [record]}).json()

    assert results == [{"id": results[0]["id"], "success": True, "errors": [], "created": True}]


def test_an_upsert_by_e_mail_works_and_refuses_two_matches(api):
    one = api.create(Email="one@example.com")
    for _ in range(2):
        api.create(Email="two@example.com")
    records = [lead(Email="One@example.com", City="Rome"), lead(Email="two@example.com")]

    results = api.patch("composite/sobjects/Lead/Email", {"records": records}).json()

    assert results[0] == {"id": one, "success": True, "errors": [], "created": False}
    assert results[1]["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"


def test_records_are_deleted_and_retrieved_by_lists_of_ids(org, api):
    ids = [api.create(LastName=f"L{n}") for n in range(3)]

    deleted = api.delete(f"composite/sobjects?ids={ids[0]},{ids[1][:15]},001xx&allOrNone=false").json()
    by_get = api.get(f"composite/sobjects/Lead?ids={','.join(ids)}&fields=Id,LastName").json()
    by_post = api.post("composite/sobjects/Lead", {"ids": ids, "fields": ["LastName"]}).json()
    malformed = api.get("composite/sobjects/Lead?ids=zz&fields=Id")

    assert [result["success"] for result in deleted] == [True, True, False]
    assert by_get[:2] == by_post[:2] == [None, None]
    assert by_get[2]["LastName"] == by_post[2]["LastName"] == "L2"
    assert (malformed.status_code, malformed.json()[0]["errorCode"]) == (400, "MALFORMED_ID")


def test_a_validation_rule_of_the_admins_refuses_its_records_alone(org, api):
    rule = {
        "object": "Lead",
        "field": "Company",
        "equals": "Forbidden",
        "message": "Not them.",
        "error_field": "Company",
    }
    org.settings(validation_rules=[rule])

    results = api.post("composite/sobjects", {"records": [lead(), lead(Company="Forbidden")]}).json()

    error = {"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Not them.", "fields": ["Company"]}
    assert results[0]["success"]
    assert results[1] == {"success": False, "errors": [error]}


def test_a_poisoned_record_fails_its_whole_chunk_and_no_other(org, api):
    org.settings(chunk_poison={"object": "Lead", "field": "Company", "equals": "Poison"})

    together = api.post("composite/sobjects", {"records": [lead(), lead(Company="Poison"), lead()]}).json()
    apart = [api.post("composite/sobjects", {"records": [lead(Company=name)]}).json()[0] for name in ("Poison", "Fine")]

    errors = [result["errors"] for result in together]
    assert errors[0] == errors[1] == errors[2] == apart[0]["errors"]
    assert errors[0][0]["statusCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert "execution of BeforeInsert" in errors[0][0]["message"]
    assert apart[1]["success"]
    assert [record["Company"] for record in org.records()] == ["Fine"]


def test_the_duplicate_rule_alerts_unless_the_header_allows_saving(org, api):
    org.settings(duplicate_rules={"Lead": {"allow_save": True}})
    contact_id = api.create("Contact", LastName="Myers", Email="twin@example.com")
    body = {"LastName": "Myers", "Company": "Northwind", "Email": "Twin@example.com"}

    refused = api.post("sobjects/Lead", body)
    allowed = api.post("sobjects/Lead", body, headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"})

    error = refused.json()[0]
    match = error["duplicateResut"]["matchResults"][0]
    assert (refused.status_code, error["errorCode"]) == (400, "DUPLICATES_DETECTED")
    assert "fields" not in error
    assert (match["entityType"], match["matchRecords"][0]["record"]["Id"]) == ("Contact", contact_id)
    assert allowed.status_code == 201
