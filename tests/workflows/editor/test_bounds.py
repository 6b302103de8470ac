"""What the editor's scripts send is bounded, and refused in words."""

import pytest
from django.urls import reverse


def sent(client, name, workflow, text):
    return client.post(reverse(f"workflows:{name}", args=[workflow.pk]), text, content_type="application/json")


@pytest.mark.parametrize(
    "inputs",
    [
        '{"record_type": "Lead", "fields": [1]}',
        '{"record_type": "Lead", "fields": "x"}',
        "[1]",
        '{"record_type": "Lead", "fields": {' + ", ".join(f'"f{n}": ""' for n in range(50_000)) + "}}",
    ],
    ids=["list", "text", "no object", "50,000 fields"],
)
def test_a_form_is_asked_for_with_an_object_of_so_many_fields(ana, workflow, inputs):
    answer = sent(ana, "step-form", workflow, f'{{"type": "salesforce.create_record", "inputs": {inputs}}}')

    assert answer.status_code == 422 and answer.json()["error"]["pointer"].startswith("/inputs")


@pytest.mark.parametrize(
    "value", ["Infinity", "NaN", "1e400", '"\\u0000"', '"\\ud800"', "[" * 300 + "]" * 300, "9" * 400]
)
@pytest.mark.parametrize(
    "name", ["save-draft", "step-form", "describe-workflow", "editor-app-event", "deploy-workflow"]
)
def test_json_that_could_not_be_stored_is_refused_in_words_and_nothing_changes(ana, workflow, name, value):
    before = workflow.draft

    answer = sent(ana, name, workflow, f'{{"definition": {{"settings": [{{"values": [{{"value": {value}}}]}}]}}}}')

    workflow.refresh_from_db()
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "unreadable_request"
    assert len(answer.json()["error"]["message"]) > 20
    assert workflow.draft == before
