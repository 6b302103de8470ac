"""The key by which a run waits for earlier ones: made while the others of a group wait, so at little cost."""

from __future__ import annotations

import pytest

from workflows.intake.receiving import order_key

LONG = "ab " * 300_000


@pytest.mark.parametrize(
    ("template", "key"),
    [
        ("{{ trigger.email | downcase }}", "bo@example.com"),
        ("{{ trigger.a.id }}-{{ trigger.a.type }}", "7-Lead"),
        ("{{ trigger.text | slice: 0, 5 }}", "ab ab"),
    ],
)
def test_a_key_is_made_of_any_part_of_the_event(template: str, key: str) -> None:
    payload = {"email": "Bo@Example.com", "a": {"id": 7, "type": "Lead"}, "text": LONG[:10_000]}

    assert order_key({"order_by": template}, payload) == key


@pytest.mark.parametrize(
    "template",
    [
        '{{ trigger.text | split: "a" | sort | uniq | join: "q" | slice: 0, 5 }}',
        '{{ trigger.list | map: "k" | sort | join: "," | slice: 0, 5 }}',
        "{{ trigger.list }}",
        "{{ trigger.text | downcase | slice: 0, 5 }}" * 100,
    ],
)
def test_a_key_that_takes_much_work_is_none(template: str) -> None:
    payload = {"text": LONG, "list": [{"k": str(number)} for number in range(60_000)]}

    assert order_key({"order_by": template}, payload) == ""
