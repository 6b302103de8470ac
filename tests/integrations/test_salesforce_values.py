"""Values on their way into Salesforce and back."""

import pytest

from integrations.providers.salesforce import ids, values


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("  Lind  ", "string", "Lind"),
        (42, "string", "42"),
        (True, "string", "true"),
        (["a", "b"], "string", "a, b"),
        (["a", "b"], "multipicklist", "a;b"),
        ({"a": [1.0, None]}, "textarea", '{"a":[1.0,null]}'),
        ([True, 1.0, None, "x"], "string", "true, 1, x"),
        (1e3, "string", "1000"),
        ("Y", "boolean", True),
        ("n", "boolean", False),
        ("2026-W05-6", "date", "2026-01-31"),
        ("2026-031", "date", "2026-01-31"),
        ("20260131T103000+0200", "datetime", "2026-01-31T08:30:00.000Z"),
        ("0001-01-01T00:00:00+01:00", "datetime", "0001-01-01T00:00:00+01:00"),
        ("9999-12-31T23:59:59-05:00", "datetime", "9999-12-31T23:59:59-05:00"),
        ("09:30", "time", "09:30:00.000Z"),
        ("1_250", "int", "1_250"),
        ("yes", "boolean", True),
        ("FALSE", "boolean", False),
        (1, "boolean", True),
        ("maybe", "boolean", "maybe"),
        ("42", "int", 42),
        (42.0, "int", 42),
        ("4.50", "currency", 4.5),
        ("1e400", "double", "1e400"),
        ("abc", "double", "abc"),
        ("2026-01-31T23:30:00Z", "date", "2026-01-31"),
        ("2026-01-31", "date", "2026-01-31"),
        ("2026-01-31", "datetime", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T10:00:00+0200", "datetime", "2026-01-31T08:00:00.000Z"),
        ("2026-01-31T10:00:00.250Z", "datetime", "2026-01-31T10:00:00.250Z"),
        ("soon", "datetime", "soon"),
        ("anything", None, "anything"),
        (5, None, 5),
    ],
)
def test_a_value_takes_the_type_of_its_field(value, kind, expected):
    coerced = values.coerce(value, kind)

    assert coerced == expected
    assert type(coerced) is type(expected)


@pytest.mark.parametrize(
    ("written", "read", "kind"),
    [
        ("Chloe.Myers@Example.com", "chloe.myers@example.com", "email"),
        (" Lind ", "Lind", "string"),
        ("", None, "string"),
        (42, 42.0, "double"),
        ("42", 42, "int"),
        ("00Q000000000001", "00Q000000000001EAA", "reference"),
        ("b;a", "a;b", "multipicklist"),
        ("2026-01-31T10:00:00+02:00", "2026-01-31T08:00:00.000+0000", "datetime"),
        ("two\r\nlines", "two\nlines", "textarea"),
    ],
)
def test_what_was_written_and_what_reads_back_are_the_same(written, read, kind):
    assert values.stored(written, kind) == values.stored(read, kind)


@pytest.mark.parametrize(
    ("one", "other", "kind"), [("Lind", "lind", "string"), ("1", "2", "int"), (True, False, "boolean")]
)
def test_what_differs_stays_different(one, other, kind):
    assert values.stored(one, kind) != values.stored(other, kind)


def test_a_quoted_value_can_not_leave_its_quotes():
    assert values.quoted("O'Hara \\' OR Name != '") == "'O\\'Hara \\\\\\' OR Name != \\''"


@pytest.mark.parametrize(
    ("short", "long"),
    [("0034S000005YJX5", "0034S000005YJX5QAO"), ("012000000000000", "012000000000000AAA"), ("nonsense", "nonsense")],
)
def test_an_id_gets_its_checksum(short, long):
    assert ids.id18(short) == long
    assert ids.id18(long) == long
    assert ids.same_id(short, long)
