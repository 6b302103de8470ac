"""Allowed origins: the table of static/src/components/origins.test.ts, and which origins a pattern covers."""

import pytest

from projects.origins import InvalidOrigin, is_allowed, parse_origin_pattern


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
