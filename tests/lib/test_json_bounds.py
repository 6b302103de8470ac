"""What is read from JSON can be written again as it was; the rest is refused with the place and what to do."""

import json
import math
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import json_bounds
from lib.json_bounds import MAX_DEPTH, BadJson

NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=40,
)


def refusal(raw):
    with pytest.raises(BadJson) as caught:
        json_bounds.read(raw if isinstance(raw, bytes) else raw.encode())
    return caught.value


@given(NESTED)
def test_what_is_read_is_written_again_as_it_came(value):
    raw = json.dumps(value).encode()
    try:
        read = json_bounds.read(raw)
    except BadJson:
        with pytest.raises(BadJson):
            json_bounds.check(value)
        return

    assert read == value
    assert orjson.loads(orjson.dumps(read)) == value
    json_bounds.check(value)


@given(st.binary(max_size=200) | NESTED.map(lambda value: json.dumps(value).encode()[:-1]))
def test_bytes_of_any_kind_are_read_or_refused_in_words(raw):
    words = "Read."
    try:
        json_bounds.read(raw)
    except BadJson as exc:
        words = exc.message

    assert words.encode().endswith(b".")


@given(
    st.decimals(allow_nan=False, allow_infinity=False) | st.floats(allow_nan=False, allow_infinity=False).map(Decimal)
)
def test_a_number_keeps_every_digit_that_it_was_written_with_or_is_refused(number):
    written = f"{number:E}" if abs(number.adjusted()) > 400 else f"{number:f}"
    try:
        read = json_bounds.read(written.encode())
    except BadJson:
        return

    digits = len("".join(map(str, number.as_tuple().digits)).strip("0")) or 1
    again = Decimal(read) if isinstance(read, int) else Decimal(f"{read:.{digits - 1}e}")
    assert again == number


@pytest.mark.parametrize(
    "written",
    [
        "0.1",
        "0.10000000000000001",
        "0.10000000000000000555",
        "1e22",
        "1764220799.123456",
        "-0.0",
        "5e-324",
        "0e-999",
        "1E5",
    ],
)
def test_a_number_that_a_double_was_written_out_as_is_read(written):
    assert json_bounds.read(written.encode()) == float(written)


@pytest.mark.parametrize("number", [-(2**63), 2**53 + 1, 2**63, 2**64 - 1])
def test_whole_numbers_of_64_bits_are_exact(number):
    assert json_bounds.read(b"[%d]" % number) == [number]


@pytest.mark.parametrize(
    ("raw", "at", "says"),
    [
        ('{"a": [1, {"id": 18446744073709551616}]}', "a[1].id", "18446744073709551616"),
        ('{"a": -9223372036854775809}', "a", "as text, in quotes"),
        ('{"a": 9007199254740993.0}', "a", "digits"),
        ('{"a": 1.2345678901234567890123e22}', "a", "digits"),
        ('{"a": 0.1234567890123456789012}', "a", "digits"),
        ('{"a": 1e-400}', "a", "digits"),
        ('{"a": 9007199254740993e0}', "a", "digits"),
        ('{"a": 9007199254740993E-1}', "a", "digits"),
        ('{"a": 1e400}', "a", "too large"),
        ('{"a": [-Infinity]}', "a[0]", "-Infinity"),
        ('{"a": {"b": "x\\u0000"}}', "a.b", "NUL"),
        ('{"a": {"\\u0000": 1}}', "a.�", "NUL"),
        ('{"a": "\\ud83d"}', "a", "half a character"),
        ('{"": 99999999999999999999}', "", "digits"),
    ],
)
def test_a_refusal_names_the_place_and_what_to_do(raw, at, says):
    found = refusal(raw)

    assert found.ids["at"] == at and says in found.message


def test_a_text_that_speaks_of_nul_is_no_nul():
    assert json_bounds.read(rb'["\\u0000", "\\\\u0000"]') == ["\\u0000", "\\\\u0000"]
    assert "NUL" in refusal(rb'["\\\u0000"]').message


def test_one_depth_bounds_every_kind_of_nesting():
    for opens, closes in (("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")):
        levels = MAX_DEPTH // opens.count("[" if "[" in opens else "{") // (2 if opens.startswith("[{") else 1)
        assert json_bounds.read((opens * levels + "1" + closes * levels).encode())
        for more in (1, 160, 10_000):
            raw = opens * (levels + more) + "1" + closes * (levels + more)
            assert f"{MAX_DEPTH} levels" in refusal(raw).message


def test_many_brackets_side_by_side_or_in_texts_are_not_deep():
    assert len(json_bounds.read(b"[" + b",".join([b"[]"] * 5000) + b"]")) == 5000
    assert json_bounds.read(b'["' + b"[" * 5000 + b'"]') == ["[" * 5000]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ('{"a": "é"}'.encode("utf-16"), "UTF-16"),
        ('{"a": "é"}'.encode("utf-16-be"), "UTF-16"),
        ('{"a": "é"}'.encode("utf-32-le"), "UTF-32"),
        ('{"a": "é"}'.encode("latin-1"), "Latin-1 or Windows-1252, where that is “é”"),
        (b'{"a": "\xff\xfe"}', "not UTF-8"),
        (b"\x1f\x8b\x08\x00", "Content-Encoding: gzip"),
    ],
)
def test_another_encoding_is_named(raw, says):
    assert says in refusal(raw).message


def test_a_byte_order_mark_is_passed_over():
    assert json_bounds.read(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize(
    "value", [math.nan, [math.inf], {"a": 2**64}, {1: 2}, {"a": {2}}, b"x", ["\ud800"], {"\x00": 1}]
)
def test_a_value_that_was_not_read_from_json_is_checked_alike(value):
    with pytest.raises(BadJson):
        json_bounds.check(value)


def test_a_whole_number_too_long_to_be_said_is_refused_all_the_same():
    with pytest.raises(BadJson, match="digits"):
        json_bounds.check([10**5000])


def test_a_value_that_holds_itself_is_too_deep():
    value = []
    value.append(value)

    with pytest.raises(BadJson, match="levels"):
        json_bounds.check(value)
