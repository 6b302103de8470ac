"""The local sandbox org beside this deployment: its OAuth app, for the settings form to be filled with."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from django.conf import settings

from integrations import connecting
from lib.errors import IsthmusError

_SECONDS = 5


class LocalOrgUnreachable(IsthmusError):
    """The local sandbox org does not answer."""

    code, status = "local_org_unreachable", 502


@dataclass(frozen=True)
class LocalApp:
    """The sandbox org's OAuth app, which has our redirect URL among its own."""

    client_id: str
    client_secret: str
    environment: str


def is_offered() -> bool:
    """Whether a sandbox org runs beside this deployment."""
    return bool(settings.SANDBOX_ORG_URL)


def fetch_app() -> LocalApp:
    """Ask the sandbox org for its app, and register our redirect URL there if it is missing. Raises LocalOrgUnreachable."""
    url = f"{settings.SANDBOX_ORG_URL}/__org/app"
    environment = _environment()
    try:
        app = requests.get(url, timeout=_SECONDS)
        app.raise_for_status()
        known = app.json()
        if connecting.redirect_uri() not in known["redirect_uris"]:
            uris = [*known["redirect_uris"], connecting.redirect_uri()]
            changed = {"client_id": known["client_id"], "redirect_uris": uris}
            requests.post(url, json=changed, timeout=_SECONDS).raise_for_status()
        return LocalApp(known["client_id"], known["client_secret"], environment)
    except requests.ConnectionError as exc:
        raise LocalOrgUnreachable(
            f"Nothing answers at {settings.SANDBOX_ORG_URL}. Start the sandbox org (make run starts it), then try again."
        ) from exc
    except (requests.RequestException, KeyError, TypeError, ValueError) as exc:
        raise LocalOrgUnreachable(
            f"What answers at {settings.SANDBOX_ORG_URL} is not the sandbox org: GET /__org/app gave no app. "
            "Check SANDBOX_ORG_URL."
        ) from exc


def _environment() -> str:
    """Which of the log-in hosts is the sandbox org."""
    org = urlsplit(settings.SANDBOX_ORG_URL).netloc
    if urlsplit(settings.SALESFORCE_LOGIN_URL).netloc == org:
        return "production"
    if urlsplit(settings.SALESFORCE_SANDBOX_LOGIN_URL).netloc == org:
        return "sandbox"
    raise LocalOrgUnreachable(
        f"This deployment logs in at {settings.SALESFORCE_LOGIN_URL}, which is not the sandbox org. "
        f"Start it with SALESFORCE_LOGIN_URL={settings.SANDBOX_ORG_URL} to try things out there."
    )
