"""The deployment's own secrets: read from the environment, else made once and kept in the data folder."""

import base64
import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import TypedDict


class OwnSecrets(TypedDict):
    """Shape of `secrets.json`: Django's key, and encryption keys as "<id>:<base64 of 32 bytes>", newest first."""

    secret_key: str
    encryption_keys: list[str]
    metrics_token: str


def own_secrets(data_dir: Path) -> OwnSecrets:
    """Give the secrets kept in `data_dir`, making them at the first start.

    Several processes start at once, so the file is made under a lock and put in place by a rename.
    """
    path = data_dir / "secrets.json"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        with (data_dir / ".secrets.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                _write(path)
    kept: OwnSecrets = json.loads(path.read_text())
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
