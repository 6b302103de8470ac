"""What the documentation tells people to type exists."""

import re
import shlex

import pytest
from django.core.management import get_commands

from deploy.embedded.layout import read_layout
from deploy.embedded.processes import _programs
from tests.docs.pages import PAGES, ROOT, blocks

LANGUAGES = ("bash", "sh", "dockerfile", "text", "ini")
SHELL = "\n".join(code for page in PAGES for language in LANGUAGES for code in blocks(page, language))
EVERYTHING = "\n".join(page.read_text() for page in PAGES)


def test_the_readme_names_the_two_commands():
    first = [code.strip() for code in blocks(ROOT / "README.md", "bash")[:2]]

    assert first == ["make demo", "make test"]


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|[\s/])make ([a-z][a-z-]*)(?=\s|$)", SHELL, re.MULTILINE))
    named |= set(re.findall(r"`(?:[A-Z_]+=\S+ )*make ([a-z-]+)`", EVERYTHING))

    assert {"demo", "test", "run"} <= named
    assert named - targets == set()


def test_every_management_command_that_is_named_exists():
    named = set(re.findall(r"manage\.py ([a-z_]+)", EVERYTHING))

    assert {"import_project", "migrate", "collectstatic"} <= named
    assert named - set(get_commands()) == set()


def test_every_module_that_is_run_exists():
    named = set(re.findall(r"python -m ([a-z_.]+)", EVERYTHING))
    places = {name: ROOT / name.replace(".", "/") for name in named}

    assert "config.api_reference" in named
    assert [
        name for name, place in places.items() if not place.is_dir() and not place.with_suffix(".py").exists()
    ] == []


def test_every_path_in_a_command_exists():
    named = set(re.findall(r"(?:^|\s)((?:tests|deploy|examples|static)/[\w./-]+)", SHELL))

    assert "deploy/setup.sh" in named
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(("name", "program"), [("web", "python -m config.serving"), ("worker", "celery")])
def test_a_process_gets_the_options_that_make_run_gives_it(name, program):
    command = _programs(read_layout())[name]
    wanted = {word for word in shlex.split(command) if word.startswith("--")} - {"--backlog"}

    told = [line for line in SHELL.splitlines() if re.match(rf"({name}:|ExecStart=)\s*\S*/{program} ", line)]

    assert len(told) == 2  # as a Procfile has it, and as a unit
    assert [line for line in told if wanted - set(shlex.split(line))] == []


def test_every_unit_keeps_what_it_writes_from_other_accounts():
    units = [code for page in PAGES for code in blocks(page, "ini") if "[Service]" in code]

    assert len(units) == 3 and all("\nUMask=0077\n" in unit for unit in units)
