"""Allowed origins: the table of static/src/components/origins.test.ts, and which origins a pattern covers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.origins import InvalidOrigin, header_sources, is_allowed, local_beside_real, parse_origin_pattern


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("https://app.acme.com", "https://app.acme.com"),
        ("https://app.acme.com:443", "https://app.acme.com"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://localhost:*", "http://localhost:*"),
        ("http://127.0.0.1:*", "http://127.0.0.1:*"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://[0:0:0:0:0:0:0:1]:*", "http://[::1]:*"),
        ("HTTPS://app.acme.com", "https://app.acme.com"),
        (" https://App.Acme.com/ ", "https://app.acme.com"),
    ],
)
def test_an_origin_is_stored_as_browsers_send_it(typed, stored):
    assert str(parse_origin_pattern(typed)) == stored


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "Begin with"),
        ("app.acme.com", "Begin with"),
        ("ftp://app.acme.com", "Begin with"),
        ("javascript:alert(1)", "Begin with"),
        ("null", "Begin with"),
        ("*", "Begin with"),
        ("https://app.acme.com/path", "leave out the path"),
        ("https://app.acme.com?x=1", "leave out the path"),
        ("https://app.acme.com#x", "leave out the path"),
        ("https://user@app.acme.com", "leave out the path"),
        ("https://*.acme.com", "host must be written out"),
        ("https://*", "host must be written out"),
        ("https://*:*", "host must be written out"),
        ("https://app acme.com", "host name"),
        ("https://app.acme.com;script-src", "host name"),
        ("https://app.acme.com;script-src *", "host must be written out"),
        ("https://app.acme.com,evil.example", "host name"),
        ("https://", "host name"),
        ("https://app.acme.com:0", "port"),
        ("https://app.acme.com:99999", "port"),
        ("https://app.acme.com:abc", "port"),
        ("https://app.acme.com:", "port"),
        ("https://app.acme.com:80:*", "port"),
        ("https://app.acme.com: 80", "port"),
        ("https://app.acme.com:١", "port"),
        ("https://app.acme.com/:*", "leave out the path"),
        ("http://[::1%x]", "scope"),
        ("http://[::1%25x]", "scope"),
        ("http://[::1%;script-src x]", "scope"),
        ("http://[::1%;script-src 'self' 'unsafe-inline' http:]:*", "scope"),
        ("http://[::1%,x]", "scope"),
        ("http://[::1%]", "host name"),
        ("http://[v1.x]", "host name"),
        ("http://[v1.;x]", "host name"),
        ("http://[localhost]", "host name"),
        ("http://[]", "host name"),
        ("http://::1", "host name"),
        ("http://[::1", "host name"),
        ("http://[::1]x", "host name"),
        ("http://local\thost", "host name"),
        ("http://localhost;x", "host name"),
        ("http://localhost\r\nX: y", "host name"),
        ("http://Kelvin.example", "xn--"),
        ("http://bücher.example", "xn--"),
        (5, "is a text"),
        ({"a": "b"}, "is a text"),
        (None, "is a text"),
    ],
)
def test_what_is_no_origin_is_refused_with_the_reason(typed, reason):
    with pytest.raises(InvalidOrigin, match=reason):
        parse_origin_pattern(typed)


@pytest.mark.parametrize(
    ("origin", "patterns", "allowed"),
    [
        ("https://app.acme.com", ["https://app.acme.com"], True),
        ("https://app.acme.com", ["https://app.acme.com:443"], True),
        ("https://app.acme.com:8443", ["https://app.acme.com"], False),
        ("http://app.acme.com", ["https://app.acme.com"], False),
        ("https://app.acme.com.evil.example", ["https://app.acme.com"], False),
        ("https://evilapp.acme.com", ["https://app.acme.com"], False),
        ("https://acme.com", ["https://app.acme.com"], False),
        ("http://localhost:5173", ["http://localhost:*"], True),
        ("http://localhost", ["http://localhost:*"], True),
        ("http://localhost.evil.example:80", ["http://localhost:*"], False),
        ("http://127.0.0.1:9", ["http://localhost:*"], False),
        ("http://localhost:*", ["http://localhost:*"], False),
        ("null", ["null", "http://localhost:*"], False),
        ("", ["http://localhost:*"], False),
        ("https://app.acme.com", [], False),
        ("https://app.acme.com", ["broken", "https://app.acme.com"], True),
    ],
)
def test_an_origin_is_allowed_only_when_a_pattern_covers_it(origin, patterns, allowed):
    assert is_allowed(origin, patterns) is allowed


def near_origins() -> st.SearchStrategy[str]:
    """Texts that nearly are origins: the pieces of one, and of a policy, in any order and number."""
    pieces = ["http://", "https://", "[", "]", "::1", "fe80::1", "%", "%25", "localhost", "app.acme.com", ".", "-", ":"]
    pieces += [
        "*",
        ":*",
        "8080",
        "443",
        ";",
        ",",
        " ",
        "\t",
        "\n",
        "'",
        '"',
        "/",
        "?",
        "#",
        "@",
        "v1.x",
        "script-src 'self'",
    ]
    return st.builds(
        lambda head, tail: head + "".join(tail),
        st.sampled_from(["", "http://", "https://", "http://[::1", "http://[fe80::1%"]),
        st.lists(st.one_of(st.sampled_from(pieces), st.text(max_size=3)), max_size=8),
    )


@given(st.one_of(near_origins(), st.ip_addresses().map(lambda address: f"http://[{address}]:*")))
def test_what_is_accepted_can_stand_in_a_header_and_reads_as_itself(text):
    try:
        stored = str(parse_origin_pattern(text))
    except InvalidOrigin:
        return

    assert stored.isascii() and stored.isprintable() and not set(stored) & set(" ;,'\"%/\\") - {"/"}
    assert str(parse_origin_pattern(stored)) == stored
    assert header_sources([text]) == ([stored], [])


@given(st.lists(st.one_of(near_origins(), st.text(), st.none(), st.integers()), max_size=5))
def test_whatever_is_stored_a_header_gets_origins_and_nothing_else(patterns):
    sources, refused = header_sources(patterns)

    assert len(sources) + len(refused) == len(patterns)
    assert not set("".join(sources)) & set(" ;,'\"%")


@pytest.mark.parametrize(
    ("patterns", "local"),
    [
        (["http://localhost:*", "http://127.0.0.1:*"], []),
        (["http://localhost:*", "https://app.acme.com", "http://127.0.0.1:*"], ["http://localhost:*", "http://127.0.0.1:*"]),
        (["https://app.acme.com", "http://app.localhost:3000", "http://[::1]:80", "http://127.9.9.9"],
         ["http://app.localhost:3000", "http://[::1]", "http://127.9.9.9"]),
        (["https://app.acme.com", "https://localhost.acme.com", "https://127.0.0.1.acme.com"], []),
        (["https://app.acme.com", 5, "no origin"], []),
        ([], []),
    ],
)  # fmt: skip
def test_origins_on_a_builders_machine_are_left_over_once_a_real_one_stands_beside_them(patterns, local):
    assert local_beside_real(patterns) == local
