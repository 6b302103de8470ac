"""User tokens: how Acme proves to Isthmus who its user is. This and the key are all that a back end needs."""

from __future__ import annotations

import time

import jwt

from examples.acme.settings import Settings
from examples.acme.users import AcmeUser

LIFE_SECONDS = 3600


class BadKey(Exception):
    """The signing key is not a private RSA key in PEM."""


def sign_user_token(user: AcmeUser, settings: Settings) -> str:
    """A JWT, RS256, with `sub`, `iat` and `exp`. Raises BadKey."""
    now = int(time.time())
    try:
        return jwt.encode(
            {"sub": user.id, "iat": now, "exp": now + LIFE_SECONDS}, settings.signing_key, algorithm="RS256"
        )
    except (ValueError, TypeError, jwt.PyJWTError) as exc:
        raise BadKey(
            "The file in ACME_SIGNING_KEY_FILE is no private RSA key. Download it from Isthmus again."
        ) from exc
