"""docs/decisions.md gives a reason for everything that is installed by our wish."""

import json
import re
import tomllib

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "decisions.md").read_text().lower()
WITHOUT_A_WORD = re.compile(r"types-.*")
"""Types of a package that has its reason."""


def names_in_pyproject() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(each for group in project["optional-dependencies"].values() for each in group),
    ]
    return {re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower() for requirement in wanted}


def names_in_package_json() -> set[str]:
    package = json.loads((ROOT / "package.json").read_text())
    return {*package["dependencies"], *package["devDependencies"]}


def stands_in_the_page(name: str) -> bool:
    family = name.partition("/")[0] + "/*" if name.startswith("@") else name
    return any(re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", PAGE) for each in (name, family))


def test_every_python_package_has_its_reason():
    silent = {name for name in names_in_pyproject() if not stands_in_the_page(name) and not WITHOUT_A_WORD.match(name)}

    assert silent == set()


def test_every_npm_package_has_its_reason():
    assert {name for name in names_in_package_json() if not stands_in_the_page(name)} == set()
