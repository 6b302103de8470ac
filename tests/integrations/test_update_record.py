"""Update record: a second action, in a file of its own."""

from uuid import uuid4

import pytest
from django.utils import timezone

from integrations.providers import registry
from integrations.providers.base import ActionCall, ErrorClass, OutcomeKind
from integrations.providers.salesforce.describe import BuiltInSchemas
from tests.integrations.conftest import call

ACTION = registry.provider("salesforce").actions["update_record"]


def change(record_id: str, **fields) -> ActionCall:
    return ActionCall(uuid4(), "update", {"record_type": "Lead", "record_id": record_id, "fields": fields})


@pytest.mark.django_db
def test_each_record_of_a_group_is_changed_and_answered_by_its_own(org, run, connection):
    ids = [outcome.output["id"] for outcome in run(call(), call(), call())]

    first, missing, third = ACTION.run(
        [change(ids[0], Title="CEO"), change("00QSb0000000999", Title="x"), change(ids[2], Title="CTO", Company=None)],
        connection,
        now=timezone.now(),
    )

    titles = {lead["Id"]: lead["Title"] for lead in org.records()}
    assert (titles[ids[0]], titles[ids[1]], titles[ids[2]]) == ("CEO", None, "CTO")
    assert first.output["record"] == {"Title": "CEO"}
    assert first.output["created"] is False
    assert third.kind is OutcomeKind.DONE
    assert missing.error["class"] == ErrorClass.PERMANENT


@pytest.mark.django_db
def test_blank_text_clears_a_field_and_null_leaves_it_alone(org, run, connection):
    (made,) = run(call(Title="CEO", FirstName="Bo"))

    ACTION.run([change(made.output["id"], Title=" ", FirstName=None)], connection, now=timezone.now())

    (lead,) = org.records()
    assert (lead["Title"], lead["FirstName"]) == (None, "Bo")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("record_id", "fields", "code"), [("", {"Title": "x"}, "record_id_empty"), ("00Q", {}, "nothing_to_update")]
)
def test_what_can_not_be_meant_is_not_sent(org, connection, record_id, fields, code):
    (outcome,) = ACTION.run([change(record_id, **fields)], connection, now=timezone.now())

    assert outcome.error["code"] == code
    assert org.calls()["total"] == 0


@pytest.mark.django_db
def test_an_update_without_an_answer_is_simply_repeated(org, run, connection):
    (made,) = run(call())
    org.faults("cut_after_commit", count=1)

    (outcome,) = ACTION.run([change(made.output["id"], Title="CEO")], connection, now=timezone.now())

    assert (outcome.kind, outcome.error["class"]) == (OutcomeKind.FAILED, ErrorClass.TRANSIENT)


def test_two_updates_of_one_record_never_go_together():
    assert ACTION.record_key({"record_id": "00Q000000000001EAA"}) == ACTION.record_key({"record_id": "00Q000000000001"})


def test_the_form_asks_for_the_record_and_offers_what_may_be_changed():
    form = {field.name: field for field in ACTION.form({"record_type": "Lead"}, BuiltInSchemas())}

    assert [name for name, field in form.items() if field.required] == ["record_type", "record_id"]
    assert "fields.LastName" in form
    assert "fields.CreatedDate" not in form


def test_a_step_that_names_no_record_or_no_field_can_not_be_deployed():
    found = {problem.field: problem.code for problem in ACTION.problems({"record_type": "Lead"}, BuiltInSchemas())}

    assert found == {"record_id": "record_id_missing", "fields": "fields_missing"}
