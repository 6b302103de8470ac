"""Replies recorded from real orgs, asked of this one: same status, same body, ids aside."""

import re
from typing import Any

import pytest
import requests

ACCOUNT = {"attributes": {"type": "Account"}}
NAME_MISSING = {
    "statusCode": "REQUIRED_FIELD_MISSING",
    "message": "Required fields are missing: [Name]",
    "fields": ["Name"],
}
ID = re.compile(r"\b[a-zA-Z0-9]{15}(?:[A-Z0-5]{3})?\b")
RECORDED: list[tuple[str, str, Any, int, Any]] = [
    (
        "POST",
        "v42.0/composite/sobjects",
        {"allOrNone": False, "records": [{"AccountNumber": "shouldnotexist", "Name": None, **ACCOUNT}]},
        200,
        [{"success": False, "errors": [NAME_MISSING]}],
    ),
    (
        "PATCH",
        "v59.0/composite/sobjects/Account/Id",
        {"allOrNone": False, "records": [{"Name": "Sitwell-Bluth", "AccountNumber": "420", "Id": None, **ACCOUNT}]},
        200,
        [{"id": "0015500001QdQWaAAN", "success": True, "errors": [], "created": True}],
    ),
    (
        "POST",
        "v59.0/composite",
        {
            "compositeRequest": [
                {"referenceId": "CCI__RefId__0__", "method": "GET", "url": "/services/data/v59.0/sobjects/Foo"}
            ]
        },
        200,
        {
            "compositeResponse": [
                {
                    "body": [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}],
                    "httpHeaders": {},
                    "httpStatusCode": 404,
                    "referenceId": "CCI__RefId__0__",
                }
            ]
        },
    ),
    (
        "GET",
        "v59.0/query/?q=select count() from XYZZY",
        None,
        400,
        [
            {
                "message": "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n"
                "sObject type 'XYZZY' is not supported. If you are attempting to use a custom object, be sure to "
                "append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
                "appropriate names.",
                "errorCode": "INVALID_TYPE",
            }
        ],
    ),
    (
        "GET",
        "v42.0/query?q=SELECT Id FROM Lead WHERE Email = 'leadbrian@demo.com'",
        None,
        200,
        {"totalSize": 0, "done": True, "records": []},
    ),
    (
        "POST",
        "v39.0/sobjects/Contact",
        {"FirstName": "John", "LastName": "Smith", "Email": "not an email"},
        400,
        [
            {
                "message": "Email: invalid email address: not an email",
                "errorCode": "INVALID_EMAIL_ADDRESS",
                "fields": ["Email"],
            }
        ],
    ),
    (
        "GET",
        "v39.0/query/?q=invalid",
        None,
        400,
        [{"message": "unexpected token: 'invalid'", "errorCode": "MALFORMED_QUERY"}],
    ),
    (
        "GET",
        "v42.0/sobjects/Account/0014S000007Ny26QAC",
        None,
        404,
        [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}],
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "recorded"), RECORDED)
def test_the_org_answers_what_a_real_one_answered(api, method, path, body, status, recorded):
    reply = api.call(method, f"{api.org.url}/services/data/{path}", **({"json": body} if body else {}))

    assert reply.status_code == status
    assert masked(reply.json()) == masked(recorded)


def test_an_unconditional_describe_of_all_objects_is_a_304_inside_composite(api):
    since = {"If-Modified-Since": "Sun, 22 Nov 2026 21:35:07 GMT"}
    part = {"referenceId": "r0", "method": "GET", "url": "/services/data/v49.0/sobjects", "httpHeaders": since}

    answer = api.post("composite", {"compositeRequest": [part]}).json()["compositeResponse"][0]

    assert (answer["body"], answer["httpStatusCode"]) == (None, 304)
    assert "Last-Modified" in answer["httpHeaders"]


def test_a_wrong_client_id_is_refused_as_recorded(org):
    form = {
        "grant_type": "password",
        "client_id": "test",
        "client_secret": "test",
        "username": "test",
        "password": "test",
    }

    reply = requests.post(f"{org.url}/services/oauth2/token", data=form)

    assert reply.status_code == 400
    assert reply.json() == {"error": "invalid_client_id", "error_description": "client identifier invalid"}


def test_a_lead_has_the_fields_of_the_recorded_one_in_their_order(api):
    recorded = [
        "Id",
        "IsDeleted",
        "MasterRecordId",
        "LastName",
        "FirstName",
        "Salutation",
        "Name",
        "Title",
        "Company",
        "Street",
        "City",
        "State",
        "PostalCode",
        "Country",
        "Latitude",
        "Longitude",
        "GeocodeAccuracy",
        "Address",
        "Phone",
        "MobilePhone",
        "Fax",
        "Email",
        "Website",
        "PhotoUrl",
        "Description",
        "LeadSource",
        "Status",
        "Industry",
        "Rating",
        "AnnualRevenue",
        "NumberOfEmployees",
        "OwnerId",
        "IsConverted",
        "ConvertedDate",
        "ConvertedAccountId",
        "ConvertedContactId",
        "ConvertedOpportunityId",
        "IsUnreadByOwner",
        "CreatedDate",
        "CreatedById",
        "LastModifiedDate",
        "LastModifiedById",
        "SystemModstamp",
        "LastActivityDate",
        "LastViewedDate",
        "LastReferencedDate",
        "Jigsaw",
        "JigsawContactId",
        "CleanStatus",
        "CompanyDunsNumber",
        "DandbCompanyId",
        "EmailBouncedReason",
        "EmailBouncedDate",
        "IndividualId",
    ]

    lead = api.get(f"sobjects/Lead/{api.create()}").json()

    assert list(lead) == ["attributes", *recorded, "External_Id__c"]
    assert (lead["Status"], lead["CleanStatus"], lead["IsUnreadByOwner"]) == ("Open - Not Contacted", "Pending", True)
    assert lead["PhotoUrl"] == f"/services/images/photo/{lead['Id']}"


def masked(value: Any) -> Any:
    """The value with every record id replaced, and with the same length."""
    if isinstance(value, dict):
        return {key: masked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    if isinstance(value, str):
        return ID.sub(lambda match: "#" * len(match[0]) if any(c.isdigit() for c in match[0]) else match[0], value)
    return value
