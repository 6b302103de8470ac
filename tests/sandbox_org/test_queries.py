"""Queries over HTTP: what they find, how pages follow each other, and the shape of replies."""

import pytest

from tests.sandbox_org.conftest import ANA, api_of

PEOPLE = [
    {"LastName": "Alvarez", "Company": "Acme", "NumberOfEmployees": 10, "Email": "a@acme.example", "City": "Oslo"},
    {"LastName": "Brown", "Company": "acme", "NumberOfEmployees": 20, "IsUnreadByOwner": True},
    {"LastName": "Chen", "Company": "Globex", "NumberOfEmployees": 30, "City": "Rome"},
    {"LastName": "Díaz", "Company": "Initech", "City": "oslo"},
]


@pytest.fixture
def people(api):
    records = [{"attributes": {"type": "Lead"}, **person} for person in PEOPLE]
    return [result["id"] for result in api.post("composite/sobjects", {"records": records}).json()]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Company = 'ACME'", "Alvarez Brown"),
        ("Company != 'Acme'", "Chen Díaz"),
        ("Company LIKE '%e%' AND NOT Company LIKE 'acm_'", "Chen Díaz"),
        ("LastName > 'b' AND LastName < 'd'", "Brown Chen"),
        ("LastName >= 'BROWN' AND LastName <= 'CHEN'", "Brown Chen"),
        ("LastName = 'díaz'", "Díaz"),
        ("LastName IN ('Alvarez', 'chen', 'nobody')", "Alvarez Chen"),
        ("LastName NOT IN ('Alvarez', 'chen')", "Brown Díaz"),
        ("NumberOfEmployees = 20", "Brown"),
        ("NumberOfEmployees > 10", "Brown Chen"),
        ("NumberOfEmployees = null", "Díaz"),
        ("NumberOfEmployees != null AND City = null", "Brown"),
        ("NumberOfEmployees != 10", "Brown Chen Díaz"),
        ("City = 'Oslo' OR (City = 'Rome' AND NumberOfEmployees > 25)", "Alvarez Chen Díaz"),
        ("Email = 'A@Acme.example'", "Alvarez"),
        ("Email = 'a@acme.example' AND Name = 'Alvarez'", "Alvarez"),
        ("Name = 'BROWN'", "Brown"),
        ("IsConverted = false AND IsDeleted = false AND City = 'Rome'", "Chen"),
        ("IsConverted = true", ""),
        ("CreatedDate = TODAY AND City != null", "Alvarez Chen Díaz"),
        ("CreatedDate < YESTERDAY", ""),
        ("CreatedDate >= 2020-01-01T00:00:00Z AND CreatedDate < 2099-01-01T00:00:00+02:00 AND City = 'Rome'", "Chen"),
        ("SystemModstamp > LAST_N_DAYS:2", ""),
        ("SystemModstamp >= LAST_N_DAYS:2 AND City = 'Rome'", "Chen"),
        ("CreatedDate IN (TODAY, YESTERDAY) AND City = 'Rome'", "Chen"),
        ("Id = '00QSb0zzzzzzzzz'", ""),
        ("Id IN ('0014S000007NxmlQAC')", ""),
        ("Owner.Name = 'ana admin' AND LastName = 'Chen'", "Chen"),
        ("OwnerId IN (SELECT Id FROM User WHERE Name = 'Ana Admin') AND LastName LIKE 'c%'", "Chen"),
    ],
)
def test_a_condition_finds_its_records(api, people, where, found):
    assert " ".join(row["LastName"] for row in api.rows(f"SELECT LastName FROM Lead WHERE {where}")) == found


def test_ids_compare_in_both_lengths(api, people):
    assert api.rows(f"SELECT Id FROM Lead WHERE Id = '{people[1][:15]}'") == [{"Id": people[1]}]
    assert len(api.rows(f"SELECT Id FROM Lead WHERE CreatedById = '{api.user_id[:15]}'")) == 4


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("LastName DESC", "Díaz Chen Brown Alvarez"),
        ("NumberOfEmployees", "Díaz Alvarez Brown Chen"),
        ("NumberOfEmployees DESC NULLS LAST", "Chen Brown Alvarez Díaz"),
        ("Company ASC, NumberOfEmployees DESC", "Brown Alvarez Chen Díaz"),
        ("CreatedDate, Id DESC", "Díaz Chen Brown Alvarez"),
        ("Owner.Name, LastName", "Alvarez Brown Chen Díaz"),
    ],
)
def test_an_order_is_kept(api, people, order, found):
    assert " ".join(row["LastName"] for row in api.rows(f"SELECT LastName FROM Lead ORDER BY {order}")) == found


def test_limit_and_offset_cut_the_result(api, people):
    rows = api.rows("SELECT LastName FROM Lead ORDER BY LastName LIMIT 2 OFFSET 1")

    assert [row["LastName"] for row in rows] == ["Brown", "Chen"]


def test_parents_nest_and_a_missing_one_is_null(api):
    account_id = api.create("Account", Name="Northwind")
    api.create("Contact", LastName="Myers", AccountId=account_id)
    api.create("Contact", LastName="Private")

    records = api.query("SELECT LastName, Account.Name, Account.Owner.Name, CreatedBy.Id FROM Contact").json()[
        "records"
    ]

    attributes = {"type": "Account", "url": f"/services/data/v59.0/sobjects/Account/{account_id}"}
    assert records[0]["Account"]["attributes"] == attributes
    assert (records[0]["Account"]["Name"], records[0]["Account"]["Owner"]["Name"]) == ("Northwind", "Ana Admin")
    assert records[0]["CreatedBy"]["Id"] == api.user_id
    assert records[1]["Account"] is None


def test_children_nest_as_a_result_of_their_own(api):
    account_id = api.create("Account", Name="Northwind")
    api.create("Account", Name="Empty")
    api.create("Contact", LastName="Myers", AccountId=account_id)

    rows = api.rows("SELECT Name, (SELECT LastName FROM Contacts) FROM Account ORDER BY Name")

    assert rows[0]["Contacts"] is None
    assert (rows[1]["Contacts"]["totalSize"], rows[1]["Contacts"]["done"]) == (1, True)
    assert rows[1]["Contacts"]["records"][0]["LastName"] == "Myers"


def test_a_bare_count_answers_the_total_and_no_records(api, people):
    reply = api.query("SELECT count() FROM Lead WHERE City != null")

    assert reply.json() == {"totalSize": 3, "done": True, "records": []}


def test_aggregates_answer_aggregate_results(api, people):
    soql = "SELECT COUNT(Id) total, SUM(NumberOfEmployees), MAX(LastName), AVG(NumberOfEmployees) FROM Lead"

    assert api.query(soql).json()["records"] == [
        {"attributes": {"type": "AggregateResult"}, "total": 4, "expr0": 60.0, "expr1": "Díaz", "expr2": 20.0}
    ]


def test_groups_are_counted_filtered_and_ordered(api, people):
    soql = "SELECT Company, COUNT(Id) n FROM Lead GROUP BY Company HAVING COUNT(Id) > 1"
    ordered = "SELECT City, COUNT(Id) n FROM Lead GROUP BY City ORDER BY COUNT(Id) DESC, City"

    assert api.rows(soql) == [{"Company": "Acme", "n": 2}]
    assert api.rows(ordered) == [{"City": "Oslo", "n": 2}, {"City": None, "n": 1}, {"City": "Rome", "n": 1}]


def test_all_fields_come_with_a_small_limit_only(api, people):
    record = api.rows("SELECT FIELDS(ALL) FROM Lead LIMIT 1")[0]
    refused = api.query("SELECT FIELDS(ALL) FROM Lead")

    assert list(record) == [field["name"] for field in api.get("sobjects/Lead/describe").json()["fields"]]
    assert refused.json()[0]["message"] == "The SOQL FIELDS function must have a LIMIT of at most 200"
    assert api.rows("SELECT FIELDS(CUSTOM) FROM Lead LIMIT 1") == [{"External_Id__c": None}]


def make_many(api, count):
    for start in range(0, count, 200):
        records = [
            {"attributes": {"type": "Lead"}, "LastName": f"L{number:04d}", "Company": "Many"}
            for number in range(start, min(count, start + 200))
        ]
        assert api.post("composite/sobjects", {"records": records}).status_code == 200


def test_pages_follow_each_other_under_both_paths_without_gap_or_repeat(api):
    make_many(api, 450)
    first = api.query(
        "SELECT LastName FROM Lead ORDER BY LastName", headers={"Sforce-Query-Options": "batchSize=200"}
    ).json()

    second = api.get(f"{api.org.url}{first['nextRecordsUrl']}").json()
    locator = second["nextRecordsUrl"].rsplit("/", 1)[1]
    third = api.get(f"queryAll/{locator}").json()

    pages = [first, second, third]
    assert [(page["totalSize"], page["done"], len(page["records"])) for page in pages] == [
        (450, False, 200),
        (450, False, 200),
        (450, True, 50),
    ]
    names = [record["LastName"] for page in pages for record in page["records"]]
    assert names == [f"L{number:04d}" for number in range(450)]
    assert list(first) == ["totalSize", "done", "nextRecordsUrl", "records"]


def test_a_dead_or_strange_locator_is_refused(org, api):
    make_many(api, 201)
    url = api.query("SELECT Id FROM Lead", headers={"Sforce-Query-Options": "batchSize=200"}).json()["nextRecordsUrl"]
    org.user(ANA)

    for reply in (api.get("query/01gxx0000000000AAA-200"), api_of(org, ANA).get(f"{org.url}{url}")):
        assert (reply.status_code, reply.json()) == (
            400,
            [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}],
        )


def test_query_all_sees_the_recycle_bin(api):
    kept, gone = api.create(), api.create()
    api.delete(f"sobjects/Lead/{gone}")

    seen = api.get("queryAll", params={"q": "SELECT Id FROM Lead WHERE IsDeleted = true"}).json()["records"]

    assert [record["Id"] for record in seen] == [gone]
    assert api.rows("SELECT Id FROM Lead") == [{"Id": kept}]


def test_columns_and_plans_are_told_on_request(api, people):
    soql = "SELECT Id, Owner.Name FROM Lead"

    columns = api.get("query", params={"q": soql, "columns": "true"}).json()
    plan = api.get("query", params={"explain": soql}).json()

    assert (columns["entityName"], columns["idSelected"], columns["keyPrefix"]) == ("Lead", True, "00Q")
    assert [column["columnName"] for column in columns["columnMetadata"]] == ["Id", "Owner"]
    assert columns["columnMetadata"][1]["joinColumns"][0]["columnName"] == "Name"
    assert (plan["sourceQuery"], plan["plans"][0]["cardinality"]) == (soql, 4)


@pytest.mark.parametrize(
    ("soql", "code", "ending"),
    [
        (
            "SELECT Id FROM Lead WHERE LastName = 5",
            "INVALID_FIELD",
            "must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Lead WHERE NumberOfEmployees = '5'",
            "INVALID_FIELD",
            "type int and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Lead WHERE CreatedDate = '2026'",
            "INVALID_FIELD",
            "type dateTime and should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Lead WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        ("SELECT Id, Id FROM Lead", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT LastName, COUNT(Id) FROM Lead", "MALFORMED_QUERY", "Field must be grouped or aggregated: LastName"),
        (
            "SELECT Id FROM Lead WHERE Address = 'x'",
            "INVALID_FIELD",
            "field 'Address' can not be filtered in a query call",
        ),
        ("SELECT Id FROM Lead WHERE CreatedDate > 2026-99-99T00:00:00Z", "MALFORMED_QUERY", "2026-99-99T00:00:00Z"),
        ("SELECT Id, (SELECT Id FROM Nothings) FROM Lead", "INVALID_TYPE", "for the appropriate names."),
        ("SELECT SUM(Name) FROM Lead", "MALFORMED_QUERY", "field Name does not support aggregate operator SUM"),
        ("SELECT Id FROM Lead ORDER BY Address", "INVALID_FIELD", "field 'Address' can not be sorted in a query call"),
        ("SELECT Nothing.Name FROM Lead", "INVALID_FIELD", "for the appropriate names."),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_with_its_place(api, soql, code, ending):
    reply = api.query(soql)

    assert reply.status_code == 400
    assert reply.json()[0]["errorCode"] == code
    assert "ERROR at Row:1:Column:" in reply.json()[0]["message"]
    assert reply.json()[0]["message"].endswith(ending)


def test_a_query_must_be_given(api):
    assert api.get("query").json() == [
        {"message": "A query string has to be specified", "errorCode": "MALFORMED_QUERY"}
    ]
