"""The OpenAPI schema is sound, its examples are true, and docs/api.md says what it says."""

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.serializers import Serializer

from config import api_reference
from tests.factories import bearer, make_app_event, make_project, make_signing_key, user_token
from workflows.intake.api import EXAMPLE_EVENT, EXAMPLE_RECEIPT, EventSerializer, ReceiptSerializer


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def calls(schema):
    return [(path, method, call) for path, calls in schema["paths"].items() for method, call in calls.items()]


def test_the_page_is_up_to_date_and_the_schema_without_warnings():
    assert api_reference.PAGE.read_text() == api_reference.current(), "run: python -m config.api_reference"


def test_every_call_wants_a_user_token_and_says_how_it_is_refused(schema):
    for path, method, call in calls(schema):
        assert call["security"] == [{"userToken": []}], (path, method)
        assert call["responses"]["401"]["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/Error"
        }


def test_every_call_has_a_name_of_its_own_and_a_section(schema):
    names = [call["summary"] for _, _, call in calls(schema)]
    sections = {tag["name"] for tag in schema["tags"]}

    assert len(set(names)) == len(names) > 10
    assert {name for _, _, call in calls(schema) for name in call["tags"]} == sections


def test_every_parameter_in_a_path_is_explained(schema):
    silent = [
        (path, parameter["name"])
        for path, _, call in calls(schema)
        for parameter in call.get("parameters", [])
        if parameter["in"] == "path" and not parameter.get("description")
    ]

    assert silent == []


@pytest.mark.parametrize(("example", "shape"), [(EXAMPLE_EVENT, EventSerializer), (EXAMPLE_RECEIPT, ReceiptSerializer)])
def test_an_example_has_the_shape_that_is_told(example, shape: type[Serializer]):
    read = shape(data=example.value)

    assert read.is_valid(), read.errors
    assert set(example.value) == set(read.fields)


@pytest.mark.django_db
def test_the_examples_of_refusals_are_what_the_endpoint_says(client, schema):
    project = make_project()
    make_signing_key(project)
    make_app_event(project, name="Lead Created")
    told = schema["paths"]["/projects/{project_id}/sdk/events/trigger"]["post"]["responses"]
    address = f"/projects/{project.pk}/sdk/events/trigger"

    def answer(name: str, **claims):
        token = bearer(user_token(**claims))
        return client.post(address, {"name": name}, content_type="application/json", headers=token)

    unknown, expired = (told[status]["content"]["application/json"]["example"] for status in ("404", "401"))
    assert answer("Lead Crated").json() == unknown
    assert answer("Lead Created", iat=1_000, exp=2_000).json() == expired


def test_the_page_with_the_calls_to_try_out_needs_nothing_that_the_policy_forbids(client):
    page = client.get("/api/docs/")

    assert page.status_code == 200
    assert "script-src 'self';" in page["Content-Security-Policy"] + ";"
    assert "<script>" not in page.content.decode()
