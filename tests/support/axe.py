"""Accessibility faults of a page, as axe-core finds them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.sync_api import Frame

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async (impacts) => {
  // A colour that is on its way to the other scheme is neither's.
  const ending = document.getAnimations().filter(({ effect }) => effect?.getTiming().iterations !== Infinity);
  await Promise.all(ending.map(({ finished }) => finished.catch(() => {})));
  const { violations } = await axe.run();
  return violations
    .filter(({ impact }) => impacts.includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}"""


def serious_faults(frame: Frame) -> list[str]:
    """Serious and critical faults of one frame, each with the elements that have it. Another origin's frames in it are
    not looked into: give them one by one."""
    return _faults(frame, ["serious", "critical"])


def faults_of_any_weight(frame: Frame) -> list[str]:
    """As `serious_faults`, with the moderate and minor ones: headings out of order, parts outside of a landmark."""
    return _faults(frame, ["minor", "moderate", "serious", "critical"])


def _faults(frame: Frame, impacts: list[str]) -> list[str]:
    # Handed over by the debugger, as a page's own policy forbids other scripts than its own.
    frame.evaluate("source => { if (!window.axe) (0, Function)(source).call(window) }", _source())
    faults: list[str] = frame.evaluate(_RUN, impacts)
    return [f"{frame.url}: {fault}" for fault in faults]


@cache
def _source() -> str:
    return AXE.read_text()
