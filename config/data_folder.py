"""The data folder: made at the first start, for the account that Isthmus runs as and for nobody else on the machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from config.environment import refuse

ROOT = Path(__file__).resolve().parent.parent


def make(data_dir: Path) -> None:
    """Make the folder, or take others' rights to one that is ours: sessions and password hashes are in the clear there.

    A folder that is shared by intent, as /tmp is or a volume that belongs to another account, stays as it is.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = data_dir.stat()
    except OSError as exc:
        refuse(f"DATA_DIR can not be made: {exc}")
    if found.st_uid == os.getuid() and not found.st_mode & stat.S_ISVTX and found.st_mode & 0o077:
        data_dir.chmod(0o700)


def asks_what_is_there(argv: Sequence[str]) -> bool:
    """Whether this process is one of our own management commands: each asks an Isthmus that is there, and makes none."""
    own = {path.stem for path in ROOT.glob("*/management/commands/[a-z]*.py")}
    return len(argv) > 1 and Path(argv[0]).name in ("manage.py", "__main__.py", "django-admin") and argv[1] in own
