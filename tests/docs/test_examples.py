"""The code of the documentation does what the page says of it."""

import uuid

import pytest
from cryptography.hazmat.primitives import serialization

from integrations.providers.base import ActionCall, OutcomeKind
from projects.user_tokens import verify_user_token
from tests.docs.pages import ROOT, blocks
from tests.factories import make_project, make_signing_key, private_key
from tests.integrations.conftest import connect, connection, credential, integration, org  # noqa: F401

pytestmark = pytest.mark.django_db


def test_the_readme_s_python_signs_a_token_that_is_accepted(tmp_path, monkeypatch):
    project = make_project()
    make_signing_key(project)
    encoded, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = private_key(0).private_bytes(encoded, form, serialization.NoEncryption())
    (tmp_path / "isthmus-signing-key.pem").write_bytes(pem)
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    [code] = blocks(ROOT / "README.md", "python")

    exec(code, scope)

    assert verify_user_token(scope["user_token"], project.pk).subject == "user-1"


@pytest.fixture
def delete_record(org):  # noqa: F811
    """The action of docs/development.md."""
    scope: dict = {"__name__": "delete_record"}
    [code] = blocks(ROOT / "docs" / "development.md", "python")
    exec(compile(code, "docs/development.md", "exec", dont_inherit=True), scope)
    return scope["action"]


def test_the_example_of_an_action_deletes_a_record(delete_record, org, connection):  # noqa: F811
    made = connection.request("POST", "sobjects/Lead", json={"LastName": "Lind", "Company": "Lind AB"})
    call = ActionCall(uuid.uuid4(), "delete", {"record_type": "Lead", "record_id": made.body["id"]})

    [outcome] = delete_record.run([call], connection, now=None)

    assert outcome.kind is OutcomeKind.DONE
    assert org.records() == []


def test_the_example_of_an_action_tells_a_record_that_is_gone_from_one_it_deleted_before(delete_record, connection):  # noqa: F811
    from django.utils import timezone

    inputs = {"record_type": "Lead", "record_id": "00Q000000000001AAA"}
    first = ActionCall(uuid.uuid4(), "delete", inputs)
    again = ActionCall(uuid.uuid4(), "delete", inputs, called_at=timezone.now())

    refused, done = delete_record.run([first, again], connection, now=timezone.now())

    assert refused.kind is OutcomeKind.FAILED
    assert refused.error["code"] == "NOT_FOUND"
    assert done.kind is OutcomeKind.DONE


def test_the_example_of_an_action_says_what_is_missing(delete_record, connection):  # noqa: F811
    assert [each.field for each in delete_record.problems({"record_type": "Lead"}, connection.schemas)] == ["record_id"]
    assert (
        list(delete_record.problems({"record_type": "Lead", "record_id": "{{ trigger.id }}"}, connection.schemas)) == []
    )
