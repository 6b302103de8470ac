"""The JWT bearer flow, with the liberties that real clients take."""

import time
from typing import Any
from urllib.parse import urlsplit

import jwt

from sandbox_org.accounts import Account
from sandbox_org.oauth.apps import App
from sandbox_org.oauth.errors import OAuthError
from sandbox_org.org import Org

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_HOSTS = frozenset({"login.salesforce.com", "test.salesforce.com", "localhost", "127.0.0.1"})


def check(org: Org, assertion: str) -> tuple[App, Account]:
    """The app and account that an assertion speaks for. Raises: OAuthError.

    Apps of this org have no certificate, so the signature is not verified: the claims alone are.
    """
    try:
        claims: dict[str, Any] = jwt.decode(assertion, options={"verify_signature": False, "verify_exp": False,
                                                                "verify_aud": False})  # fmt: skip
        expires = float(claims["exp"])
    except (jwt.PyJWTError, KeyError, ValueError, TypeError):
        raise OAuthError("invalid_grant", "invalid assertion") from None
    app = org.apps.find(str(claims.get("iss", "")))
    if app is None:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    if (expires / 1000 if expires > 1e11 else expires) < time.time():
        raise OAuthError("invalid_grant", "invalid assertion")
    audience = str(claims.get("aud", ""))
    if (urlsplit(audience if "//" in audience else f"//{audience}").hostname or "") not in LOGIN_HOSTS:
        raise OAuthError("invalid_grant", "audience is invalid")
    account = org.accounts.find(str(claims.get("sub", "")))
    if account is None:
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    return app, account
