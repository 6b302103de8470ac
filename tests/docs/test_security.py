"""The page on security promises nothing without a test."""

import re

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "security.md"


def test_each_promise_names_a_test_that_exists():
    promises = [
        line for line in PAGE.read_text().splitlines() if line.startswith("| ") and line != "| promise | test |"
    ]
    missing = []
    for promise in promises:
        named = re.search(r"\| `(tests/\S+\.py)::(?:Test\w+::)?(test_\w+)` \|$", promise)
        path = ROOT / named[1] if named else None
        if not (named and path and path.exists() and re.search(rf"^ *def {named[2]}\(", path.read_text(), re.M)):
            missing.append(promise)

    assert promises and missing == []
