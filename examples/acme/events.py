"""App Events by REST: Acme's back end tells Isthmus what has happened."""

from __future__ import annotations

import secrets
from typing import Any

import requests

from examples.acme.settings import APP_EVENT, Settings
from examples.acme.tokens import sign_user_token
from examples.acme.users import AcmeUser

TIMEOUT_SECONDS = 10


def send_lead(user: AcmeUser, lead: dict[str, Any], settings: Settings) -> tuple[int, Any]:
    """Send "Lead Created" for `user`; gives Isthmus' status and answer. An Idempotency-Key makes a repetition harmless."""
    response = requests.post(
        f"{settings.isthmus_url}/projects/{settings.project_id}/sdk/events/trigger",
        json={"name": APP_EVENT, "payload": lead},
        headers={
            "Authorization": f"Bearer {sign_user_token(user, settings)}",
            "Idempotency-Key": secrets.token_hex(16),
        },
        timeout=TIMEOUT_SECONDS,
    )
    try:
        return response.status_code, response.json()
    except ValueError:
        return response.status_code, {"message": f"Isthmus answered {response.status_code} without JSON."}
