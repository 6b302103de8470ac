"""Where our filters differ from Liquid's port, and the edges of what they take."""

from __future__ import annotations

import itertools
import subprocess
import sys

import orjson
import pytest

from workflows.definition.filters import FILTERS, Kind
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
        (1.5, "round: 99", 1.5),
        (1234, "round: -2", 1200),
        (1250.5, "round: -2", 1300),
        (-1250, "round: -2", -1300),
        (1234, "round: -9", 0),
        (1234, "round: -99999999999999999999999999999", 0),
        (10**99 + 5, "round: -1", str(10**99 + 10)),
        ("foo", "remove_last: 'foo'", ""),
        ("hello", "remove_last: ''", "hello"),
        ("hello", "remove_first: ''", "hello"),
        ("hello", "remove: ''", "hello"),
        ("hello", "replace_last: '', '!'", "hello!"),
        ("hello", "replace_first: '', '!'", "!hello"),
        ("hi", "replace: '', '-'", "-h-i-"),
        ("hi", "split: ''", ["h", "i"]),
        ("a b", "truncatewords: 99999999999999999999999999999", "a b"),
        ("a b", "truncate: 99999999999999999999999999999", "a b"),
        ("a b", "slice: 0, 99999999999999999999999999999", "a b"),
        ("a b", "slice: -99999999999999999999999999999, 2", ""),
        ("0001-01-01T00:00:00+01:00", "date: '%F %Y'", "0001-01-01 0001"),
        ("9999-12-31T23:59:59-05:00", "date: '%F %T %Y'", "9999-12-31 23:59:59 9999"),
        ("March 14, 2016", "date: ''", "March 14, 2016"),
        (["1", "2"], "sum", 3),
        (["1.5", 2, None], "sum", 3.5),
        ([10**30, 1], "sum", str(10**30 + 1)),
        ([[1, [2]], 3], "sum", 6),
        ([[{"a": 1}], [[{"a": 2}]]], "map: 'a'", [1, 2]),
        ([["b"], ["a"]], "sort", ["a", "b"]),
        ([["b"], ["a"]], "join: '-'", "b-a"),
        ([["a"], ["b", "a"]], "uniq", ["a", "b"]),
        ([["a"], [None]], "compact", ["a"]),
        ([{"a": 1}, {"a": None}, {}], "compact: 'a'", [{"a": 1}]),
        ([[1], [2]], "first", [1]),
        ("solo", "first", "solo"),
        ({"a": 1}, "last", {"a": 1}),
        (["x", "y", "z"], "find: 'y'", "y"),
        (["x", "y", "z"], "find_index: 'y'", 1),
        (["x", "y", "z"], "find_index: 'q'", None),
        (["x", "y", "z"], "has: 'y'", True),
        (["x", "y", "z"], "has: 'q'", False),
        (["x", "y", "z"], "reject: 'y'", ["x", "z"]),
        (["xy", "y", None, 5], "where: 'y'", ["xy", "y"]),
        ([1, 2, True], "find: '2'", 2),
        ([{"n": 1}, {"n": True}], "where: 'n', true", [{"n": True}]),
        ([{"n": 1}, {"n": 2}], "find_index: 'n', 2", 1),
        ([{"a": 1}, {"a": 1}, {"b": 2}], "uniq: ''", [{"a": 1}, {"b": 2}]),
        ([2, 1], "sort: ''", [1, 2]),
        ([2, 1], "sum: ''", 3),
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
    ("value", "filters", "result"),
    [
        # As if the argument were not written.
        ([1, 1, 2], "uniq: {}", [1, 2]),
        ([1, 2], "sum: {}", 3),
        ([2, 1], "sort: {}", [1, 2]),
        (["b", "A"], "sort_natural: {}", ["A", "b"]),
        ([1, None], "compact: {}", [1]),
        (["a", "b"], "join: {}", "a b"),
        (1.5, "round: {}", 2),
        ("abc", "slice: 1, {}", "b"),
        # As text of no characters.
        ("a", "append: {}", "a"),
        ("a", "prepend: {}", "a"),
        ("a-b", "replace: '-', {}", "ab"),
        ("abcdef", "truncate: 3, {}", "abc"),
        # As nothing.
        ([1], "concat: {}", [1]),
        ("", "default: {}", None),
        ([{"a": None}, {"a": 1}], "where: 'a', {}", [{"a": None}]),
    ],
)
@pytest.mark.parametrize("argument", ["null", "trigger.missing", "trigger.nothing"])
def test_a_null_argument_means_what_it_means_to_liquid(value, filters, result, argument):
    template = f"{{{{ trigger.x | {filters.format(argument)} }}}}"

    assert compile_value(template).render({"trigger": {"x": value, "nothing": None}}).value == result


@pytest.mark.parametrize(
    ("value", "filters", "result"),
    [
        ("March 14, 2016", "date: {}", "March 14, 2016"),
        ("abc", "truncate: {}", "abc"),
        ("a b", "truncatewords: {}", "a b"),
        ("abc", "slice: {}, 2", "abc"),
        ("abc", "replace: {}, 'x'", "abc"),
        ("abc", "replace_first: {}, 'x'", "abc"),
        ("abc", "replace_last: {}, 'x'", "abc"),
        ("abc", "remove: {}", "abc"),
        ("abc", "remove_first: {}", "abc"),
        ("abc", "remove_last: {}", "abc"),
        ("a b", "split: {}", "a b"),
        ([{"a": 1}], "map: {}", [{"a": 1}]),
        ([{"a": 1}], "where: {}", [{"a": 1}]),
        ([{"a": 1}], "where: {}, 1", [{"a": 1}]),
        ([{"a": 1}], "reject: {}", [{"a": 1}]),
        ([{"a": 1}], "find: {}", None),
        ([{"a": 1}], "find_index: {}", None),
        ([{"a": 1}], "has: {}", None),
        *((5, f"{name}: {{}}", None) for name in ("plus", "minus", "times", "divided_by", "modulo")),
        *((5, f"{name}: {{}}", None) for name in ("at_least", "at_most")),
    ],
)
@pytest.mark.parametrize("argument", ["null", "trigger.missing", "trigger.nothing"])
def test_for_want_of_an_argument_the_value_stays_or_is_null_and_the_history_says_so(value, filters, result, argument):
    template = f"{{{{ trigger.x | {filters.format(argument)} }}}}"

    given = compile_value({"fields": {"A": template}}).render({"trigger": {"x": value, "nothing": None}})

    assert given.value == {"fields": {"A": result}}
    warning = given.warnings[-1]
    assert (warning.path, warning.input) == ("trigger.x", "fields.A")
    assert warning.message.startswith("An argument of the filter") and "was empty, so it" in warning.message


ODD: dict[str, object] = {
    "null": None, "empty": "", "blank": " ", "word": "word", "number": "12", "huge": 10**99, "tiny": 1e-300, "big": 1e99,
    "negative": -7, "zero": 0, "flag": True, "list": [1, "a", None, [2]], "none": [], "object": {"a": 1}, "bare": {},
    "deep": [[[[{"a": [None]}]]]], "early": "0001-01-01T00:00:00+01:00", "late": "9999-12-31T23:59:59-05:00",
}  # fmt: skip


@pytest.mark.parametrize("filter", FILTERS.values(), ids=lambda filter: filter.name)
def test_no_filter_crashes_on_an_odd_value_or_argument_or_gives_what_cannot_be_stored(filter):
    refusals = []
    for count in range(filter.required, len(filter.arguments) + 1):
        for arguments in itertools.product(["missing", *ODD], repeat=count):
            call = f"{filter.name}: {', '.join(f'trigger.{name}' for name in arguments)}" if count else filter.name
            compiled = compile_value(f"{{{{ trigger.x | {call} }}}}")
            for value in ODD.values():
                try:
                    given = compiled.render({"trigger": ODD | {"x": value}}).value
                except RenderError as error:
                    refusals.append(error.message)
                else:
                    assert orjson.loads(orjson.dumps(given)) == given
                    assert filter.sees_null or value is not None or given is None
    assert [said for said in refusals if not said.startswith(f"The filter {filter.name} failed on trigger.x: ")] == []
    assert refusals or filter.takes is not Kind.NUMBER


@pytest.mark.parametrize(
    ("value", "filters"),
    [
        (None, "append: ' '"),
        (None, "prepend: ' '"),
        (None, "append: trigger.missing"),
        (None, "concat: trigger.missing"),
    ],
)
def test_missing_values_joined_by_blanks_alone_stay_null(value, filters):
    assert filtered(value, filters) is None
    assert filtered(value, f"{filters} | append: ''") == ""


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
        ("today", "date: '%F'", "run.received_at"),
        ("March", "date: '%F'", "no date"),
        (10**30, "date: '%F'", "no date"),
        ("2026-01-01", "date: trigger.x | date: '%F" + " " * 300 + "'", "longer than 200"),
        ([3, "a"], "sort", "cannot tell an order among values of the type number and text"),
        ({"a": "b"}, "base64_decode", "base64|does not work"),
        (["1", "many"], "sum", "needs a number, and text 'many' is none"),
        ([True], "sum", "needs a number"),
        ("text", "truncate: trigger.x", "needs a number"),
        ("1.5", "slice: trigger.x", "needs a whole number"),
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
