"""What a deploy changes, told in words."""

from __future__ import annotations

import copy

import pytest

from workflows.definition.changes import differences
from workflows.definition.schema import empty_definition, to_json

LIVE = {
    "trigger": {"type": "app_event", "app_event": "Lead Created"},
    "steps": [
        {
            "key": "create_lead",
            "type": "salesforce.create_record",
            "name": "Create Lead",
            "inputs": {"record_type": "Lead", "fields": {"LastName": "{{ trigger.last_name }}", "Tags": ["a"]}},
            "required_inputs": ["fields.LastName"],
            "retry": {"tries": 8},
        },
        {"key": "b", "type": "http.request", "name": "B", "inputs": {}, "required_inputs": [], "retry": None},
        {"key": "c", "type": "http.request", "name": "C", "inputs": {}, "required_inputs": [], "retry": None},
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


def after(change):
    draft = copy.deepcopy(LIVE)
    change(draft)
    return differences(LIVE, draft)


def test_nothing_differs_from_itself():
    assert differences(LIVE, copy.deepcopy(LIVE)) == []
    assert differences(None, to_json(empty_definition())) == []


def test_the_first_deploy_adds_everything():
    assert [change.text for change in differences(None, LIVE)] == [
        'Trigger set to "Lead Created"',
        'Step "Create Lead" added',
        'Step "B" added',
        'Step "C" added',
        'User setting "Region" added',
    ]


def set_field(name, value):
    return lambda draft: draft["steps"][0]["inputs"]["fields"].__setitem__(name, value)


@pytest.mark.parametrize(
    ("change", "kind", "where", "text"),
    [
        (
            lambda draft: draft["trigger"].update(app_event="Lead Updated"),
            "changed",
            "trigger",
            'Trigger: "Lead Created" → "Lead Updated"',
        ),
        (lambda draft: draft.update(trigger=None), "removed", "trigger", 'Trigger cleared, it was "Lead Created"'),
        (
            set_field("LastName", "{{ trigger.name }}"),
            "changed",
            "steps.create_lead.inputs.fields.LastName",
            'Step "Create Lead": field LastName: "{{ trigger.last_name }}" → "{{ trigger.name }}"',
        ),
        (
            set_field("Email", "{{ trigger.email }}"),
            "added",
            "steps.create_lead.inputs.fields.Email",
            'Step "Create Lead": field Email set to "{{ trigger.email }}"',
        ),
        (
            lambda draft: draft["steps"][0]["inputs"]["fields"].pop("Tags"),
            "removed",
            "steps.create_lead.inputs.fields.Tags",
            'Step "Create Lead": field Tags cleared, it was ["a"]',
        ),
        (
            lambda draft: draft["steps"][0]["inputs"].update(record_type="Contact"),
            "changed",
            "steps.create_lead.inputs.record_type",
            'Step "Create Lead": record type: "Lead" → "Contact"',
        ),
        (
            lambda draft: draft["steps"][0].update(name="Make Lead"),
            "changed",
            "steps.create_lead.name",
            'Step "Create Lead" renamed to "Make Lead"',
        ),
        (
            lambda draft: draft["steps"][0].update(required_inputs=[]),
            "changed",
            "steps.create_lead.required_inputs",
            'Step "Create Lead": LastName is no longer required',
        ),
        (
            lambda draft: draft["steps"][0].update(retry={"tries": 3}),
            "changed",
            "steps.create_lead.retry.tries",
            'Step "Create Lead": retry tries: 8 → 3',
        ),
        (lambda draft: draft["steps"].pop(1), "removed", "steps.b", 'Step "B" removed'),
        (
            lambda draft: draft["steps"].append(draft["steps"].pop(0)),
            "moved",
            "steps.create_lead",
            'Step "Create Lead" moved from position 1 to 3',
        ),
        (
            lambda draft: draft["settings"][0].update(title="Area"),
            "changed",
            "settings.region.title",
            'User setting "Region" renamed to "Area"',
        ),
        (
            lambda draft: draft["settings"][0].update(required=False),
            "changed",
            "settings.region.required",
            'User setting "Region": required: true → false',
        ),
        (
            lambda draft: draft["settings"][0]["values"].append({"value": "us", "label": "US"}),
            "changed",
            "settings.region.values",
            'User setting "Region": choices EU → EU, US',
        ),
        (lambda draft: draft["settings"].clear(), "removed", "settings.region", 'User setting "Region" removed'),
        (lambda draft: draft.update(concurrency=4), "added", "concurrency", "Calls at a time set to 4"),
        (
            lambda draft: draft.update(order_by="{{ trigger.id }}"),
            "added",
            "order_by",
            'Order by set to "{{ trigger.id }}"',
        ),
    ],
)
def test_a_change_is_told_with_its_kind_and_place(change, kind, where, text):
    [told] = after(change)

    assert (told.kind, told.where, told.text) == (kind, where, text)


def test_true_and_one_are_not_the_same():
    [told] = differences({**LIVE, "concurrency": 1}, {**LIVE, "concurrency": True})

    assert told.kind == "changed"


def test_a_long_value_is_cut_in_the_sentence_and_whole_in_the_change():
    [told] = after(set_field("LastName", "x" * 500))

    assert len(told.text) < 250
    assert told.after == "x" * 500


def test_inserting_a_step_moves_no_other():
    def insert(draft):
        draft["steps"].insert(0, {"key": "new", "type": "http.request", "name": "New", "inputs": {}})

    assert [change.text for change in after(insert)] == ['Step "New" added']
