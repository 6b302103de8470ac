"""The deployment's own secrets: read from the environment, else made once and kept in the data folder."""

import base64
import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import TypedDict

from config import data_folder
from config.environment import refuse

_FILE = "secrets.json"


class OwnSecrets(TypedDict):
    """Shape of `secrets.json`: Django's key, and encryption keys as "<id>:<base64 of 32 bytes>", newest first."""

    secret_key: str
    encryption_keys: list[str]
    metrics_token: str


NO_SECRETS: OwnSecrets = {"secret_key": "", "encryption_keys": [], "metrics_token": ""}


def own_secrets(data_dir: Path) -> OwnSecrets:
    """Give the secrets kept in `data_dir`, making them at the first start.

    Several processes start at once, so the file is made under a lock and put in place by a rename.
    """
    data_folder.make(data_dir)
    path = data_dir / _FILE
    if not path.exists():
        descriptor = os.open(data_dir / ".secrets.lock", os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                _write(path)
    return _read(path)


def kept_secrets(data_dir: Path) -> OwnSecrets | None:
    """Give the secrets kept in `data_dir` and make none; None where no start has made any."""
    path = data_dir / _FILE
    return _read(path) if path.exists() else None


def _read(path: Path) -> OwnSecrets:
    try:
        kept: OwnSecrets = json.loads(path.read_text())
        is_whole = bool(kept["secret_key"] and kept["encryption_keys"] and kept["metrics_token"])
    except (OSError, ValueError, KeyError, TypeError):
        is_whole = False
    if not is_whole:
        refuse(f"{path} can not be read, or is not what the first start wrote. Bring it back from a back-up.")
    return kept


def _write(path: Path) -> None:
    fresh: OwnSecrets = {
        "secret_key": secrets.token_urlsafe(50),
        "encryption_keys": [f"k{secrets.token_hex(3)}:{base64.b64encode(secrets.token_bytes(32)).decode()}"],
        "metrics_token": secrets.token_urlsafe(24),
    }
    draft = path.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(fresh, file, indent=2)
    draft.rename(path)
