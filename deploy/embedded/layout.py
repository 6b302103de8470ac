"""Where things are and on which ports: read from the environment once."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Layout:
    """The embedded group's folders, ports and addresses."""

    data_dir: Path
    port: int
    sandbox_port: int
    acme_port: int
    host: str
    """The address that the web process listens at; the others listen at 127.0.0.1."""
    environment: dict[str, str]
    """What the processes get beside our own environment."""

    @property
    def is_reached_from_elsewhere(self) -> bool:
        """Whether other machines reach the web process."""
        return self.host not in ("localhost", "::1") and not self.host.startswith("127.")

    @property
    def base_url(self) -> str:
        return self.environment["BASE_URL"]

    @property
    def sandbox_url(self) -> str:
        return f"http://localhost:{self.sandbox_port}"

    @property
    def acme_url(self) -> str:
        return f"http://localhost:{self.acme_port}"

    @property
    def signing_key_file(self) -> Path:
        return self.data_dir / "acme" / "signing-key.pem"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def run_dir(self) -> Path:
        return self.data_dir / "run"


def _port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise SystemExit(f"{name}={text} is not a port number (1 to 65535).")
    return int(text)


def read_layout() -> Layout:
    """The layout that PORT, SANDBOX_PORT, ACME_PORT, DATA_DIR and the rest ask for."""
    data_dir = Path(os.environ.get("DATA_DIR") or ROOT / "data").resolve()
    port, sandbox_port, acme_port = _port("PORT", 8000), _port("SANDBOX_PORT", 8001), _port("ACME_PORT", 8002)
    if len({port, sandbox_port, acme_port}) < 3:
        raise SystemExit(
            f"PORT, SANDBOX_PORT and ACME_PORT must differ; they are {port}, {sandbox_port} and {acme_port}."
        )
    base_url = (os.environ.get("BASE_URL") or f"http://localhost:{port}").rstrip("/")
    sandbox_url = f"http://localhost:{sandbox_port}"
    environment = {
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "ACME_PORT": str(acme_port),
        "BASE_URL": base_url,
        "SANDBOX_ORG_URL": sandbox_url,
        "SALESFORCE_LOGIN_URL": os.environ.get("SALESFORCE_LOGIN_URL") or sandbox_url,
        "SANDBOX_REDIRECT_URIS": f"{base_url}/oauth/callback",
        "ISTHMUS_URL": base_url,
        "ACME_SIGNING_KEY_FILE": str(data_dir / "acme" / "signing-key.pem"),
        "ACME_SETTINGS_FILE": str(data_dir / "acme" / "settings.json"),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        # No load balancer has to notice: one process alone is here, and who stops it waits.
        "WEB_LINGER_SECONDS": os.environ.get("WEB_LINGER_SECONDS") or "1",
        "STATIC_ROOT": os.environ.get("STATIC_ROOT") or str(data_dir / "static"),
        "PYTHONUNBUFFERED": "1",
    }
    host = os.environ.get("HOST") or "127.0.0.1"
    return Layout(data_dir, port, sandbox_port, acme_port, host, environment)
