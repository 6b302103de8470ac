"""docs/deploy.md lists the environment variables that the code reads, all of them and no others."""

import re

from tests.docs.pages import ROOT

DEPLOY = ROOT / "docs" / "deploy.md"
READERS = [
    ROOT / name for name in ("config", "deploy", "connect_portal", "workflows", "integrations", "projects", "lib")
]
OTHERS = {"HTTPS_PROXY", "NO_PROXY"}
"""Read by `requests`, for us."""
_READ = re.compile(r'(?:\benv\.\w+|\bos\.environ\.get|\b_port)\(\s*"([A-Z][A-Z0-9_]+)"')


def names_read() -> set[str]:
    """Names that Python code takes out of the environment, by whichever of our ways."""
    code = "\n".join(path.read_text() for folder in READERS for path in folder.rglob("*.py"))
    return set(_READ.findall(code))


def names_told() -> set[str]:
    """Names in the tables' first column, and those that a sentence speaks of by name."""
    section = DEPLOY.read_text().partition("## Environment variables")[2].partition("\n## ")[0]
    cells = "\n".join(re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE))
    sentences = "\n".join(line for line in section.splitlines() if not line.startswith("|"))
    return set(re.findall(r"`([A-Z][A-Z0-9_]+)`", cells + sentences))


def test_the_code_s_variables_are_found():
    assert {"BASE_URL", "DATABASE_URL", "ACME_PORT", "REQUESTS_CA_BUNDLE", "ISTHMUS_CRASH_AT", "ONCE"} <= names_read()


def test_every_variable_that_the_code_reads_is_told():
    assert names_read() - names_told() == set()


def test_every_variable_that_is_told_is_read():
    assert names_told() - names_read() - OTHERS == set()


def test_every_variable_in_an_example_is_one_of_them():
    examples = set(re.findall(r"^(?:export |Environment=)?([A-Z][A-Z0-9_]+)=", DEPLOY.read_text(), re.MULTILINE))

    assert examples
    assert examples - names_read() == set()


def test_the_readme_names_only_variables_that_are_told():
    table = re.findall(r"^\| ([^|]+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    named = {name for cell in table for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}

    assert named
    assert named - names_told() == set()
