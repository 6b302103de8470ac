"""What the process is told at its start, by command line and environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox_org.ids import DEFAULT_INSTANCE

DEFAULT_PASSWORD = "sandbox-1234"  # noqa: S105 - stands in the documentation


@dataclass(frozen=True, slots=True)
class Settings:
    """The start-up settings. `client_id` and `client_secret` are made at random, and kept, where they are empty."""

    host: str
    port: int
    data_dir: Path
    username: str
    password: str
    security_token: str
    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    allowed_hosts: tuple[str, ...] = ()
    """Host names that it answers to besides localhost and addresses in digits; "*" is any."""
    instance: str = DEFAULT_INSTANCE
    """Three letters or digits within each id, the org's own too: two orgs with different ones are two orgs."""

    @property
    def database_file(self) -> Path:
        return self.data_dir / "sandbox_org.sqlite3"


def read_settings(
    environ: Mapping[str, str] = os.environ,
    *,
    host: str | None = None,
    port: int | None = None,
    data_dir: Path | None = None,
) -> Settings:
    """The settings of `environ`; what is given by name wins."""
    instance = environ.get("SANDBOX_INSTANCE", DEFAULT_INSTANCE)
    if not re.fullmatch(r"[A-Za-z0-9]{3}", instance):
        raise SystemExit("SANDBOX_INSTANCE must be three letters or digits, for example Sb1.")
    uris = (uri.strip() for uri in environ.get("SANDBOX_REDIRECT_URIS", "").split(","))
    return Settings(
        host=host or environ.get("SANDBOX_HOST", "127.0.0.1"),
        port=port if port is not None else int(environ.get("SANDBOX_PORT", "8001")),
        data_dir=data_dir or Path(environ.get("DATA_DIR", "./data")),
        username=environ.get("SANDBOX_USERNAME", "admin@sandbox.example"),
        password=environ.get("SANDBOX_PASSWORD", DEFAULT_PASSWORD),
        security_token=environ.get("SANDBOX_SECURITY_TOKEN", "sandboxtoken"),
        client_id=environ.get("SANDBOX_CLIENT_ID", ""),
        client_secret=environ.get("SANDBOX_CLIENT_SECRET", ""),
        redirect_uris=tuple(uri for uri in uris if uri),
        allowed_hosts=tuple(
            name.strip() for name in environ.get("SANDBOX_ALLOWED_HOSTS", "").split(",") if name.strip()
        ),
        instance=instance,
    )
