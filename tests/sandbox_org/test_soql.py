"""The SOQL parser and its date periods, without a server."""

from datetime import date

import pytest

from sandbox_org.soql.errors import SoqlError
from sandbox_org.soql.evaluating import like_pattern
from sandbox_org.soql.parser import parse
from sandbox_org.soql.periods import COUNTED, FIXED, days_of, is_period
from sandbox_org.soql.syntax import Aggregate, Both, Comparison, FieldGroup, Literal, Not, Path, Query


def names(query: Query) -> list[str]:
    return [str(item) for item in query.select if isinstance(item, Path)]


def test_a_whole_query_is_taken_apart():
    query = parse(
        "select Id, Owner.Name, LastName label FROM Lead WHERE Company = 'Acme' "
        "ORDER BY CreatedDate DESC NULLS LAST, Id LIMIT 10 OFFSET 5 FOR VIEW"
    )

    assert names(query) == ["Id", "Owner.Name", "LastName"]
    assert query.select[2].alias == "label"
    assert (query.object_name, query.limit, query.offset) == ("Lead", 10, 5)
    assert [(str(each.by), each.descending, each.nulls_last) for each in query.order_by] == [
        ("CreatedDate", True, True),
        ("Id", False, False),
    ]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("'O\\'Hara \\n'", "string", "O'Hara \n"),
        ("''", "string", ""),
        ("42", "number", 42),
        ("-1.5e2", "number", -150.0),
        ("TRUE", "boolean", True),
        ("null", "null", None),
        ("2026-11-23", "date", "2026-11-23"),
        ("2026-11-23T21:00:00Z", "datetime", "2026-11-23T21:00:00Z"),
        ("2026-11-23T21:00:00.000+01:00", "datetime", "2026-11-23T21:00:00.000+01:00"),
        ("today", "period", ("TODAY", None)),
        ("LAST_N_DAYS:7", "period", ("LAST_N_DAYS", 7)),
    ],
)
def test_each_kind_of_literal_is_read(text, kind, value):
    where = parse(f"SELECT Id FROM Lead WHERE X = {text}").where

    assert isinstance(where, Comparison)
    assert isinstance(where.right, Literal)
    assert (where.right.kind, where.right.value) == (kind, value)


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">=", "LIKE"])
def test_each_operator_is_read(operator):
    where = parse(f"SELECT Id FROM Lead WHERE X {operator} 'a'").where

    assert isinstance(where, Comparison)
    assert where.operator == operator


def test_lists_and_semi_joins_are_read():
    where = parse("SELECT Id FROM Lead WHERE A IN ('x', 'y') AND B NOT IN (SELECT Id FROM User)").where

    assert isinstance(where, Both)
    first, second = where.operands
    assert isinstance(first, Comparison)
    assert [literal.value for literal in first.right] == ["x", "y"]
    assert isinstance(second, Comparison)
    assert (second.operator, second.right.object_name) == ("NOT IN", "User")


def test_not_and_parentheses_shape_the_condition():
    where = parse("SELECT Id FROM Lead WHERE NOT (A = 1 OR B = 2) AND (C = 3)").where

    assert isinstance(where, Both)
    assert where.word == "AND"
    assert isinstance(where.operands[0], Not)
    assert where.operands[0].operand.word == "OR"


def test_aggregates_fields_groups_and_subqueries_are_selectable():
    query = parse("SELECT COUNT(Id) total, MAX(Amount), Name, FIELDS(ALL), (SELECT Id FROM Contacts) FROM Account")

    kinds = [type(item) for item in query.select]
    assert kinds == [Aggregate, Aggregate, Path, FieldGroup, Query]
    assert (query.select[0].alias, query.select[1].function) == ("total", "MAX")
    assert parse("SELECT count() FROM Lead").is_bare_count


def test_group_by_and_having_are_read():
    query = parse("SELECT Status, COUNT(Id) FROM Lead GROUP BY Status HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC")

    assert [str(path) for path in query.group_by] == ["Status"]
    assert isinstance(query.having, Comparison)
    assert isinstance(query.order_by[0].by, Aggregate)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "SOQL statements cannot be empty or null"),
        ("invalid", "unexpected token: 'invalid'"),
    ],
)
def test_what_is_no_query_at_all_is_refused_without_a_place(source, message):
    with pytest.raises(SoqlError) as caught:
        parse(source)

    assert (caught.value.code, caught.value.message) == ("MALFORMED_QUERY", message)


@pytest.mark.parametrize(
    ("source", "column", "token"),
    [
        ("SELECT Id, FROM Account", 12, "FROM"),
        ("SELECT Id FROM Lead WHERE", 26, "<EOF>"),
        ("SELECT Id FROM Lead WHERE A = 1 AND B = 2 OR C = 3", 43, "OR"),
        ("SELECT Id FROM Lead LIMIT x", 27, "x"),
        ("SELECT Id FROM Lead; DROP", 20, ";"),
        ("SELECT Id FROM Lead WHERE A = B", 31, "B"),
        ("SELECT FORMAT(A) FROM Lead", 8, "FORMAT"),
    ],
)
def test_a_syntax_error_points_at_its_token(source, column, token):
    with pytest.raises(SoqlError) as caught:
        parse(source)

    expected = f"\n{source}\n{' ' * (column - 1)}^\nERROR at Row:1:Column:{column}\nunexpected token: '{token}'"
    assert (caught.value.code, caught.value.message) == ("MALFORMED_QUERY", expected)


def test_the_place_in_a_query_of_several_lines_is_told_by_row():
    with pytest.raises(SoqlError, match=r"ERROR at Row:2:Column:1\nunexpected token: 'WHEN'"):
        parse("SELECT Id FROM Lead l\nWHEN x")


def test_deep_nesting_is_refused_before_it_hurts():
    with pytest.raises(SoqlError, match="nested too deeply"):
        parse("SELECT Id FROM Lead WHERE " + "(" * 500 + "A = 1" + ")" * 500)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("ac%", "ACME", True),
        ("%me", "acme", True),
        ("a_me", "acme", True),
        ("a_me", "acmme", False),
        ("100\\%", "100%", True),
        ("100\\%", "1000", False),
        ("a.c", "abc", False),
    ],
)
def test_like_knows_its_two_wildcards_and_their_escapes(pattern, text, fits):
    assert (like_pattern(pattern).fullmatch(text) is not None) is fits


MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("name", "count", "first", "after"),
    [
        ("TODAY", None, "2026-11-23", "2026-11-24"),
        ("YESTERDAY", None, "2026-11-22", "2026-11-23"),
        ("TOMORROW", None, "2026-11-24", "2026-11-25"),
        ("THIS_WEEK", None, "2026-11-22", "2026-11-29"),
        ("LAST_WEEK", None, "2026-11-15", "2026-11-22"),
        ("THIS_MONTH", None, "2026-11-01", "2026-12-01"),
        ("NEXT_MONTH", None, "2026-12-01", "2027-01-01"),
        ("LAST_QUARTER", None, "2026-07-01", "2026-10-01"),
        ("THIS_YEAR", None, "2026-01-01", "2027-01-01"),
        ("LAST_90_DAYS", None, "2026-08-25", "2026-11-24"),
        ("LAST_N_DAYS", 7, "2026-11-16", "2026-11-24"),
        ("NEXT_N_DAYS", 2, "2026-11-24", "2026-11-26"),
        ("N_DAYS_AGO", 3, "2026-11-20", "2026-11-21"),
        ("LAST_N_MONTHS", 2, "2026-09-01", "2026-11-01"),
        ("NEXT_N_WEEKS", 1, "2026-11-29", "2026-12-06"),
        ("N_YEARS_AGO", 1, "2025-01-01", "2026-01-01"),
    ],
)
def test_a_period_covers_its_days(name, count, first, after):
    assert days_of(name, count, MONDAY) == (date.fromisoformat(first), date.fromisoformat(after))


def test_every_period_has_days():
    for name in FIXED | COUNTED:
        first, after = days_of(name, 3, MONDAY)
        assert first < after
        assert is_period(f"{name}:3" if name in COUNTED else name)
