"""The pages of the documentation, and what stands in them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return _FENCE.sub("", page.read_text())


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks in one language, in their order."""
    return [code for _, found, code in _FENCE.findall(page.read_text()) if found == language]


def anchors(page: Path) -> set[str]:
    """The fragments by which the page's headings are reached, as GitHub and its likes make them."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        anchor = "".join(char for char in text.lower() if char.isalnum() or char in " -_").replace(" ", "-")
        found.add(anchor)
    return found


def links(page: Path) -> Iterator[str]:
    """Targets of the page's links and pictures, but for those that lead elsewhere on the web."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not re.match(r"[a-z]+:", target):
            yield target
