"""No text makes a regular expression of the product take more than in proportion to its length."""

import re

import pytest

from lib.masks import Mask
from sandbox_org.soql.evaluating import like_pattern
from tests.support.backtracking import worst_attack
from tests.support.patterns import Use, python_uses, script_uses
from workflows.app_events.parsing import MAX_CHARACTERS, NotAnObject, parse_object
from workflows.user_settings import misfits

USES = [*python_uses(), *script_uses()]
PUT_TOGETHER = {
    "sandbox_org/soql/evaluating.py": [like_pattern(it).pattern for it in ("%a%a%a%b", "_%a_%", "a%aa%b%c")],
    "lib/masks.py": [Mask(them)._heads.pattern for them in (["a" * 40], ["aa", "aaa", "aaaa"], ["a b", "(a+)+b", "ß"])],
}
"""Patterns that are made at run time, by the file that makes them; a file that is new here needs examples of its own."""
WRITTEN = {(use.pattern, use.flags, use.method): use for use in USES if use.pattern is not None}


@pytest.mark.parametrize("use", WRITTEN.values(), ids=lambda use: f"{use.place}-{use.method}")
def test_every_pattern_of_the_product_is_linear(use: Use):
    assert use.pattern is not None
    assert worst_attack(use.pattern, use.flags, use.method) is None


def test_every_pattern_that_is_put_together_at_run_time_has_examples_that_are_linear():
    made_in = {use.place.split(":")[0] for use in USES if use.pattern is None}

    assert made_in == set(PUT_TOGETHER)
    for pattern in (it for examples in PUT_TOGETHER.values() for it in examples):
        assert worst_attack(pattern, re.DOTALL | re.IGNORECASE, "fullmatch") is None


def test_the_product_s_patterns_are_found_in_python_and_in_scripts():
    places = {use.place.split(":")[0] for use in USES}

    assert {"workflows/app_events/parsing.py", "workflows/user_settings.py", "config/shortcut.py"} <= places
    assert any(place.endswith("json-view.ts") for place in places)


@pytest.mark.parametrize(
    ("pattern", "flags", "method"),
    [
        (r'"(?:[^"\\]|\\.)*"', re.DOTALL, "sub"),
        (r"[^\s@]+@[^\s@]+\.[^\s@]+\Z", 0, "match"),
        (r"https?://[^\s/]+\S*\Z", 0, "match"),
        (r"<(script|style)\b.*?</\1>", re.DOTALL, "sub"),
        (r"(a+)+b", 0, "match"),
        (r"\s+$", 0, "search"),
        (r".*a.*a.*b", re.DOTALL, "fullmatch"),
        (r"(?:x|y\d*)*z", 0, "search"),
        (r"(\w+)\s*=\s*(\w+)\s*;", 0, "search"),
    ],
)
def test_a_pattern_that_is_not_linear_is_found_out(pattern: str, flags: int, method: str):
    assert worst_attack(pattern, flags, method) is not None


@pytest.mark.timeout(20)
@pytest.mark.parametrize("storm", ['\\"', '"', "\\", "[", '"\\', '"a', "{", '\\u0000"'])
def test_an_example_as_long_as_may_be_is_refused_with_words_and_not_pondered(storm: str):
    text = '{"a": "' + storm * ((MAX_CHARACTERS - 7) // len(storm))

    with pytest.raises(NotAnObject):
        parse_object(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        ("EMAIL", "ana@acme.example", True),
        ("EMAIL", "ana.b@mail.acme.example", True),
        ("EMAIL", "ana@acme", False),
        ("EMAIL", "ana@acme.", False),
        ("EMAIL", "ana@.example", False),
        ("EMAIL", "a@" + "." * 9_990 + "@", False),
        ("EMAIL", "a" * 243 + "@acme.example", False),
        ("URL", "https://acme.example/a?b=c#d", True),
        ("URL", "http://a", True),
        ("URL", "https:///a", False),
        ("URL", "ftp://acme.example", False),
        ("URL", "http://" + "a" * 9_990 + " ", False),
    ],
)
def test_an_end_user_s_address_is_checked_in_one_pass(kind: str, value: str, fits: bool):
    definition = {"settings": [{"id": "it", "type": kind}]}

    assert (not list(misfits(definition, {"it": value}))) is fits
