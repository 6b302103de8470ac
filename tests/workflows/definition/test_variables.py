"""The variable menu: groups of what stands upstream, with samples."""

from __future__ import annotations

import json

import pytest

from workflows.definition.schema import parse_definition
from workflows.definition.templates import parse_path
from workflows.definition.variables import variable_menu

DEFINITION = parse_definition(
    {
        "trigger": {"type": "app_event", "app_event": "Lead Created"},
        "steps": [
            {"key": "create_lead", "type": "salesforce.create_record", "name": "Create Lead"},
            {"key": "tell", "type": "http.request", "name": "Tell the app"},
        ],
        "settings": [
            {"id": "region", "title": "Region", "type": "ENUM", "values": [{"value": "eu", "label": "EU"}]},
            {"id": "token", "title": "Token", "type": "PASSWORD"},
        ],
    }
)
EXAMPLE = {
    "email": "ana@acme.test",
    "address": {"home town": "Graz"},
    "items": [{"price": 2.5}, {}],
    "vip": True,
    "x": None,
}


def menu(step_key="tell", example=EXAMPLE, outputs=None):
    return variable_menu(DEFINITION, step_key=step_key, trigger_example=example, step_outputs=outputs)


def test_a_step_sees_the_event_the_steps_above_it_settings_user_and_run():
    titles = [group["title"] for group in menu()]

    assert titles == ["App Event: Lead Created", "1. Create Lead", "User settings", "User", "Run"]
    assert [group["title"] for group in menu("create_lead")][1] == "User settings"
    assert [group["title"] for group in menu(None)][1] == "User settings"


def test_objects_and_lists_are_laid_out_with_samples_and_types():
    items = menu()[0]["items"]

    assert [(item["path"], item["label"], item["sample"], item["type"]) for item in items[1:]] == [
        ("trigger.email", "email", "ana@acme.test", "text"),
        ("trigger.address", "address", '{"home town":"Graz"}', "object"),
        ('trigger.address["home town"]', 'address["home town"]', "Graz", "text"),
        ("trigger.items", "items", '[{"price":2.5},{}]', "list"),
        ("trigger.items[0]", "items[0]", '{"price":2.5}', "object"),
        ("trigger.items[0].price", "items[0].price", "2.5", "number"),
        ("trigger.vip", "vip", "true", "boolean"),
        ("trigger.x", "x", "", "null"),
    ]
    assert items[0]["path"] == "trigger"


def test_what_a_step_gives_is_below_its_key():
    group = menu(outputs={"create_lead": {"Id": "00Q", "success": True}})[1]

    assert [(item["path"], item["label"]) for item in group["items"]] == [
        ("steps.create_lead", "All that it gave"),
        ("steps.create_lead.Id", "Id"),
        ("steps.create_lead.success", "success"),
    ]


def test_user_settings_stand_under_their_titles_and_a_password_has_no_sample():
    [group] = [group for group in menu() if group["root"] == "settings"]

    assert [(item["path"], item["label"], item["sample"]) for item in group["items"]] == [
        ("settings.region", "Region", "eu"),
        ("settings.token", "Token", ""),
    ]


def test_depth_and_number_are_bounded_and_long_samples_cut():
    deep: dict = {"leaf": 1}
    for _ in range(20):
        deep = {"a": deep}
    example = {"long": "x" * 500, "deep": deep, **{f"k{number}": number for number in range(2000)}}

    items = menu(example=example)[0]["items"]

    assert len(items) == 500
    assert max(len(parse_path(item["path"]).segments) for item in items) == 7
    assert len(items[1]["sample"]) == 80


def test_every_path_of_the_menu_can_be_read_and_the_menu_is_json():
    groups = menu(outputs={"create_lead": {"1st name": 1, "Größe": 2}})

    for group in groups:
        for item in group["items"]:
            assert parse_path(item["path"]).text == item["path"]
    assert json.loads(json.dumps(groups)) == groups


def test_an_unknown_step_is_an_error():
    with pytest.raises(KeyError):
        menu("gone")
