"""docs/values.md says what arrives: each line of its tables goes through a step's action to the sandbox org.

All lines go at once, as one group an operation: a new record, an update by id, an upsert that meets a record, and an upsert
that meets none.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from integrations.providers import registry
from integrations.providers.base import ActionCall, ErrorClass, Outcome, OutcomeKind
from integrations.providers.salesforce import pool
from tests.factories import make_credential, make_integration
from tests.support.sandbox import SandboxOrg
from workflows.definition.templates import compile_value

PAGE = (Path(__file__).parents[2] / "docs" / "values.md").read_text()
EVENT = {"nothing": None, "blank": " ", "long": "x" * 256}
OPERATIONS = ("new record", "update", "upsert", "upsert of a new one")
ACCOUNT, SHORT = "(an account's id)", "(an account's id, 15 characters)"
BEFORE: dict[str, Any] = {
    "Text__c": "before", "Area__c": "before", "Email__c": "before@example.test", "Phone__c": "1", "Url__c": "before",
    "Number__c": 1.5, "Currency__c": 1.5, "Percent__c": 1.5, "Whole__c": 2.0, "Checkbox__c": True, "Date__c": "2020-02-02",
    "Datetime__c": "2020-02-02T02:02:02.000+0000", "Time__c": "02:02:02.000Z", "Picklist__c": "green", "Choice__c": "red",
    "Choices__c": "blue", "Lookup__c": ACCOUNT, "NumberOfEmployees": 3,
}  # fmt: skip
"""What the field holds in a record that is there."""
DEFAULTS = {"Checkbox__c": False}
"""What the org gives a new record where nothing was sent; null elsewhere."""


@dataclass(frozen=True)
class Line:
    """One line of the page for one field: what the step's input is, and what is said of each operation."""

    field: str
    value: str
    said: tuple[str, str, str]

    @property
    def object(self) -> str:
        return "Account" if self.field == "NumberOfEmployees" else "Every_Type__c"

    @property
    def name(self) -> str:
        return f"{self.field} {self.value}"


def lines() -> Iterator[Line]:
    """The lines of all tables: below `<!-- fields: … -->`, for each of these fields."""
    tables = re.findall(r"<!-- fields: (.*?) -->\n\n(\|.*\n)\|[-|]+\n((?:\|.*\n)+)", PAGE)
    for fields, head, rows in tables:
        for row in rows.splitlines():
            value, *said = (cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1])
            said = [cell.replace(r"\|", "|") for cell in said]
            assert len(said) == (3 if "update" in head else 1), row
            for field in fields.split(", "):
                input = value.strip("`").replace(r"\|", "|")
                yield Line(field, input, tuple(said * 3 if len(said) == 1 else said))


LINES = list(lines())


@dataclass(frozen=True)
class Arrived:
    """What became of a line's call, and what its record holds then: None when there is no record."""

    outcome: Outcome
    record: dict[str, Any] | None


class Writer:
    """Sends all lines through the actions of Salesforce to one org."""

    def __init__(self, org: SandboxOrg) -> None:
        self.org = org
        granted = org.grant()
        org_id, user_id = granted["id"].rstrip("/").split("/")[-2:]
        data = {"instance_url": granted["instance_url"], "login_url": org.url, "user_id": user_id}
        tokens = {"access_token": granted["access_token"], "refresh_token": granted["refresh_token"]}
        credential = make_credential(make_integration(), tokens=tokens, provider_id=org_id, provider_data=data)
        self.connection = registry.provider("salesforce").connect(credential)
        (made,) = self.run("create_record", "Account", [{"fields": {"Name": "The account"}}])
        self.account = made.output["id"]

    def run(self, action: str, object_name: str, inputs: list[dict[str, Any]]) -> list[Outcome]:
        """The outcomes of one group a 200 calls, in order."""
        acting = registry.provider("salesforce").actions[action]
        calls = [ActionCall(uuid4(), "step", {"record_type": object_name} | each) for each in inputs]
        groups = [calls[start : start + 200] for start in range(0, len(calls), 200)]
        return [outcome for group in groups for outcome in acting.run(group, self.connection, now=timezone.now())]

    def rendered(self, line: Line) -> Any:
        """The line's input as the step would have it."""
        event = EVENT
        template: Any = line.value
        if "{{" not in template:
            event = {"value": self.with_ids(json.loads(template))}
            template = "{{ trigger.value }}"
        return compile_value(template).render({"trigger": event}).value

    def with_ids(self, value: Any) -> Any:
        return {ACCOUNT: self.account, SHORT: self.account[:15]}.get(value, value) if isinstance(value, str) else value

    def write(self, object_name: str) -> dict[tuple[Line, str], Arrived]:
        """What became of each line of one object in each operation."""
        chosen = [line for line in LINES if line.object == object_name]
        values = [{line.field: self.rendered(line)} for line in chosen]
        before = [{"Name": "before", line.field: self.with_ids(BEFORE[line.field])} for line in chosen]
        keys = {name: [f"{name} {place}" for place in range(len(chosen))] for name in OPERATIONS}
        there = self.run("create_record", object_name, [{"fields": each} for each in before])
        upsert = {"external_id_field": "External_Id__c"}
        met = [each | {"External_Id__c": key} for each, key in zip(before, keys["upsert"], strict=True)]
        found = self.run("create_record", object_name, [upsert | {"fields": each} for each in met])
        assert {outcome.kind for outcome in there + found} == {OutcomeKind.DONE}
        ids = {"update": [outcome.output["id"] for outcome in there], "upsert": [each.output["id"] for each in found]}
        outcomes = {
            "new record": self.run(
                "create_record", object_name, [{"fields": {"Name": "new"} | each} for each in values]
            ),
            "update": self.run(
                "update_record",
                object_name,
                [{"record_id": id, "fields": {"Name": "new"} | each} for id, each in zip(ids["update"], values, strict=True)],
            ),
        }  # fmt: skip
        for name in ("upsert", "upsert of a new one"):
            keyed = [
                {"Name": "new", "External_Id__c": key} | each for each, key in zip(values, keys[name], strict=True)
            ]
            outcomes[name] = self.run("create_record", object_name, [upsert | {"fields": each} for each in keyed])
        records = {record["Id"]: record for record in self.org.records(object_name, limit=10_000)}
        arrived = {}
        for name, given in outcomes.items():
            for place, (line, outcome) in enumerate(zip(chosen, given, strict=True)):
                id = outcome.output["id"] if outcome.kind is OutcomeKind.DONE else None
                id = id or (ids[name][place] if name in ids else None)
                arrived[line, name] = Arrived(outcome, records[id] if id else None)
        return arrived


@pytest.fixture(scope="module")
def writer(running_org: SandboxOrg, django_db_setup: None, django_db_blocker: Any) -> Iterator[Writer]:
    running_org.reset()
    urls = {"SALESFORCE_LOGIN_URL": running_org.url, "SALESFORCE_SANDBOX_LOGIN_URL": running_org.url}
    pool.clear()
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(**urls):
        yield Writer(running_org)
        transaction.set_rollback(True)
    pool.clear()


@pytest.fixture(scope="module")
def arrived(writer: Writer) -> dict[tuple[Line, str], Arrived]:
    return writer.write("Every_Type__c") | writer.write("Account")


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
def test_a_line_of_the_page_is_what_arrives(line, operation, arrived, writer):
    said = line.said[min(OPERATIONS.index(operation), 2)]
    outcome, record = arrived[line, operation].outcome, arrived[line, operation].record
    is_new = operation in ("new record", "upsert of a new one")
    untouched = DEFAULTS.get(line.field) if is_new else writer.with_ids(BEFORE[line.field])

    if said.startswith("refused: "):
        assert outcome.kind is OutcomeKind.FAILED, outcome.output
        assert outcome.error["class"] == ErrorClass.PERMANENT
        assert said.removeprefix("refused: ").strip("`") in f"{outcome.error['code']} {outcome.error['message']}"
        assert outcome.error["fields"] == [line.field] or said.endswith("CROSS_REFERENCE_KEY`")
        assert outcome.error["advice"]
        assert record is None or record[line.field] == untouched
        return
    assert outcome.kind is OutcomeKind.DONE, outcome.error
    assert record is not None
    if said in ("left alone", "the org's default"):
        assert record[line.field] == untouched
    elif said == "cleared":
        assert record[line.field] is None
    else:
        assert record[line.field] == writer.with_ids(json.loads(said.strip("`")))


@pytest.mark.django_db
def test_every_type_that_can_be_written_stands_on_the_page(writer):
    described = writer.connection.schemas.describe("Every_Type__c")
    own = {field["name"] for field in described["fields"] if field.get("custom") and not field.get("externalId")}

    assert own == {line.field for line in LINES} - {"NumberOfEmployees"}
    assert len(LINES) > 300
    assert PAGE.count("| value |") == len(re.findall(r"<!-- fields: ", PAGE))
