"""What the server says of an example payload that people typed."""

import json

import pytest

from workflows.app_events.parsing import MAX_CHARACTERS, NotAnObject, parse_object


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("", 1, 1, "empty"),
        ("  \n ", 1, 1, "empty"),
        ("[1]", 1, 1, "must be an object"),
        ("\n\n  42", 3, 3, "must be an object"),
        ('{\n  "a": 1\n  "b": 2\n}', 3, 3, "comma is missing"),
        ('{\n  "a": 1,\n}', 2, 9, "Remove this comma"),
        ("{'a': 1}", 1, 2, "double quotes"),
        ("{\"a\": 'x'}", 1, 7, "double quotes"),
        ('{"a" 1}', 1, 6, "colon is missing"),
        ('{"a": "x', 1, 7, "never closed"),
        ('{"a": "x\ny"}', 1, 9, "line break"),
        ("{} {}", 1, 4, "has ended"),
        ('{"NaN": NaN}', 1, 9, "knows no NaN"),
        ('{"a": 1e999}', 1, 7, "too large"),
        ('{"a": ' + "1" * 5000 + "}", 1, 7, "digits"),
        ('{"a": 18446744073709551616}', 1, 7, "Write it as text"),
        ('{"a": -9223372036854775809}', 1, 7, "Write it as text"),
        ('{"a": 12345678901234567890.5}', 1, 7, "Write it as text"),
        ('{"a": "\\u0000"}', 1, 8, "can not be stored"),
        ('{"a": "\\ud83d"}', 1, 8, "can not be stored"),
        ('{"a": ' + "[" * 100_000, 1, 38, "nested"),
    ],
)
def test_what_is_no_json_object_is_refused_with_its_line_and_column(text, line, column, says):
    with pytest.raises(NotAnObject) as refused:
        parse_object(text)

    assert (refused.value.line, refused.value.column) == (line, column)
    assert says in refused.value.message


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": [2**64 - 1, -(2**63), 0.1]},
        {"a": [1, 2.5, None, True, {"ä": "😀"}]},
        {"path": "C:\\u0000"},
        {"quote": '"{[', "emoji": "\U0001f600"},
    ],
)
def test_an_object_is_read_as_it_is(value):
    assert parse_object(json.dumps(value)) == value


def test_an_example_of_unreasonable_size_is_refused():
    with pytest.raises(NotAnObject, match="Shorten it"):
        parse_object(json.dumps({"a": "x" * MAX_CHARACTERS}))
