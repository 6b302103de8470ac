"""YAML that means one thing: as JSON spells it, as text, or refused with its line; and written so that it reads back."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lib.plain_yaml import MAX_DEPTH, NotPlainYaml, Problem, read, write

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
LOOKALIKES = st.sampled_from(
    [
        *(
            "NO",
            "no",
            "on",
            "y",
            "True",
            "true",
            "~",
            "null",
            "Null",
            "",
            " ",
            "<<",
            "=",
            "01234",
            "0o17",
            "0x1F",
            "1_000",
            "+1",
        ),
        *(
            "1e3",
            "1E3",
            ".5",
            "5.",
            "1.50",
            "-0",
            "12:30",
            "12:30:45",
            "2026-01-31",
            "2026-01-31T09:30:00Z",
            ".inf",
            ".NaN",
        ),
        *(
            "{{ trigger.a }}",
            "[a]",
            "- a",
            "a: b",
            "a #b",
            "# a",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "'a'",
            '"a"',
            "---",
            "...",
        ),
        *(
            "a\nb",
            "a\n\nb\n",
            "\n",
            " a",
            "a ",
            "\ta",
            "a\r\nb",
            "\x85",
            "a\u2028b",
            "\ufeff",
            "\x7f",
            "😀",
            "é",
            "|",
            ">",
            "?",
        ),
    ]
)
NUMBERS = st.integers(-(10**90), 10**90) | st.floats(-1e99, 1e99)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT | LOOKALIKES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT | LOOKALIKES, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_reads_back_the_same(value):
    again = read(write(value)).value

    assert json.dumps(again) == json.dumps(value)  # tells 1 from 1.0 and from true


@given(VALUES)
def test_what_is_written_is_the_same_to_another_reader_but_for_the_spelling_of_floats(value):
    """PyYAML knows YAML 1.1 alone: no text may become something else to it."""
    assert texts(yaml.safe_load(write(value))) == texts(value)


def texts(value):
    if isinstance(value, dict):
        return {key: texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [texts(item) for item in value]
    return value if isinstance(value, str | bool | None) and not is_float(value) else "a number"


def is_float(value):
    """YAML 1.1 takes 1e+20 for text, which JSON and YAML 1.2 do not."""
    try:
        return isinstance(value, str) and value == json.dumps(json.loads(value)) and "e" in value and '"' not in value
    except ValueError:
        return False


@pytest.mark.parametrize(
    "word",
    [
        "01234",
        "0123456",
        "NO",
        "no",
        "on",
        "Yes",
        "12:30",
        "1:30:00.5",
        "1e3",
        "1.50",
        "-0",
        "+1",
        ".5",
        "5.",
        "1_000",
        "0x1F",
    ]
    + [
        "0o17",
        "0b11",
        "2026-01-31",
        "2026-01-31T09:30:00Z",
        "2026-1-1 9:30:00",
        "~",
        "Null",
        "True",
        "FALSE",
        ".inf",
        ".nan",
    ]
    + ["<<", "=", "1e999", "1e+200", "9" * 101],
)
def test_a_word_that_readers_of_yaml_take_differently_has_to_be_put_in_quotes(word):
    with pytest.raises(NotPlainYaml) as refused:
        read(f"first: 1\nfields:\n  Phone: {word}\n  {word[:50]}: x\n")

    value, key = refused.value.problems
    assert (value.line, value.pointer) == (3, "/fields/Phone") and "put it in quotes" in value.message
    assert key.line == 4 and "put it in quotes" in key.message
    assert read(f"Phone: '{word}'").value == {"Phone": word}


def test_what_json_spells_alike_keeps_its_type_and_other_words_are_text():
    read_back = read(
        '{a: 1, b: -1.5, c: true, d: null, e: , f: 1e+20, g: Lead, h: 1.2.3, i: "{{ x }}", j: y, k: 12-34}'
    ).value

    assert json.dumps(read_back) == (
        '{"a": 1, "b": -1.5, "c": true, "d": null, "e": null, "f": 1e+20, "g": "Lead", "h": "1.2.3", "i": "{{ x }}", '
        '"j": "y", "k": "12-34"}'
    )


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: 2\na: 3", 3, "stands twice here, first in line 1"),
        ("a: 1\n'a': 3", 2, "stands twice"),
        ("a: &x [1]\nb: *x", 1, "anchor"),
        ("b:\n  - *x", 2, "Write the value out"),
        ("a: &x [*x]", 1, "anchor"),
        ("a: !!python/object:os.system 1", 1, "tag"),
        ("a: !!str 1", 1, "tag"),
        ("a: ! x", 1, "tag"),
        ("a: {{ trigger.x }}", 1, "put in quotes"),
        ("? [a]\n: b", 1, "A key must be text"),
        ("%YAML 1.1\n---\na: 1", 1, "begin with %"),
        ("%TAG ! tag:x,2000:\n---\na: 1", 1, "begin with %"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("a: b: c", 1, "not YAML"),
        ("a: 1\n\t- b", 2, "not YAML"),
        ('a: "\\UFFFFFFFF"', 1, "escape"),
        ('a:\n  - "\\0"', 2, "can not be stored"),
        ('"\\ud800": 1', 1, "can not be stored"),
        ("a: 1\nb: \0", 2, "U+0000"),
        ("a: 'x\u2028y'", 1, "U+2028"),
        ("[" * 100_000, 1, f"more than {MAX_DEPTH} levels"),
        ("- " * 5_000, 1, f"more than {MAX_DEPTH} levels"),
        ("{a: " * 100_000, 1, f"more than {MAX_DEPTH} levels"),
        ("a" * 5_000_001, 1, "5,000,000 are allowed"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text, line, says):
    with pytest.raises(NotPlainYaml, match=".") as refused:
        read(text)

    assert says in str(refused.value) and refused.value.problems[-1].line == line


def test_many_values_that_need_quotes_are_named_at_once():
    with pytest.raises(NotPlainYaml) as refused:
        read("\n".join(f"a{number}: NO" for number in range(100)))

    assert [problem.line for problem in refused.value.problems] == list(range(1, 21))


@given(st.text(max_size=200) | st.text("[]{}:,-&*!|>'\"%#?\n \tab01", max_size=60))
def test_any_text_is_read_or_refused_in_words(text):
    try:
        document = read(text)
    except NotPlainYaml as refused:
        said = refused.problems
    else:
        said = [Problem(1, "", "read")]
        assert json.loads(json.dumps(document.value)) == document.value

    assert said and all(problem.message and problem.line >= 1 for problem in said)
