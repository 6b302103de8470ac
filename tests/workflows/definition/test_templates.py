"""The template language: reading, one spelling, types, missing values, filters, limits."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.definition.filters import FILTERS
from workflows.definition.paths import path_text
from workflows.definition.templates import (
    Limits,
    RenderError,
    RenderLimitExceeded,
    TemplateError,
    compile_value,
    normalise,
    parse_path,
    suggest,
)

CONTEXT = {
    "trigger": {
        "email": "ana@acme.test",
        "first name": "Ana",
        "amount": 12.5,
        "count": 3,
        "vip": True,
        "nothing": None,
        "address": {"city": "Graz"},
        "items": [{"sku": "A1", "price": 2}, {"sku": "B2", "price": 3}],
        "Email": "other case",
        "0": "zero",
        "sized": {"size": "XL"},
        "none": [],
    },
    "steps": {"create_lead": {"Id": "00Q000000000001AAA"}},
    "settings": {"region": "eu"},
    "user": {"id": "u-1", "meta": {"plan": "pro"}},
    "run": {"id": "r-1", "received_at": datetime(2026, 3, 1, 12, tzinfo=UTC)},
}


def rendered(value, context=CONTEXT):
    return compile_value(value).render(context).value


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ trigger.amount }}", 12.5),
        ("{{ trigger.count }}", 3),
        ("{{ trigger.vip }}", True),
        ("{{ trigger.nothing }}", None),
        ("{{ trigger.address }}", {"city": "Graz"}),
        ("{{ trigger.items }}", [{"sku": "A1", "price": 2}, {"sku": "B2", "price": 3}]),
        ("{{ trigger.items[1].sku }}", "B2"),
        ("{{ trigger.items.1.sku }}", "B2"),
        ("{{ trigger.items[-1].price }}", 3),
        ('{{ trigger["first name"] }}', "Ana"),
        ("{{ trigger['first name'] }}", "Ana"),
        ("{{ trigger[0] }}", "zero"),
        ("{{ trigger.items.size }}", 2),
        ("{{ trigger.items.first.sku }}", "A1"),
        ("{{ trigger.items.last.sku }}", "B2"),
        ('{{ trigger["items"]["last"]["sku"] }}', "B2"),
        ("{{ trigger.address.size }}", 1),
        ("{{ trigger.email.size }}", 13),
        ("{{ trigger.sized.size }}", "XL"),
        ("{{ trigger.none.first }}", None),
        ("{{ trigger.count.size }}", None),
        ("{{ trigger.Email }}", "other case"),
        ("<< trigger.email >>", "ana@acme.test"),
        ("{{ steps.create_lead.Id }}", "00Q000000000001AAA"),
        ("{{ run.received_at }}", "2026-03-01T12:00:00+00:00"),
        ("{{ 5 }}", 5),
        ("{{ true }}", True),
    ],
)
def test_a_placeholder_alone_keeps_its_type(template, value):
    result = rendered(template)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("a {{ trigger.amount }}", "a 12.5"),
        ("a {{ trigger.vip }}", "a true"),
        ("a {{ trigger.nothing }}", "a "),
        ("a {{ trigger.address }}", 'a {"city":"Graz"}'),
        ("{{ trigger.items }} ", '[{"sku":"A1","price":2},{"sku":"B2","price":3}] '),
        ("{{ settings.region }}-{{ user.meta.plan }}", "eu-pro"),
        (" {{ trigger.count }}", " 3"),
        ("{{{ trigger.count }}}", "{3}"),
        ('{{ "{{" }} and {{ "<<" }}', "{{ and <<"),
        ("a << b", "a << b"),
        ("cat <<EOF\n{{ trigger.count }}\nEOF >>", "cat <<EOF\n3\nEOF >>"),
        ("}} { {% if x %}", "}} { {% if x %}"),
    ],
)
def test_within_text_a_value_becomes_text(template, text):
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("number", "text"), [(3.0, "3"), (-0.0, "0"), (1e22, "1e+22"), (0.1, "0.1"), (10**20, "1" + "0" * 20)]
)
def test_a_number_within_text_is_written_as_json_writes_it(number, text):
    assert rendered("#{{ trigger.n }}", {"trigger": {"n": number}}) == f"#{text}"


def test_values_are_filled_in_at_any_depth_and_constants_stay():
    value = {"fields": {"Email": "{{ trigger.email }}", "Tags": ["x", "{{ trigger.count }}"]}, "n": 1, "none": None}

    assert rendered(value) == {"fields": {"Email": "ana@acme.test", "Tags": ["x", 3]}, "n": 1, "none": None}


def test_a_missing_path_is_null_alone_empty_in_text_and_warned_of():
    result = compile_value({"fields": {"a": "{{ trigger.phone }}", "b": "x{{ trigger.items[7].sku }}"}}).render(CONTEXT)

    assert result.value == {"fields": {"a": None, "b": "x"}}
    assert [(warning.path, warning.input) for warning in result.warnings] == [
        ("trigger.phone", "fields.a"),
        ("trigger.items[7].sku", "fields.b"),
    ]
    assert 'trigger has no "phone"' in result.warnings[0].message
    assert "trigger.items has 2 items" in result.warnings[1].message


def test_a_default_takes_the_place_of_a_missing_path_without_a_warning():
    result = compile_value("{{ trigger.phone | default: trigger.email }}").render(CONTEXT)

    assert (result.value, result.warnings) == ("ana@acme.test", [])


def test_null_passes_through_filters_so_that_no_amount_becomes_zero():
    assert rendered("{{ trigger.nothing | times: 100 }}") is None
    assert rendered("{{ trigger.count | plus: trigger.nothing }}") is None
    assert rendered("{{ trigger.nothing | upcase }}") is None
    assert rendered('{{ trigger.nothing | append: "x" }}') == "x"


@pytest.mark.parametrize(
    ("source", "message", "position"),
    [
        ("{{ (1..3) }}", "cannot be a range", 3),
        ("{{ trigger.items | slice: (1..3) }}", "cannot be a range", 26),
        ("Hi {{ trigger.email", "never closed", 3),
        ("{{ }}", "nothing between", 0),
        ("<<>>", "nothing between", 0),
        ("{{ trigger.email | upper }}", "Did you mean upcase", 19),
        ("{{ trigger.email | upcas }}", "Did you mean upcase", 19),
        ("{{ triger.email }}", "Did you mean trigger", 3),
        ("{{ email }}", "trigger.email", 3),
        ("{{ trigger.first name }}", r'trigger\["first name"\]', 17),
        ("{{ trigger..email }}", "After a dot", 10),
        ("{{ trigger[email] }}", "In brackets", 11),
        ("{{ trigger[0 }}", "never closed", 10),
        ('{{ trigger.a | append: "x }}', "quote is never closed", 23),
        ("{{ trigger.a | append }}", "takes 1 argument", 15),
        ("{{ trigger.a | truncate: 1, 'a', 2 }}", "takes 0 to 2 arguments", 15),
        ("{{ trigger.a | plus: 'abc' }}", "needs a number", 15),
        ("{{ trigger.a | upcase: loud: true }}", "no argument named", 23),
        ("{{ steps }}", "Say which step", 3),
        ("{{ trigger.a | }}", "name of a filter", 15),
        ("8 << 2 or 2 >> 1", 'itself, write {{ "<<" }}', 7),
        ("{{ trigger.a | truncate: 1.5 }}", "whole number", 15),
        ("{{ -trigger }}", "A placeholder is a path", 3),
    ],
)
def test_what_cannot_be_read_says_where_and_what_to_do(source, message, position):
    with pytest.raises(TemplateError, match=message) as caught:
        compile_value({"fields": {"x": source}})

    assert (caught.value.position, caught.value.source, caught.value.input) == (position, source, "fields.x")


def test_every_root_stands_in_the_message_about_an_unknown_one():
    with pytest.raises(TemplateError) as caught:
        compile_value("{{ whatever.x }}")

    for root in ("trigger", "steps", "settings", "user", "run"):
        assert root in caught.value.message


def test_a_string_longer_than_allowed_is_refused():
    with pytest.raises(TemplateError, match="longer than 64,000"):
        compile_value("x" * 64_001)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("<<trigger.email>>", "{{ trigger.email }}"),
        ("{{trigger.items.0.sku|upcase}}", "{{ trigger.items[0].sku | upcase }}"),
        ("{{ trigger['a'] |default :1 , allow_false: true }}", '{{ trigger.a | default: 1, allow_false: true }}'),
        ("a<b {<< trigger.a >>", "a<b {{{ trigger.a }}"),
        ("{{ half typed", "{{ half typed"),
        ({"a": ["<< user.id >>", 1, None]}, {"a": ["{{ user.id }}", 1, None]}),
    ],
)  # fmt: skip
def test_a_template_is_stored_in_its_one_spelling(written, stored):
    assert normalise(written) == stored
    assert normalise(stored) == stored


def test_paths_are_listed_once_with_the_inputs_that_read_them():
    compiled = compile_value(
        {"a": "{{ trigger.x }} {{ trigger.x | append: user.id }}", "b": "{{ trigger.y | default: 1 }}"}
    )

    assert [path.text for path in compiled.paths] == ["trigger.x", "user.id", "trigger.y"]
    assert compiled.paths[0].segments == ("trigger", "x")
    assert [(use.input, use.path.text, use.has_default) for use in compiled.uses][-1] == ("b", "trigger.y", True)
    assert not compiled.is_constant
    assert compile_value({"a": ["b", 1]}).is_constant


def test_nothing_but_data_is_reachable():
    class Secret:
        password = "hunter2"

        def __getitem__(self, key):
            return "reached"

    context = {"trigger": {"object": Secret(), "text": "abc"}}

    assert rendered("{{ trigger.object.password }}", context) is None
    assert rendered("{{ trigger.text.__class__ }}", context) is None
    assert rendered("{{ trigger.__class__ }}", context) is None
    with pytest.raises(RenderError, match="no JSON value"):
        rendered("{{ trigger.object }}", context)


def test_what_is_rendered_shares_nothing_with_the_context():
    context = {"trigger": {"list": [1]}}
    result = rendered("{{ trigger.list }}", context)

    result.append(2)

    assert context == {"trigger": {"list": [1]}}


def test_decimals_and_dates_in_the_context_become_json():
    context = {"trigger": {"price": Decimal("9.90"), "whole": Decimal("3"), "at": datetime(2026, 1, 2)}}

    assert rendered("{{ trigger }}", context) == {"price": 9.9, "whole": 3, "at": "2026-01-02T00:00:00"}


@pytest.mark.parametrize(
    "template",
    [
        "{{ trigger.big | replace: 'a', trigger.big }}",
        "{{ trigger.list | join: trigger.big }}",
        "{{ trigger.big | split: '' | join: trigger.big }}",
        "{{ trigger.big }}" * 40,
        "{{ trigger.big | json | json | json | json | json | json | json | json }}" * 5,
    ],
)
def test_output_and_work_are_bounded(template):
    context = {"trigger": {"big": 'a"' * 50_000, "list": list(range(50_000))}}

    with pytest.raises(RenderLimitExceeded) as caught:
        rendered(template, context)

    assert caught.value.code == "template_too_large"


def test_limits_can_be_set():
    with pytest.raises(RenderLimitExceeded):
        compile_value("{{ trigger.email }}").render(CONTEXT, Limits(output=5))


@pytest.mark.parametrize(
    "text", ["<" * 900_000, "<script" * 100_000, "<!--" * 200_000, "<a " * 300_000, " " * 900_000, "&" * 900_000]
)
@pytest.mark.parametrize(
    "name", ["strip_html", "squish", "strip_newlines", "truncatewords", "escape_once", "url_decode"]
)
@pytest.mark.timeout(60)  # milliseconds, or hours where a filter goes through the text once for each of its characters
def test_no_text_makes_a_filter_go_through_it_again_and_again(name, text):
    with suppress(RenderError):
        rendered(f"{{{{ trigger.x | {name} }}}}", {"trigger": {"x": text}})


def test_a_deeply_nested_value_is_refused_and_does_not_exhaust_the_stack():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]

    for template in ("{{ trigger.x }}", "a{{ trigger.x }}", "{{ trigger.x | json }}"):
        with pytest.raises(RenderError, match="levels deep"):
            rendered(template, {"trigger": {"x": deep}})


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ trigger.email | plus: 1 }}", "needs a number"),
        ("{{ trigger.vip | plus: 1 }}", "needs a number"),
        ("{{ trigger.count | divided_by: 0 }}", "divide by 0"),
        ("{{ trigger.email | date: '%Y' }}", "no date"),
        ("{{ 'now' | date: '%Y' }}", "run.received_at"),
        ("{{ trigger.email | base64_decode }}", "base64"),
        ("{{ trigger.email | truncate: trigger.amount }}", "whole number"),
        ("{{ trigger.items | sort }}", "cannot tell an order"),
        ("{{ '9e99' | times: 1000 }}", "100 digits"),
        ("{{ trigger.items | sum: 'sku' }}", "needs a number"),
    ],
)
def test_a_filter_that_fails_names_itself_the_path_and_the_reason(template, message):
    with pytest.raises(RenderError, match=message) as caught:
        compile_value({"fields": {"x": template}}).render(CONTEXT)

    assert caught.value.filter is not None
    assert caught.value.input == "fields.x"


def test_dates_are_read_in_utc_and_never_filled_up_from_today():
    context = {"trigger": {"day": "2026-03-09", "seconds": 0, "text": "12 March 2026 10:05", "digits": "1700000000"}}

    assert rendered("{{ trigger.day | date: '%d.%m.%Y' }}", context) == "09.03.2026"
    assert rendered("{{ trigger.seconds | date: '%FT%T' }}", context) == "1970-01-01T00:00:00"
    assert rendered("{{ trigger.text | date: '%F %H:%M' }}", context) == "2026-03-12 10:05"
    assert rendered("{{ trigger.digits | date: '%s %%s' }}", context) == "1700000000 %s"


# What arbitrary builders and arbitrary events may bring.

any_text = st.text(st.characters(exclude_categories=()), max_size=20)
kept_text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
digits = st.integers(1, 400).map(lambda count: "9" * count)
worst_scalars = st.sampled_from(
    ["", " ", "1_000", "\u0661", "0x10", "1e400", "-0", "nan", "AA==", "%00", "&#0;", "0001-01-01T00:00:00+01:00",
     "9999-12-31T23:59:59-05:00", "2026-W10-1", 2**63, 2**64, -(2**64), 10**99, 1e308, -1e-300, [[[[]]]], {"": {"": []}}]
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text | digits | worst_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(-1e9, 1e9) | kept_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(kept_text, inner, max_size=4),
    max_leaves=12,
)
scraps = st.lists(
    st.sampled_from(
        ["{{", "}}", "<<", ">>", "|", ":", ",", ".", "[", "]", '"', "'", " ", "\n", "\\", "{", "trigger", "steps", "0",
         "-1", "1.5", "true", "null", "name", "äö", "trigger.a", "{{ trigger.a }}", "<< user.id >>", *FILTERS]
    )
    | st.text(max_size=3),
    max_size=14,
).map("".join)  # fmt: skip
segments = st.lists(st.text(min_size=1, max_size=8) | st.integers(-9, 99), max_size=4)


@settings(max_examples=500, deadline=None)
@given(scraps, json_values)
def test_arbitrary_text_gives_a_value_or_one_of_our_errors(source, payload):
    with suppress(TemplateError, RenderError):
        value = compile_value(source).render({"trigger": {"a": payload, "name": payload}, "user": {"id": "u"}}).value
        assert orjson.loads(orjson.dumps(value)) == value


@settings(max_examples=500, deadline=None)
@given(scraps, plain_json)
def test_the_one_spelling_is_stable_and_means_the_same(source, payload):
    context = {"trigger": {"a": payload, "name": payload}, "user": {"id": "u"}}
    once = normalise(source)

    assert normalise(once) == once
    assert outcome(source, context) == outcome(once, context)


def outcome(source, context):
    try:
        return compile_value(source).render(context).value
    except TemplateError:
        return "unreadable"
    except RenderError as error:
        return error.message


@settings(max_examples=200, deadline=None)
@given(plain_json)
def test_any_json_comes_out_of_a_placeholder_alone_as_it_went_in(payload):
    assert rendered("{{ trigger.x }}", {"trigger": {"x": payload}}) == payload


@settings(max_examples=200, deadline=None)
@given(segments)
def test_a_path_written_down_reads_as_the_same_path(names):
    path = parse_path(path_text(("trigger", *names)))

    assert path.segments == ("trigger", *names)


filter_calls = st.sampled_from(sorted(FILTERS.values(), key=lambda filter: filter.name)).flatmap(
    lambda filter: st.tuples(
        st.just(filter),
        st.integers(filter.required, len(filter.arguments)),
        st.lists(json_values | digits | worst_scalars, min_size=2, max_size=2),
    )
)


@settings(max_examples=500, deadline=None)
@given(st.lists(filter_calls, min_size=1, max_size=3), json_values)
def test_no_filter_lets_a_foreign_error_out_or_gives_what_the_history_cannot_write(calls, payload):
    context = {"trigger": {"x": payload}}
    source = "trigger.x"
    for number, (filter, count, arguments) in enumerate(calls):
        context["trigger"] |= {f"a{number}_{index}": argument for index, argument in enumerate(arguments)}
        names = ", ".join(f"trigger.a{number}_{index}" for index in range(count))
        source += f" | {filter.name}" + (f": {names}" if names else "")

    for template in (f"{{{{ {source} }}}}", f"a {{{{ {source} }}}}"):
        with suppress(RenderError, RenderLimitExceeded):
            value = rendered(template, context)
            assert orjson.loads(orjson.dumps(value)) == value  # as the history writes and reads it


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("trigger.emial", "trigger.email"),
        ("trigger.EMAIL", "trigger.email"),
        ("trigger.city", "trigger.address.city"),
        ("trigger.zzz", None),
    ],
)
def test_the_nearest_known_path_is_suggested(path, nearest):
    assert suggest(path, ["trigger.email", "trigger.address.city", "trigger.amount"]) == nearest


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("{{ trigger.n | times: 10 }}", "1" + "0" * 24),
        ("{{ trigger.n | times: 10 }} pieces", "1" + "0" * 24 + " pieces"),
        ("{{ trigger.big }}", "12345678901234567890123"),
        ({"of": ["{{ trigger.list }}", 2**64]}, {"of": [[str(2**64), 1], str(2**64)]}),
        ("{{ 18446744073709551616 }}", "18446744073709551616"),
        ("{{ trigger.most }}", 2**64 - 1),
        ("{{ trigger.least }}", -(2**63)),
        ("{{ trigger.least | minus: 1 }}", str(-(2**63) - 1)),
    ],
)
def test_a_whole_number_beyond_64_bits_keeps_its_digits_as_text(template, result):
    event = {
        "n": "1" + "0" * 23,
        "big": 12345678901234567890123,
        "list": [2**64, 1],
        "most": 2**64 - 1,
        "least": -(2**63),
    }

    value = rendered(template, {"trigger": event})

    assert value == result
    assert orjson.loads(orjson.dumps(value)) == result


@pytest.mark.parametrize("digits", [101, 400, 5000])
def test_a_number_of_more_than_100_digits_fails_the_step_in_words(digits):
    half = "9" * (digits // 2 + 1)

    with pytest.raises(RenderError, match="more than 100 digits"):
        rendered("{{ trigger.n | times: trigger.n }}", {"trigger": {"n": half}})
    with pytest.raises(RenderError, match="more than 100 digits"):
        rendered("{{ trigger.n }}", {"trigger": {"n": 10**digits}})


@pytest.mark.parametrize("text", ["QQBC", "AA=="])
def test_a_filter_that_makes_nul_fails_the_step_in_words(text):
    with pytest.raises(RenderError, match="NUL"):
        rendered("{{ trigger.x | base64_decode }}", {"trigger": {"x": text}})


def test_text_of_missing_values_and_blanks_alone_is_null():
    event = {"there": "x", "empty": "", "nothing": None}
    context = {"trigger": event}

    assert rendered("{{ trigger.a }} {{ trigger.b }}", context) is None
    assert rendered(" {{ trigger.a }}\n", context) is None
    assert rendered("{{ trigger.nothing }}{{ trigger.a }}", context) is None
    assert rendered("{{ trigger.a }} {{ trigger.empty }}", context) == " "
    assert rendered("{{ trigger.a }} {{ trigger.b | default: '' }}", context) == " "
    assert rendered("{{ trigger.a }} {{ trigger.there }}", context) == " x"
    assert rendered("{{ trigger.a }}, {{ trigger.b }}", context) == ", "
