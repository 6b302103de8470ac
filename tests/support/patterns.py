"""Every regular expression of the product, found in its source: a new one is found without being listed."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "config",
    "connect_portal",
    "workflows",
    "integrations",
    "projects",
    "lib",
    "deploy",
    "sandbox_org",
    "examples",
)
METHODS = frozenset({"match", "fullmatch", "search", "sub", "subn", "findall", "finditer", "split"})
STANDS_FOR = "x"
"""What stands in a pattern for a part that is known at run time only."""


@dataclass(frozen=True)
class Use:
    """One pattern and one way in which it is used."""

    place: str
    pattern: str | None
    """None for one that is put together at run time, from other than a literal."""
    flags: int
    method: str


def python_uses() -> list[Use]:
    """Return each pattern with each method called on it; "search", the dearest, where no call is seen."""
    trees = {path: ast.parse(path.read_text()) for path in _files()}
    return [use for path, tree in trees.items() for use in _of_module(path, tree, trees)]


def script_uses() -> list[Use]:
    """Return each pattern of the front end's scripts, read with TypeScript's own parser."""
    found = subprocess.run(
        ["node", str(ROOT / "tests/support/script_patterns.mjs"), str(ROOT / "static/src"), str(ROOT / "examples/acme/src")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [
        Use(
            each["place"],
            _in_python(each["pattern"]),
            _flags(each["flags"]),
            "sub" if "g" in each["flags"] else "search",
        )
        for each in json.loads(found.stdout)
    ]


def _in_python(pattern: str) -> str:
    """Translate what the two languages write differently."""
    return pattern.replace("(?<", "(?P<").replace("(?P<!", "(?<!").replace("(?P<=", "(?<=")


def _flags(letters: str) -> int:
    known = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
    return int(sum(known.get(letter, 0) for letter in letters))


@cache
def _files() -> tuple[Path, ...]:
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return tuple(sorted(path for path in found if "node_modules" not in path.parts))


def _of_module(path: Path, tree: ast.Module, trees: dict[Path, ast.Module]) -> Iterator[Use]:
    names = {
        id(node.value): target.id
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_re(node.func.value)):
            continue
        if node.func.attr not in METHODS | {"compile"} or not node.args:
            continue
        place = f"{path.relative_to(ROOT)}:{node.lineno}"
        pattern = _text(node.args[0])
        if node.func.attr != "compile":
            methods = {node.func.attr}
        else:
            name = names.get(id(node), "")
            methods = _methods_of(name, [tree] if name.startswith("_") else list(trees.values())) or {"search"}
        for method in sorted(methods):
            yield Use(place, pattern, _flags_of(node), method)


def _is_re(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "re"


def _text(node: ast.expr) -> str | None:
    """Return a literal's text; None for one that is made elsewhere, such as a compiled pattern."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
        return node.value.decode("latin-1")  # a character for each byte
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or STANDS_FOR for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (_text(node.left) or STANDS_FOR) + (_text(node.right) or STANDS_FOR)
    return None


def _flags_of(call: ast.Call) -> int:
    written = {node.attr for each in (*call.args[1:], *(it.value for it in call.keywords)) for node in ast.walk(each)
               if isinstance(node, ast.Attribute) and _is_re(node.value)}  # fmt: skip
    return int(sum(getattr(re, name) for name in written))


def _methods_of(name: str, trees: list[ast.Module]) -> set[str]:
    return {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in METHODS
        and name and name == (getattr(node.value, "id", None) or getattr(node.value, "attr", None))
    }  # fmt: skip
