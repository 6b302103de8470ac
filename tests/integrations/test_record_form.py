"""The form of Create record, and what it refuses."""

import pytest

from integrations.models import Credential, DescribedObject
from integrations.providers import registry
from integrations.providers.salesforce.describe import BuiltInSchemas

ACTION = registry.provider("salesforce").actions["create_record"]
BUILT_IN = BuiltInSchemas()


def problems(schema=BUILT_IN, **inputs):
    return {problem.field: problem.code for problem in ACTION.problems({"record_type": "Lead"} | inputs, schema)}


def lead(**fields):
    return {"LastName": "{{ trigger.last_name }}", "Company": "{{ trigger.company }}"} | fields


def test_common_record_types_stand_first():
    assert [choice.value for choice in BUILT_IN.record_types()][:5] == [
        "Lead",
        "Contact",
        "Account",
        "Opportunity",
        "Case",
    ]


def test_before_a_record_type_is_chosen_nothing_else_is_asked():
    assert [field.name for field in ACTION.form({}, BUILT_IN)] == ["record_type"]


def test_required_fields_stand_first_and_all_others_may_be_added():
    form = {field.name: field for field in ACTION.form({"record_type": "Lead"}, BUILT_IN)}

    assert [name for name, field in form.items() if field.required] == [
        "record_type",
        "fields.LastName",
        "fields.Company",
    ]
    assert form["fields.Email"].group == "more"
    assert (form["fields.Email"].type, form["fields.Email"].max_length) == ("email", 80)
    assert form["fields.Description"].type == "textarea"
    assert form["fields.NumberOfEmployees"].type == "number"
    assert form["fields.OwnerId"].type == "id"
    assert "fields.Id" not in form
    assert "fields.Name" not in form


def test_a_picklist_offers_its_values_and_is_free_unless_restricted():
    form = {field.name: field for field in ACTION.form({"record_type": "Lead"}, BUILT_IN)}

    assert "Web" in [choice.value for choice in form["fields.LeadSource"].choices]
    assert form["fields.LeadSource"].free_choice is True
    assert form["fields.GeocodeAccuracy"].free_choice is False
    assert "Open - Not Contacted" in form["fields.Status"].help


def test_what_is_filled_in_is_shown_even_when_no_describe_lists_it():
    form = {
        field.name: field
        for field in ACTION.form({"record_type": "Lead", "fields": {"Email": "x", "Score__c": 1}}, BUILT_IN)
    }

    assert form["fields.Email"].group == ""
    assert form["fields.Score__c"].group == ""


@pytest.mark.parametrize("record_type", ["Lead", "Contact", "Account", "Opportunity", "Case", "Task", "Event", "User"])
def test_every_built_in_type_has_a_form(record_type):
    names = [field.name for field in ACTION.form({"record_type": record_type}, BUILT_IN)]

    assert len(names) == len(set(names)) > 10


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (lead(), {}),
        ({"LastName": "x"}, {"fields.Company": "field_required"}),
        (lead(LastName="  "), {"fields.LastName": "field_required"}),
        (lead(FirstName="x" * 41), {"fields.FirstName": "value_too_long"}),
        (lead(FirstName="x" * 41 + "{{ trigger.a }}"), {}),
        (lead(AnnualRevenue="a lot"), {"fields.AnnualRevenue": "value_type"}),
        (lead(AnnualRevenue="12.5"), {}),
        (lead(Email="nobody"), {"fields.Email": "value_type"}),
        (lead(GeocodeAccuracy="Guess"), {"fields.GeocodeAccuracy": "value_not_a_choice"}),
        (lead(LeadSource="Anything"), {}),
        (lead(Id="00Q000000000001AAA"), {"fields.Id": "field_not_writable"}),
        (lead(OwnerId="Bo"), {"fields.OwnerId": "value_type"}),
        (lead(email="a@example.com"), {"fields.email": "field_unknown"}),
        (lead(Score__c="1"), {}),
        (lead(**{"no name": "1"}), {"fields.no name": "field_unknown"}),
    ],
)
def test_fields_are_checked_against_the_describe(fields, expected):
    assert problems(fields=fields) == expected


@pytest.mark.parametrize(
    ("record_type", "expected"),
    [
        ("", {"record_type": "record_type_missing"}),
        ("Leed", {"record_type": "record_type_unknown"}),
        ("drop table", {"record_type": "record_type_unknown"}),
        ("../User", {"record_type": "record_type_unknown"}),
        ("WorkOrder", {}),
        ("Invoice__c", {}),
    ],
)
def test_a_record_type_that_an_org_may_have_is_let_through(record_type, expected):
    assert problems(record_type=record_type, fields={"A__c": "x"}) == expected


def test_the_sample_output_shows_what_the_step_will_give():
    sample = ACTION.sample_output(
        {"record_type": "Lead", "fields": {"LastName": "{{ a }}", "Email": "<< b >>", "Title": "CEO"}}, BUILT_IN
    )

    assert sample["id"].startswith("00Q")
    assert len(sample["id"]) == 18
    assert sample["record"] == {"LastName": "Last Name", "Email": "ada@example.com", "Title": "CEO"}


@pytest.mark.parametrize(
    ("inputs", "key"),
    [
        ({"record_type": "Lead"}, "create:Lead"),
        ({"record_type": "Lead", "external_id_field": "External_Id__c"}, "upsert:Lead:External_Id__c"),
        ({"record_type": "Lead", "allow_duplicates": True}, "create:Lead:allow"),
    ],
)
def test_calls_that_may_go_together_have_equal_keys(inputs, key):
    assert ACTION.group_key(inputs) == key


def test_only_a_key_of_the_builders_own_makes_two_calls_write_one_record():
    upsert = {"record_type": "Lead", "external_id_field": "External_Id__c"}

    assert ACTION.record_key({"record_type": "Lead", "fields": {"External_Id__c": "a"}}) is None
    assert ACTION.record_key(upsert | {"fields": {}}) is None
    assert ACTION.record_key(upsert | {"fields": {"External_Id__c": "A"}}) == ACTION.record_key(
        upsert | {"fields": {"External_Id__c": " a"}}
    )


@pytest.mark.django_db
class TestAnOrgsDescribe:
    def test_knows_the_orgs_own_fields_and_is_asked_once_an_hour(self, org, credential):
        provider = registry.provider("salesforce")

        for _ in range(3):
            described = provider.schemas(credential.integration.project, credential).describe("Lead")

        assert "External_Id__c" in [field["name"] for field in described["fields"]]
        assert org.calls()["resources"]["describe"] == 1

    def test_refuses_fields_that_the_org_does_not_have(self, credential):
        schema = registry.provider("salesforce").schemas(credential.integration.project, credential)

        assert problems(schema, fields=lead(Score__c="1")) == {"fields.Score__c": "field_unknown"}
        assert problems(schema, record_type="Unheard__c") == {"record_type": "record_type_unknown"}
        assert problems(schema, fields=lead(External_Id__c="{{ trigger.id }}")) == {}

    def test_checks_the_external_id_field(self, credential):
        schema = registry.provider("salesforce").schemas(credential.integration.project, credential)

        assert problems(schema, fields=lead(), external_id_field="External_Id__c") == {}
        assert problems(schema, fields=lead(), external_id_field="Title") == {
            "external_id_field": "external_id_field_unknown"
        }
        assert problems(schema, fields=lead(), external_id_field="No__c") == {
            "external_id_field": "external_id_field_unknown"
        }

    def test_is_kept_for_bad_times(self, org, credential):
        provider = registry.provider("salesforce")
        provider.schemas(credential.integration.project, credential).describe("Lead")
        DescribedObject.objects.update(fetched_at="2026-01-01T00:00:00Z")
        org.faults("unavailable", resource="describe")

        schema = provider.schemas(credential.integration.project, credential)

        assert "External_Id__c" in [field["name"] for field in schema.describe("Lead")["fields"]]
        assert schema.is_authoritative

    def test_gives_way_to_the_built_in_one_when_the_org_is_silent(self, org, credential):
        org.faults("unavailable", resource="describe")

        schema = registry.provider("salesforce").schemas(credential.integration.project, credential)

        assert schema.describe("Lead")["name"] == "Lead"
        assert not schema.is_authoritative
        assert "standard objects" in schema.source

    def test_of_another_projects_account_is_not_shown(self, credential):
        from tests.factories import make_project

        assert isinstance(registry.provider("salesforce").schemas(make_project(), credential), BuiltInSchemas)

    def test_of_a_lost_account_gives_way_to_the_built_in_one(self, credential):
        Credential.objects.update(status="INVALID")
        credential.refresh_from_db()

        assert isinstance(
            registry.provider("salesforce").schemas(credential.integration.project, credential), BuiltInSchemas
        )
