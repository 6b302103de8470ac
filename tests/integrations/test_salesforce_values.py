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
        ({"a": 1}, "textarea", '{"a": 1}'),
        ("yes", "boolean", True),
        ("FALSE", "boolean", False),
        (1, "boolean", True),
        ("maybe", "boolean", "maybe"),
        ("42", "int", 42),
        (42.0, "int", 42),
        ("4.50", "currency", 4.5),
        ("1e400", "double", "inf"),
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
