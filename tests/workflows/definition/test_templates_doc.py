"""docs/templates.md says what is true: its examples are run, and no filter or root is left out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from workflows.definition import syntax
from workflows.definition.filters import FILTERS
from workflows.definition.paths import ROOTS, RUN_FIELDS
from workflows.definition.templates import DEFAULT_LIMITS, compile_value
from workflows.definition.values import MAX_DEPTH

DOC = (Path(__file__).parents[3] / "docs" / "templates.md").read_text()
[CONTEXT] = [json.loads(found) for found in re.findall(r"<!-- context -->\n```json\n(.*?)```", DOC, re.DOTALL)]
ROW = re.compile(r"^\| `(?P<template>.*(?:\{\{|<<).*)` \| `(?P<result>.*)` \|$", re.MULTILINE)
EXAMPLES = [(row["template"].replace(r"\|", "|"), row["result"].replace(r"\|", "|")) for row in ROW.finditer(DOC)]


@pytest.mark.parametrize(("template", "result"), EXAMPLES)
def test_an_example_gives_what_the_page_says(template, result):
    value = compile_value(template).render(CONTEXT).value

    assert value == json.loads(result)
    assert type(value) is type(json.loads(result))


def test_the_page_shows_an_example_of_every_filter():
    shown = {name for template, _ in EXAMPLES for name in re.findall(r"\|\s*(\w+)", template)}

    assert set(FILTERS) - shown == set()


def test_every_line_of_an_example_table_is_run():
    tables = re.findall(r"^\| template \| result \|\n\|---\|---\|\n((?:\|.*\n)+)", DOC, re.MULTILINE)

    assert sum(table.count("\n") for table in tables) == len(EXAMPLES) > 90


def test_roots_and_limits_stand_on_the_page():
    for root in ROOTS:
        assert re.search(rf"^\| `{root}[.`<]", DOC, re.MULTILINE)
    for field in RUN_FIELDS:
        assert f"`{field}`" in DOC
    limits = (syntax.MAX_SOURCE, syntax.MAX_PLACEHOLDERS, syntax.MAX_FILTERS, syntax.MAX_SEGMENTS, MAX_DEPTH)
    for limit in (*limits, DEFAULT_LIMITS.output, DEFAULT_LIMITS.work):
        assert re.search(rf"\b{limit:,}\b", DOC.split("## Limits")[1])
