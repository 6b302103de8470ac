"""Where our filters differ from Liquid's port, and the edges of what they take."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workflows.definition.templates import RenderError, compile_value


def filtered(value, filters):
    return compile_value(f"{{{{ trigger.x | {filters} }}}}").render({"trigger": {"x": value}}).value


@pytest.mark.parametrize(
    ("value", "filters", "result"),
    [
        ("abcdef", "truncate: 6", "abcdef"),  # exactly as long as allowed: nothing is cut
        ("abcdefg", "truncate: 6", "abc..."),
        ("abcdef", "truncate: 2", ".."),
        ("abcdef", "truncate: 0", ""),
        ("one two", "truncatewords: 2", "one two"),
        ("one two", "truncatewords: 0", "one..."),
        (2.5, "round", 3),
        (-2.5, "round", -3),
        (1.005, "round: 2", 1.01),
        (7, "round: 2", 7),
        (0.1, "plus: 0.2", 0.3),
        ("1e3", "plus: 0", 1000.0),
        (" 12 ", "plus: 1", 13),
        ("foo", "remove_last: 'foo'", ""),
        ("b", "replace_last: 'x', 'y'", "b"),
        ("a<script>x<b</script>b<!-- > -->c<style>p{}</style>d<br>e", "strip_html", "abcde"),
        ("1 < 2", "strip_html", "1 < 2"),
        ("<b", "strip_html", "<b"),
        ([{"n": 2}, {}, {"n": 1}], "sort: 'n'", [{"n": 1}, {"n": 2}, {}]),
        ([None, "b", "A"], "sort_natural", ["A", "b", None]),
        ([{"a": 1}, {"a": 1}, 1], "uniq", [{"a": 1}, 1]),
        ([{"a": None}, {"a": 1}, {}], "where: 'a', null", [{"a": None}, {}]),
        ([{"a": 1}, "text", 3], "map: 'a'", [1, None, None]),
        ([1.1, 2.2, None], "sum", 3.3),
        ([], "first", None),
        ([], "sum", 0),
        ({"a": 1}, "size", 1),
        ("solo", "join: ','", "solo"),
        ([1, True, None, {"a": 1}], "join: ','", '1,true,,{"a":1}'),
        ({"a": True}, "upcase", '{"A":TRUE}'),
        ("hello", "slice: -3, 2", "ll"),
        ("hello", "slice: -9, 2", ""),
        (12345, "slice: 0, 2", "12"),
        ("2026-03-09T23:30:00-05:00", "date: '%Y-%m-%d %z'", "2026-03-09 -0500"),
        (1.9, "date: '%s'", "1"),
        ("", "default: 'x'", "x"),
        ([], "default: 'x'", "x"),
        (0, "default: 'x'", 0),
    ],
)  # fmt: skip
def test_a_filter_gives(value, filters, result):
    given = filtered(value, filters)

    assert given == result
    assert type(given) is type(result)


@pytest.mark.parametrize(
    ("value", "filters", "message"),
    [
        ("1_000", "plus: 1", "needs a number"),
        ("nan", "plus: 1", "needs a number"),
        ("1e400", "plus: 1", "more than 100 digits"),
        ("9" * 101, "plus: 1", "more than 100 digits"),
        ("\u0661", "plus: 1", "needs a number"),
        ("0x10", "plus: 1", "needs a number"),
        (2, "divided_by: 0.0", "divide by 0"),
        (1.5, "round: 99", "0 to 10 digits"),
        ("today", "date: '%F'", "run.received_at"),
        ("March", "date: '%F'", "no date"),
        (10**30, "date: '%F'", "no date"),
        ("2026-01-01", "date: trigger.x | date: '%F" + " " * 300 + "'", "longer than 200"),
        ([3, "a"], "sort", "does not work on list"),
        ({"a": "b"}, "base64_decode", "base64|does not work"),
    ],
)
def test_a_filter_refuses(value, filters, message):
    with pytest.raises(RenderError, match=message):
        filtered(value, filters)


def test_a_lead_of_six_fields_is_filled_in_fast():
    compiled = compile_value(
        {
            "record_type": "Lead",
            "fields": {
                "LastName": "{{ trigger.last_name }}",
                "FirstName": "{{ trigger.first_name }}",
                "Company": "{{ trigger.company.name }}",
                "Email": "{{ trigger.email | downcase }}",
                "Description": "From {{ trigger.source }} by {{ user.id }}",
                "AnnualRevenue": "{{ trigger.revenue }}",
            },
        }
    )
    event = {
        "last_name": "L",
        "first_name": "A",
        "company": {"name": "C"},
        "email": "E",
        "source": "web",
        "revenue": 1.5,
    }
    context = {"trigger": event, "user": {"id": "u"}}

    calls = []
    compiled.render(context)
    sys.setprofile(lambda frame, event, argument: calls.append(event))
    try:
        compiled.render(context)
    finally:
        sys.setprofile(None)

    assert sum(event in ("call", "c_call") for event in calls) < 200


def test_the_definition_room_needs_no_django():
    modules = ["templates", "schema", "problems", "variables", "changes", "retrying", "inputs"]
    code = "import sys; " + "; ".join(f"import workflows.definition.{name}" for name in modules)

    subprocess.run([sys.executable, "-c", f"{code}; assert 'django' not in sys.modules"], check=True)
