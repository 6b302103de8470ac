"""simple-salesforce from PyPI, unmodified, takes the org for Salesforce."""

import urllib.parse
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

HOST = "org.my"


class LocalSession(requests.Session):
    """The client insists on https and Salesforce's hosts; only the address is changed on the way out."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.netloc = urllib.parse.urlsplit(url).netloc

    def request(self, method: Any, url: Any, *more: Any, **options: Any) -> requests.Response:
        parts = urllib.parse.urlsplit(str(url))
        local = urllib.parse.urlunsplit(("http", self.netloc, parts.path, parts.query, ""))
        return super().request(method, local, *more, **options)


@pytest.fixture
def client(org):
    app = org.app()
    return Salesforce(
        username=app["username"], password=app["password"], security_token="", session=LocalSession(org.url)
    )


def test_the_whole_life_of_leads(org, client):
    describe = client.Lead.describe()
    assert "Company" in [field["name"] for field in describe["fields"]]

    made = client.Lead.create({"LastName": "Smith", "Company": "SmithCorp", "External_Id__c": "one"})
    assert made["success"]
    assert client.Lead.get(made["id"])["Company"] == "SmithCorp"
    assert client.Lead.get_by_custom_id("External_Id__c", "one")["Id"] == made["id"]
    assert client.Lead.update(made["id"], {"City": "Rome"}) == 204

    assert client.Lead.upsert("External_Id__c/two", {"LastName": "Two", "Company": "Two"}) == 201
    assert client.Lead.upsert("External_Id__c/two", {"LastName": "Again", "Company": "Two"}) == 200
    assert [record["LastName"] for record in org.records()] == ["Smith", "Again"]

    assert client.Lead.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        client.Lead.get(made["id"])


def test_a_query_of_two_pages_is_read_to_its_end(org, client):
    for start in (0, 200):
        records = [
            {"attributes": {"type": "Lead"}, "LastName": f"L{number}", "Company": "Many"}
            for number in range(start, start + 200)
        ]
        client.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": records})
    client.headers["Sforce-Query-Options"] = "batchSize=200"

    result = client.query_all("SELECT Id, LastName FROM Lead ORDER BY Id")

    assert result["totalSize"] == 400
    assert [record["LastName"] for record in result["records"]] == [f"L{number}" for number in range(400)]
    assert org.calls()["resources"]["query"] == 2


def test_one_bad_record_of_a_collection_is_told_apart(client):
    records = [
        {"attributes": {"type": "Lead"}, "LastName": "One", "Company": "A"},
        {"attributes": {"type": "Lead"}, "LastName": "Two"},
        {"attributes": {"type": "Lead"}, "LastName": "Three", "Company": "C"},
    ]

    results = client.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": records})

    assert [result["success"] for result in results] == [True, False, True]
    assert results[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"


def test_refusals_become_the_clients_own_exceptions(client):
    for _ in range(2):
        client.Lead.create({"LastName": "Twin", "Company": "A", "Email": "twin@example.com"})

    with pytest.raises(SalesforceMalformedRequest) as refused:
        client.Lead.create({"LastName": "Smith"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        client.Lead.get_by_custom_id("Email", "twin@example.com")

    assert refused.value.content[0]["fields"] == ["Company"]


def test_an_expired_session_is_renewed_by_the_client_itself(org, client):
    org.faults("expire_tokens")

    assert client.Lead.create({"LastName": "After", "Company": "Expiry"})["success"]
    assert org.calls()["resources"]["soap_login"] == 2


def test_an_expired_token_without_a_login_is_an_expired_session(org):
    session = LocalSession(org.url)
    client = Salesforce(instance="org.my.salesforce.com", session_id=org.grant()["access_token"], session=session)
    assert client.limits()["DailyApiRequests"]["Max"] == 1_000_000
    org.faults("expire_tokens")

    with pytest.raises(SalesforceExpiredSession):
        client.limits()


def test_client_credentials_log_in(org):
    app = org.app()

    client = Salesforce(
        consumer_key=app["client_id"], consumer_secret=app["client_secret"], domain=HOST, session=LocalSession(org.url)
    )

    assert client.query("SELECT Id FROM User")["totalSize"] >= 1


def test_a_wrong_password_is_refused_with_the_orgs_sentence(org):
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(username="admin@sandbox.example", password="no", security_token="", session=LocalSession(org.url))
