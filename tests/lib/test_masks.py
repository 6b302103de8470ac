"""Secrets are hidden in whatever form a program may have written them."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.masks import MASK, Mask

SECRETS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=4, max_size=40).filter(
    lambda text: len(text.strip()) >= 4
)
FORMS = {
    "as it is": str,
    "upper": str.upper,
    "lower": str.lower,
    "repr": repr,
    "JSON": json.dumps,
    "JSON with its characters": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "ASCII": ascii,
    "bytes": lambda text: repr(text.encode()),
    "SQL": lambda text: text.replace("'", "''"),
    "CSV": lambda text: text.replace('"', '""'),
    "an address": quote,
    "an address in an address": lambda text: quote(quote(text, safe=""), safe=""),
    "a query": quote_plus,
    "HTML": html.escape,
    "HTML in HTML": lambda text: html.escape(html.escape(text)),
    "without its spaces": lambda text: "".join(text.split()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
}


@pytest.mark.parametrize("write", FORMS.values(), ids=FORMS)
@settings(max_examples=40)
@given(secret=st.text("abcXYZ0189-!\"'<>& äß", min_size=4, max_size=40).filter(lambda text: len(text.strip()) >= 4))
def test_each_form_is_hidden(write, secret):
    written = write(secret.strip())

    shown = Mask([secret]).text(f"before: {written} after it")

    assert written not in shown and MASK in shown
    assert shown.startswith("before: ") and shown.endswith(" after it")


@given(before=st.text("user:", max_size=5), secret=st.text("abcdefgh01234", min_size=8, max_size=30))
def test_basic_authentication_does_not_tell_it(before, secret):
    header = base64.b64encode(f"{before}:{secret}".encode()).decode()

    shown = Mask([secret]).text(header)

    assert secret[2:-2].encode() not in base64.b64decode(shown.replace(MASK, "") + "====")
    assert MASK in shown


@given(secret=st.text("abcdefgh", min_size=12, max_size=30), length=st.integers(6, 12))
def test_a_beginning_is_hidden_where_a_text_was_cut(secret, length):
    assert secret[:6] not in Mask([secret]).text(f"invalid: {secret[:length]}… and more").lower()


@given(length=st.integers(3, 14))
def test_a_few_characters_are_enough_at_the_end_of_a_text(length):
    secret = "hunter2-SECRET"

    assert Mask([secret]).text("invalid: " + secret[:length]) == f"invalid: {MASK}"


def test_the_longest_secret_goes_first():
    assert Mask(["hunter2", "hunter2-SECRET"]).text("is hunter2-SECRET, was hunter2") == f"is {MASK}, was {MASK}"


@pytest.mark.parametrize(
    ("secret", "value", "shown"),
    [
        (
            "1234",
            {"n": 1234, "x": 12345, "yes": True, "id": "001234"},
            {"n": MASK, "x": 12345, "yes": True, "id": "001234"},
        ),
        ("1234", [1234.0, "a 1234"], [MASK, f"a {MASK}"]),
        ("1", {"yes": True, "no": None, "n": 1}, {"yes": True, "no": None, "n": MASK}),
        ("in", "in him it is in", f"{MASK} him it is {MASK}"),
        ("", "nothing to hide", "nothing to hide"),
        ("   ", "nothing to hide", "nothing to hide"),
    ],
)
def test_values(secret, value, shown):
    assert Mask([secret]).value(value, but=frozenset({"id"})) == shown


def test_a_mask_does_not_tell_what_it_hides():
    assert "hunter2" not in f"{Mask(['hunter2'])!r} {Mask(['hunter2'])}"


@given(secret=SECRETS, text=st.text(max_size=200))
def test_any_secret_and_any_text_go_together(secret, text):
    shown = Mask([secret]).text(text + secret)

    assert secret.strip() not in shown.replace(MASK, " ")
