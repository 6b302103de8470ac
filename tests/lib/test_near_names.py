"""A near name is found among many for a bounded price."""

import difflib

import pytest

from lib.near_names import MAX_COMPARED, MAX_HINTS, few_hints, nearest


@pytest.fixture
def compared(monkeypatch):
    """How many names each look compares with."""
    found: list[int] = []
    real = difflib.get_close_matches

    def counted(word, possibilities, **options):
        found.append(len(list(possibilities)))
        return real(word, possibilities, **options)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    return found


def test_of_thousands_of_names_a_few_are_compared_those_of_similar_length_first(compared):
    known = [*(f"{'x' * 40}{number}" for number in range(6_000)), "last_name"]

    assert nearest("lastname", known) == "last_name"
    assert compared == [MAX_COMPARED]


def test_a_name_that_differs_by_its_case_is_found_without_comparing(compared):
    assert nearest("lastname", ["Email", "LastName"]) == "LastName"
    assert compared == []


def test_who_has_misspelt_many_names_is_helped_with_the_first(compared):
    with few_hints():
        found = [nearest("emial", ["email"]) for _ in range(3 * MAX_HINTS)]

    assert found == ["email"] * MAX_HINTS + [None] * 2 * MAX_HINTS
    assert nearest("emial", ["email"]) == "email"
