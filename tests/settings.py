"""Settings of the test run: those of the product, with a data folder of its own."""

import os
import tempfile
from pathlib import Path

_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if "DATA_DIR" not in os.environ:
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="isthmus-tests-")
elif _worker and Path(os.environ["DATA_DIR"]).name != _worker:
    # Test processes that run side by side share a folder no more than two deployments would.
    os.environ["DATA_DIR"] += f"/{_worker}"
os.environ.setdefault("PLAIN_STATIC", "true")
# The sandbox org is as quick as its faults let it be.
os.environ.setdefault("SALESFORCE_SETTLE_SECONDS", "0")

from config.settings import *  # noqa: E402, F403
from config.settings import DATA_DIR, DATABASES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]
SILENCE_SECONDS = (
    3600  # a test may stand still in the middle of its transaction: for a process it has started, or a debugger
)
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # A file, since worker processes that the tests start must see it; it need not survive a power cut.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(DATA_DIR) / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA busy_timeout=20000;"
    )
