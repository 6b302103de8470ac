"""The definition's shape: what is read, what is refused and where, and that it is written the same each time."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.definition.errors import DefinitionError
from workflows.definition.schema import (
    Definition,
    RetryOverrides,
    empty_definition,
    parse_definition,
    to_json,
    unique_key,
)

WHOLE = {
    "trigger": {"type": "app_event", "app_event": "Lead Created"},
    "steps": [
        {
            "key": "create_lead",
            "type": "salesforce.create_record",
            "name": "Create Lead",
            "inputs": {
                "external_id_field": None,
                "fields": {"LastName": "{{ trigger.last_name }}"},
                "record_type": "Lead",
            },
            "required_inputs": ["fields.Email"],
            "retry": {"tries": 8},
        }
    ],
    "settings": [
        {
            "id": "region",
            "title": "Region",
            "type": "ENUM",
            "required": True,
            "values": [{"value": "eu", "label": "EU"}],
        }
    ],
    "order_by": None,
    "concurrency": None,
}


def changed(**changes):
    return {**WHOLE, **changes}


def step(**changes):
    return changed(steps=[{**WHOLE["steps"][0], **changes}])


def setting(**changes):
    return changed(settings=[{**WHOLE["settings"][0], **changes}])


def test_a_whole_definition_is_read():
    definition = parse_definition(WHOLE)

    assert definition.trigger.app_event == "Lead Created"
    assert definition.step("create_lead").inputs["fields"] == {"LastName": "{{ trigger.last_name }}"}
    assert definition.step("create_lead").retry == RetryOverrides(tries=8)
    assert definition.settings[0].values[0].label == "EU"


def test_what_is_read_is_written_the_same_whatever_the_order_of_keys():
    shuffled = json.loads(json.dumps(WHOLE, sort_keys=True))

    assert json.dumps(to_json(parse_definition(WHOLE))) == json.dumps(to_json(parse_definition(shuffled)))
    assert to_json(parse_definition(WHOLE)) == WHOLE
    assert list(to_json(parse_definition(shuffled))) == ["trigger", "steps", "settings", "order_by", "concurrency"]


@pytest.mark.parametrize("data", [{}, {"trigger": None, "steps": []}, to_json(empty_definition())])
def test_a_draft_may_be_empty(data):
    assert parse_definition(data) == empty_definition() == Definition()


def test_a_draft_may_hold_what_is_half_typed():
    definition = parse_definition(
        {
            "trigger": {"type": "app_event", "app_event": None},
            "steps": [{"key": "a", "type": "http.request", "inputs": {"url": "{{ trig"}}],
            "settings": [{"id": "x", "type": "ENUM", "values": [{"value": "", "label": ""}]}],
        }
    )

    assert definition.steps[0].inputs == {"url": "{{ trig"}
    assert definition.settings[0].required


def test_the_definition_does_not_change_with_the_data_it_was_read_from():
    data = json.loads(json.dumps(WHOLE))
    definition = parse_definition(data)

    data["steps"][0]["inputs"]["fields"]["LastName"] = "other"

    assert definition.steps[0].inputs["fields"] == {"LastName": "{{ trigger.last_name }}"}


@pytest.mark.parametrize(
    ("data", "pointer", "message"),
    [
        ([], "", "must be an object"),
        (changed(step=[]), "/step", 'Did you mean "steps"'),
        (changed(trigger="app_event"), "/trigger", "must be an object"),
        (changed(trigger={"type": "app_evnt"}), "/trigger/type", "Did you mean app_event"),
        (changed(trigger={"app_event": "x"}), "/trigger/type", "missing"),
        (changed(trigger={"type": "app_event", "app_event": 3}), "/trigger/app_event", "must be text"),
        (changed(steps={}), "/steps", "must be a list"),
        (changed(steps=[1]), "/steps/0", "must be an object, not 1"),
        (changed(steps=[WHOLE["steps"][0]] * 51), "/steps", "51 items; 50 are allowed"),
        (step(key="1st"), "/steps/0/key", "not starting with a digit"),
        (step(key=None), "/steps/0/key", "missing"),
        (step(key="a\n"), "/steps/0/key", "letters"),
        (step(type="Salesforce"), "/steps/0/type", "lower-case"),
        (step(name="x" * 101), "/steps/0/name", "100 are allowed"),
        (step(inputs=[]), "/steps/0/inputs", "must be an object"),
        (step(inputs={"a/b": {"c~": float("nan")}}), "/steps/0/inputs/a~1b/c~0", "NaN"),
        (step(inputs={"a": "x" * 64_001}), "/steps/0/inputs/a", "64,000 are allowed"),
        (step(inputs={"fields": {str(n): 1 for n in range(201)}}), "/steps/0/inputs/fields", "201 fields; 200"),
        (step(inputs={str(n): "x" * 60_000 for n in range(17)}), "/steps", "1,000,000 are allowed"),
        (step(inputs={"a": {1, 2}}), "/steps/0/inputs/a", "no JSON value"),
        (step(required_inputs=[""]), "/steps/0/required_inputs/0", "name of an input"),
        (step(retry={"tries": 0}), "/steps/0/retry/tries", "whole number from 1 to 100"),
        (step(retry={"tries": True}), "/steps/0/retry/tries", "not true"),
        (step(retry={"attempts": 3}), "/steps/0/retry/attempts", "Nothing here is called"),
        (step(input={}), "/steps/0/input", 'Did you mean "inputs"'),
        (setting(id="a b"), "/settings/0/id", "letters"),
        (setting(type="TEXT"), "/settings/0/type", "known are"),
        (setting(required="yes"), "/settings/0/required", "true or false"),
        (setting(type="NUMBER"), "/settings/0/values", "Only an ENUM"),
        (setting(values=[{"value": True, "label": "x"}]), "/settings/0/values/0/value", "a text or a number"),
        (setting(type="PASSWORD", values=[], default="s3"), "/settings/0/default", "no default"),
        (changed(order_by=4), "/order_by", "must be text"),
        (changed(concurrency=0), "/concurrency", "from 1 to"),
    ],
)
def test_a_wrong_shape_is_refused_with_its_place(data, pointer, message):
    with pytest.raises(DefinitionError, match=message) as caught:
        parse_definition(data)

    assert caught.value.pointer == pointer


def test_inputs_nested_too_deep_are_refused():
    inputs: dict = {}
    for _ in range(30):
        inputs = {"a": inputs}

    with pytest.raises(DefinitionError, match="levels deep"):
        parse_definition(step(inputs=inputs))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["trigger", "steps", "settings", "type", "key", "id", "inputs", "retry", "values"]), inner
        )
    ),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(anything)
def test_arbitrary_json_is_read_or_refused_with_a_place(data):
    try:
        definition = parse_definition(data)
    except DefinitionError:
        return
    assert parse_definition(to_json(definition)) == definition


@pytest.mark.parametrize(
    ("name", "taken", "key"),
    [
        ("Create Lead", (), "create_lead"),
        ("Create Lead", ("create_lead",), "create_lead_2"),
        ("Create Lead", ("create_lead", "create_lead_2"), "create_lead_3"),
        ("  Größe — prüfen! ", (), "groe_prufen"),
        ("2nd call", (), "step_2nd_call"),
        ("日本", (), "step"),
        ("x" * 100, ("x" * 60,), "x" * 60 + "_2"),
    ],
)
def test_a_step_key_is_made_of_its_name_and_is_its_own(name, taken, key):
    assert unique_key(name, taken) == key
    parse_definition({"steps": [{"key": key, "type": "a"}]})


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**23, 1e22, 10**400])
def test_a_number_that_a_browser_would_round_is_refused_with_put_it_in_quotes(number):
    wholes = [step(inputs={"fields": {"Key": number}}), step(inputs={"list": [{"n": number}]}), setting(default=number)]
    wholes.append(setting(values=[{"value": number, "label": "EU"}]))

    for whole in wholes:
        with pytest.raises(DefinitionError, match="Put it in quotes"):
            parse_definition(whole)
    assert parse_definition(step(inputs={"fields": {"Key": 2**53 - 1}})).steps[0].inputs["fields"]["Key"] == 2**53 - 1


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_text_that_no_database_keeps_is_refused(text):
    wholes = [
        step(name=text),
        step(inputs={"fields": {"LastName": text}}),
        step(inputs={"fields": {text: "x"}}),
        setting(title=text),
        setting(default=text),
        changed(order_by=text),
    ]

    for whole in wholes:
        with pytest.raises(DefinitionError, match="cannot be used"):
            parse_definition(whole)
