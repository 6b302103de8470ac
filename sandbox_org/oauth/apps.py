"""The OAuth apps that the org knows, with their secrets, callback URLs and policies."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sandbox_org.database import Database

CLI_CLIENT_ID = "PlatformCLI"
CLI_CALLBACK = "http://localhost:1717/OauthRedirect"


@dataclass(frozen=True, slots=True)
class App:
    """One app. Without a secret it is a public client; with `rotation` every refresh replaces the refresh token."""

    client_id: str
    client_secret: str | None
    name: str
    redirect_uris: tuple[str, ...]
    rotation: bool
    require_pkce: bool


class Apps:
    """All apps; the default one was made at the first start and is what a local product connects through."""

    def __init__(self, database: Database) -> None:
        self._database = database
        rows = database.read("SELECT client_id, client_secret, name, redirect_uris, rotation, require_pkce FROM app")
        self._by_id = {
            row[0]: App(row[0], row[1], row[2], tuple(json.loads(row[3])), bool(row[4]), bool(row[5])) for row in rows
        }

    def find(self, client_id: str) -> App | None:
        return self._by_id.get(client_id)

    def all(self) -> list[App]:
        return list(self._by_id.values())

    @property
    def default(self) -> App:
        row = self._database.read("SELECT value FROM meta WHERE key = 'default_app'").fetchone()
        return self._by_id[row[0]]

    def ensure_built_in(self, client_id: str, client_secret: str, redirect_uris: Iterable[str]) -> None:
        """Make the default app and the command line's at the first start; afterwards follow what the start names."""
        if CLI_CLIENT_ID not in self._by_id:
            self.save(App(CLI_CLIENT_ID, None, "Salesforce CLI", (CLI_CALLBACK,), rotation=False, require_pkce=False))
        row = self._database.read("SELECT value FROM meta WHERE key = 'default_app'").fetchone()
        known = self._by_id.get(row[0]) if row else None
        if known is None:
            known = App(new_client_id(), new_client_secret(), "Local app", (), rotation=True, require_pkce=True)
        app = replace(
            known,
            client_id=client_id or known.client_id,
            client_secret=client_secret or known.client_secret,
            redirect_uris=tuple(dict.fromkeys((*known.redirect_uris, *redirect_uris))),
        )
        self.save(app)
        self._database.write(
            "INSERT INTO meta VALUES ('default_app', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (app.client_id,),
        )

    def save(self, app: App) -> None:
        self._database.write(
            "INSERT OR REPLACE INTO app VALUES (?, ?, ?, ?, ?, ?)",
            (
                app.client_id,
                app.client_secret,
                app.name,
                json.dumps(app.redirect_uris),
                int(app.rotation),
                int(app.require_pkce),
            ),
        )
        self._by_id[app.client_id] = app


def new_client_id() -> str:
    """A consumer key of the usual look."""
    return "3MVG9" + secrets.token_urlsafe(60).replace("-", ".")


def new_client_secret() -> str:
    return secrets.token_hex(32).upper()
