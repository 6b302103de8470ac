"""CPU time and memory of process trees, read from /proc."""

import os
import threading
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_SAMPLE_SECONDS = 0.5
_MEGABYTE = 1024 * 1024


class _Table:
    """All processes now: who started whom, and the CPU ticks of each with those of its children that have ended."""

    def __init__(self) -> None:
        self.children: dict[int, list[int]] = defaultdict(list)
        self.ticks: dict[int, int] = {}
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                fields = Path(f"/proc/{entry.name}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            pid = int(entry.name)
            self.children[int(fields[1])].append(pid)
            self.ticks[pid] = sum(int(value) for value in fields[11:15])  # utime, stime, cutime, cstime

    def tree(self, root: int) -> Iterable[int]:
        yield root
        for child in self.children.get(root, ()):
            yield from self.tree(child)


def descendants(root: int) -> list[int]:
    """The children of a process, and theirs."""
    return [pid for pid in _Table().tree(root) if pid != root]


def cpu_seconds(roots: Iterable[int]) -> float:
    """CPU seconds that these processes and their children, living and ended, have used so far."""
    table = _Table()
    return sum(table.ticks.get(pid, 0) for root in roots for pid in table.tree(root)) / _TICKS


def resident_mb(roots: Iterable[int]) -> float:
    """Megabytes of these processes and their children, by RSS: a page that two of them share counts twice."""
    table, pages = _Table(), 0
    for root in roots:
        for pid in table.tree(root):
            try:
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                continue
    return pages * _PAGE_BYTES / _MEGABYTE


def proportional_mb(roots: Iterable[int]) -> float:
    """The same by PSS: a shared page counts once. Reading it is not cheap, so it is read once and not sampled."""
    table, kilobytes = _Table(), 0
    for root in roots:
        for pid in table.tree(root):
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            kilobytes += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kilobytes * 1024 / _MEGABYTE


class PeakMemory:
    """The most memory, by RSS, that process trees hold while the block runs."""

    def __init__(self, roots: Iterable[int]) -> None:
        self._roots = list(roots)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.megabytes = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end.set()
        self._thread.join()

    def _sample(self) -> None:
        while True:
            self.megabytes = max(self.megabytes, resident_mb(self._roots))
            if self._end.wait(_SAMPLE_SECONDS):
                return
