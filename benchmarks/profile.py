"""`python -m benchmarks.profile [--events N] [--users N]`: where web and worker spend their time, by py-spy.

Runs Isthmus on PostgreSQL as the benchmark does, sends events and samples both processes meanwhile: threads that hold the
interpreter, so CPU time in Python; with `--waits` all threads that are not idle, so waiting for the database too. Prints,
for each process, the functions that time is spent in (own) and beneath (with what they call), and each package's share; the
stacks stay in the data folder's `bench/` in the collapsed format that flame-graph tools read.

The sampler takes a share of the machine, so the rates printed here are not those of `make bench`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.__main__ import make_keys
from benchmarks.isthmus import Isthmus
from benchmarks.meters import descendants
from benchmarks.plan import Plan
from benchmarks.postgres import server
from benchmarks.processes import BIN, ROOT, BenchmarkFailed, Group
from benchmarks.systems import OrgClient, Stage

SAMPLES_A_SECOND = 200
_TOP = 25
_FRAME = re.compile(r"^(?P<function>.*) \((?P<file>[^()]*?)(:\d+)?\)$")
_IDLE = {"wait", "_worker", "poll", "select", "accept", "_wait_for_tstate_lock", "sleep"}


@dataclass
class Profile:
    """Samples by function and by package."""

    samples: int = 0
    own: Counter[str] = field(default_factory=Counter)
    beneath: Counter[str] = field(default_factory=Counter)
    packages: Counter[str] = field(default_factory=Counter)

    def add(self, stack: Sequence[str], count: int) -> None:
        frames = [_place(frame) for frame in stack]
        self.samples += count
        self.own[frames[-1]] += count
        self.packages[_package(stack[-1])] += count
        for frame in set(frames):
            self.beneath[frame] += count

    def told(self) -> str:
        lines = []
        for title, counter in (
            ("package, own time", self.packages),
            ("function, own time", self.own),
            ("function, with what it calls", self.beneath),
        ):
            lines.append(f"  {title}")
            lines += [f"    {100 * n / max(1, self.samples):5.1f} %  {name}" for name, n in counter.most_common(_TOP)]
        return "\n".join(lines)


def read_collapsed(path: Path) -> Profile:
    """Read stacks as py-spy's raw format has them, `outer;inner;… count`, without threads that only wait."""
    profile = Profile()
    for line in path.read_text(errors="replace").splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [frame for frame in stack.split(";") if frame and not frame.startswith(("process ", "thread "))]
        if frames and count.isdigit() and _place(frames[-1]).partition(" ")[0] not in _IDLE:
            profile.add(frames, int(count))
    return profile


def _place(frame: str) -> str:
    found = _FRAME.match(frame)
    return f"{found['function']}  {_short(found['file'])}" if found else frame


def _short(file: str) -> str:
    return file.rpartition("site-packages/")[2] or file


def _package(frame: str) -> str:
    found = _FRAME.match(frame)
    file = _short(found["file"]) if found else frame
    return file.partition("/")[0]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--users", type=int, default=1)
    parser.add_argument("--waits", action="store_true", help="sample waiting for answers too, not only the interpreter")
    parser.add_argument("--postgres", default=os.environ.get("BENCH_POSTGRES_URL", ""))
    arguments = parser.parse_args()
    if shutil.which("py-spy", path=str(BIN)) is None:
        print("py-spy is missing: `make setup-dev` installs it.", file=sys.stderr)
        return 1
    kept = Path(os.environ.get("DATA_DIR") or ROOT / "data") / "bench"
    kept.mkdir(parents=True, exist_ok=True)
    try:
        _profile(arguments, kept)
    except BenchmarkFailed as exc:
        print(f"Failed: {exc}", file=sys.stderr)
        return 1
    return 0


def _profile(arguments: argparse.Namespace, kept: Path) -> None:
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="isthmus-profile-")))
        postgres = stack.enter_context(server(arguments.postgres))
        group = Group(scratch / "org")
        stack.callback(group.stop_all)
        system = Isthmus(Stage(Plan(), scratch, OrgClient(group), make_keys(scratch), postgres))
        stack.callback(system.stop)
        system.start()
        system.org.reset()
        samplers = [
            (name, _sampler(name, pid, kept, waits=arguments.waits))
            for name, pid in system.group.pids().items()
            if name.startswith(("web", "worker"))
        ]
        for _, process in samplers:
            stack.callback(_end, process)
        time.sleep(1)
        begun = time.monotonic()
        told = system.send(users=arguments.users, count=arguments.events, wait_seconds=300.0)
        system.settle(told["accepted"], 60)
        print(
            f"{told['accepted']} events of {arguments.users} users: accepted within {told['seconds']:.1f} s, all stored after"
            f" {time.monotonic() - begun:.1f} s, under the sampler"
        )
        for name, process in samplers:
            _end(process)
            profile = read_collapsed(_file(kept, name))
            seconds = profile.samples / SAMPLES_A_SECOND
            print(f"\n{name}: {seconds:.1f} s of thread time, {_file(kept, name)}\n{profile.told()}")


def _file(kept: Path, name: str) -> Path:
    return kept / f"profile-{name}.txt"


def _sampler(name: str, pid: int, kept: Path, *, waits: bool) -> subprocess.Popen[bytes]:
    """Sample a process, or those of its children that do the work, until told to end."""
    target = ["--subprocesses"] if list(descendants(pid)) else []
    command = [f"{BIN}/py-spy", "record", "--pid", str(pid), "--rate", str(SAMPLES_A_SECOND), "--nonblocking"]
    command += ["--format", "raw", "--output", str(_file(kept, name)), "--duration", "600", *target]
    command += [] if waits else ["--gil"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(2)  # py-spy writes what it has at an interrupt
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
