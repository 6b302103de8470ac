"""Calls within calls: references between them, rollback, batches and trees."""

import pytest

BASE = "/services/data/v59.0"


def part(reference, method, url, body=None, **more):
    return {
        "referenceId": reference,
        "method": method,
        "url": f"{BASE}/{url}",
        **({"body": body} if body else {}),
        **more,
    }


def run(api, *parts, **options):
    reply = api.post("composite", {**options, "compositeRequest": list(parts)})
    assert reply.status_code == 200, reply.text
    return reply.json()["compositeResponse"]


def test_a_later_part_uses_what_an_earlier_one_answered(org, api):
    account = part("account", "POST", "sobjects/Account", {"Name": "Northwind"})
    contact = part("contact", "POST", "sobjects/Contact", {"LastName": "Myers", "AccountId": "@{account.id}"})
    found = part("found", "GET", "query?q=SELECT Id, Name FROM Account WHERE Id = '@{account.id}'")
    renamed = part("renamed", "PATCH", "sobjects/Account/@{found.records[0].Id}", {"Site": "@{found.records[0].Name}"})

    answers = run(api, account, contact, found, renamed)

    assert [answer["httpStatusCode"] for answer in answers] == [201, 201, 200, 204]
    account_id = answers[0]["body"]["id"]
    assert answers[0]["httpHeaders"] == {"Location": f"{BASE}/sobjects/Account/{account_id}"}
    assert org.records("Contact")[0]["AccountId"] == account_id
    assert org.records("Account")[0]["Site"] == "Northwind"


def test_a_reference_to_a_failed_part_halts_the_part(org, api):
    failing = part("account", "POST", "sobjects/Account", {"Site": "Rome"})
    contact = part("contact", "POST", "sobjects/Contact", {"LastName": "Myers", "AccountId": "@{account.id}"})

    answers = run(api, failing, contact)

    assert [answer["httpStatusCode"] for answer in answers] == [400, 400]
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert answers[1]["body"][0]["message"].startswith("Invalid reference specified. No value for account.id found in")
    assert org.count("Contact") == 0


def test_all_or_none_takes_everything_back(org, api):
    good = part("good", "POST", "sobjects/Account", {"Name": "Northwind"})
    bad = part("bad", "POST", "sobjects/Lead", {"LastName": "Myers"})

    answers = run(api, good, bad, allOrNone=True)

    message = "The transaction was rolled back since another operation in the same transaction failed."
    assert answers[0] == {
        "body": [{"errorCode": "PROCESSING_HALTED", "message": message}],
        "httpHeaders": {},
        "httpStatusCode": 400,
        "referenceId": "good",
    }
    assert answers[1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert org.count("Account") == 0


def test_a_composite_call_counts_as_one_request(api):
    reply = api.post("composite", {"compositeRequest": [part(f"r{n}", "GET", "limits") for n in range(5)]})

    assert reply.headers["sforce-limit-info"].startswith("api-usage=1/")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("composite", {"compositeRequest": [None]}),
        ("composite", {"compositeRequest": {"a": 1}}),
        ("composite", {"compositeRequest": [{"referenceId": "not ok", "method": "GET", "url": "/"}]}),
        ("composite/batch", {"batchRequests": [7]}),
        ("composite/tree/Account", {"records": ["x"]}),
        ("composite/sobjects", {"records": [None]}),
        ("composite/sobjects", {"records": [{"attributes": ["Lead"]}]}),
    ],
)
def test_bodies_of_the_wrong_shape_are_refused_not_stumbled_over(api, path, body):
    assert api.post(path, body).status_code == 400


def test_a_part_with_an_unreadable_url_is_not_found(api):
    assert run(api, {"referenceId": "r", "method": "GET", "url": "http://["})[0]["httpStatusCode"] == 404


def test_more_than_twenty_five_parts_are_refused(api):
    reply = api.post("composite", {"compositeRequest": [part(f"r{n}", "GET", "limits") for n in range(26)]})

    assert reply.status_code == 400


def test_a_batch_runs_each_part_by_itself_and_can_halt(api):
    parts = [
        {"method": "GET", "url": "v59.0/limits"},
        {"method": "POST", "url": "v59.0/sobjects/Account", "richInput": {"Site": "Rome"}},
        {"method": "POST", "url": "v59.0/sobjects/Account", "richInput": {"Name": "Northwind"}},
    ]

    on = api.post("composite/batch", {"batchRequests": parts}).json()
    halted = api.post("composite/batch", {"batchRequests": parts, "haltOnError": True}).json()

    assert on["hasErrors"] is True
    assert [result["statusCode"] for result in on["results"]] == [200, 400, 201]
    assert [result["statusCode"] for result in halted["results"]] == [200, 400, 412]


def test_a_tree_is_planted_whole_or_not_at_all(org, api):
    def tree(last_name):
        contact = {"attributes": {"type": "Contact", "referenceId": "c1"}, "LastName": last_name}
        account = {"attributes": {"type": "Account", "referenceId": "a1"}, "Name": "Northwind"}
        return {"records": [{**account, "Contacts": {"records": [contact]}}]}

    refused = api.post("composite/tree/Account", tree(None))
    planted = api.post("composite/tree/Account", tree("Myers"))

    assert (refused.status_code, [each["referenceId"] for each in refused.json()["results"]]) == (400, ["c1"])
    assert (planted.status_code, planted.json()["hasErrors"]) == (201, False)
    assert org.count("Account") == 1
    assert org.records("Contact")[0]["AccountId"] == planted.json()["results"][0]["id"]
