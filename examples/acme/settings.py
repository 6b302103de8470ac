"""What Acme has to be told, read anew for each page: the key and the project id may come after the start."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

APP_EVENT = "Lead Created"


@dataclass(frozen=True)
class Settings:
    """`problems` says what is missing and where to get it; with any, nothing else counts."""

    isthmus_url: str
    project_id: str
    signing_key: str
    problems: tuple[str, ...]


def port() -> int:
    return int(os.environ.get("ACME_PORT") or 8002)


def allowed_hosts() -> tuple[str, ...]:
    """Host names that Acme answers to besides localhost and addresses in digits."""
    return tuple(name.strip() for name in os.environ.get("ACME_ALLOWED_HOSTS", "").split(",") if name.strip())


def read_settings() -> Settings:
    """ISTHMUS_URL, ACME_PROJECT_ID (or `project_id` in ACME_SETTINGS_FILE) and ACME_SIGNING_KEY_FILE."""
    problems: list[str] = []
    key = _signing_key(problems)
    project_id = os.environ.get("ACME_PROJECT_ID", "") or _project_id_of_file()
    if not project_id:
        problems.append("ACME_PROJECT_ID is not set. The project's id stands on Salesforce's overview page in Isthmus.")
    url = (os.environ.get("ISTHMUS_URL") or "http://localhost:8000").rstrip("/")
    return Settings(url, project_id, key, tuple(problems))


def _signing_key(problems: list[str]) -> str:
    file = os.environ.get("ACME_SIGNING_KEY_FILE", "")
    if not file:
        problems.append(
            "ACME_SIGNING_KEY_FILE is not set. Generate a signing key in Isthmus under Settings, Signing keys, download it, "
            "and give the file's path."
        )
        return ""
    try:
        return Path(file).read_text()
    except OSError as exc:
        problems.append(f"The signing key can not be read: {exc.strerror or exc} ({file}).")
        return ""


def _project_id_of_file() -> str:
    file = os.environ.get("ACME_SETTINGS_FILE", "")
    try:
        return str(json.loads(Path(file).read_text()).get("project_id", "")) if file else ""
    except (OSError, ValueError):
        return ""
