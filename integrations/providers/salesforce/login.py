"""OAuth as Salesforce demands it: web-server flow, always with PKCE and state; and what a token answer tells.

Source: RFC 6749, RFC 7636; Salesforce's answers carry no `expires_in`, and a new refresh token only where the app rotates.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from django.conf import settings
from oauthlib.oauth2 import WebApplicationClient
from requests_oauthlib import OAuth2Session

from integrations.errors import (
    AnswerLost,
    ClientRefused,
    CredentialRevoked,
    IntegrationIncomplete,
    NeverSent,
    OAuthFailed,
    ProviderUnavailable,
)
from integrations.models import Credential, Integration
from integrations.providers.base import JSON, AuthorizationRequest, Grant
from integrations.providers.salesforce import hosts, login_errors, replies, transport
from integrations.providers.salesforce.ids import id18
from integrations.providers.salesforce.replies import Reply

log = logging.getLogger(__name__)

TOKEN_SECONDS: Final = (transport.CONNECT_SECONDS, 20.0)
"""Shorter than the refresh lease (integrations.refreshing)."""
REVOKE_SECONDS: Final = (3.0, 5.0)
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


def authorization_request(
    integration: Integration, *, state: str, redirect_uri: str, scopes: list[str]
) -> AuthorizationRequest:
    """The page where the end user logs in, and the PKCE verifier that only we know."""
    if not integration.is_complete:
        raise IntegrationIncomplete("Enter the Salesforce app's consumer key and secret in the integration's settings.")
    base = hosts.login_url(integration.settings)
    if urlsplit(base).scheme == "http":
        # Only a base URL of the deployment's own settings can be plain http (hosts.py): the local sandbox org.
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    client = WebApplicationClient(integration.client_id)
    verifier = client.create_code_verifier(64)
    session = OAuth2Session(client=client, redirect_uri=redirect_uri, scope=scopes)
    url, _ = session.authorization_url(
        f"{base}/services/oauth2/authorize",
        state=state,
        code_challenge=client.create_code_challenge(verifier, "S256"),
        code_challenge_method="S256",
    )
    return AuthorizationRequest(url, verifier)


def exchange_code(
    integration: Integration, *, code: str, code_verifier: str, redirect_uri: str, login_url: str
) -> Grant:
    """Trade the code for tokens, and look up whose they are. Raises OAuthFailed, ProviderUnavailable."""
    form = WebApplicationClient(integration.client_id).prepare_request_body(
        code=code, redirect_uri=redirect_uri, code_verifier=code_verifier, client_secret=integration.client_secret
    )
    try:
        reply = _post(login_url, "token", form)
    except NeverSent as exc:
        raise OAuthFailed(f"Salesforce could not be reached: {exc.message}", reason="unavailable") from exc
    except AnswerLost as exc:
        raise OAuthFailed("Salesforce did not answer the log-in. Start again.", reason="unavailable") from exc
    if not _holds_token(reply):
        raise _login_failure(reply)
    tokens: Mapping[str, Any] = reply.body
    if not tokens.get("refresh_token"):
        raise OAuthFailed(
            "Salesforce gave no refresh token, so the connection would end within hours. Allow the scope refresh_token in "
            "the External Client App, and ask for it in the integration's settings.",
            reason="no_refresh_token",
        )
    provider_data = {"login_url": login_url, **_account(tokens)}
    org_id = id18(_ids_of(tokens)[0])
    return Grant(str(tokens["access_token"]), str(tokens["refresh_token"]), org_id, provider_data)


def renew(credential: Credential) -> Grant:
    """Trade the refresh token for new tokens; the old refresh token stays where the app does not rotate.

    Raises: CredentialRevoked on a final refusal; ClientRefused for the app's key or secret; NeverSent, AnswerLost or
    ProviderUnavailable to try again.
    """
    integration = credential.integration
    refresh_token = credential.tokens["refresh_token"]
    if not refresh_token:
        raise CredentialRevoked("There is no refresh token any more. Connect the account again.")
    form = WebApplicationClient(integration.client_id).prepare_refresh_body(
        refresh_token=refresh_token, client_id=integration.client_id, client_secret=integration.client_secret
    )
    reply = _post(login_url_of(credential), "token", form)
    if not _holds_token(reply):
        raise _renewal_failure(reply, credential)
    tokens: Mapping[str, Any] = reply.body
    # An answer that names no host of Salesforce moves nothing: the account stays where it was.
    origin = hosts.origin_of(str(tokens.get("instance_url") or ""))
    if origin is None:
        log.warning("credential.strange_instance_url", extra={"credential": str(credential.pk)})
    data = {"instance_url": origin} if origin else {}
    return Grant(
        str(tokens["access_token"]), str(tokens.get("refresh_token") or refresh_token), credential.provider_id, data
    )


def revoke(credential: Credential) -> None:
    """Have Salesforce forget the refresh token and all that came of it; never raises."""
    tokens = credential.tokens
    token = tokens["refresh_token"] or tokens["access_token"]
    if not token:
        return
    form = WebApplicationClient(credential.integration.client_id).prepare_token_revocation_request(
        "https://revoke.invalid", token, token_type_hint=None
    )[2]
    try:
        reply = _post(login_url_of(credential), "revoke", form, timeout=REVOKE_SECONDS)
    except ProviderUnavailable as error:
        log.warning("credential.revoke_failed", extra={"credential": str(credential.pk), "code": error.code})
        return
    log.info("credential.revoked", extra={"credential": str(credential.pk), "status": reply.status})


def login_url_of(credential: Credential) -> str:
    """The host that the account logged in at; the integration's settings may have changed since."""
    return str(credential.provider_data.get("login_url") or hosts.login_url(credential.integration.settings))


def _post(login_url: str, endpoint: str, form: str, timeout: tuple[float, float] = TOKEN_SECONDS) -> Reply:
    with requests.Session() as session:
        transport.prepare(session, login_url)
        url = f"{login_url}/services/oauth2/{endpoint}"
        return replies.read(transport.send(session, "POST", url, data=form, headers=_FORM, timeout=timeout))


def _holds_token(reply: Reply) -> bool:
    return reply.is_ok and isinstance(reply.body, Mapping) and bool(reply.body.get("access_token"))


def _login_failure(reply: Reply) -> OAuthFailed:
    error = (reply.errors or [replies.ApiError("", "")])[0]
    if reply.status >= 500 or reply.status in (420, 429):
        return OAuthFailed(
            "Salesforce can not log anybody in just now. Try again in a few minutes.", reason="unavailable"
        )
    found = login_errors.explain(error.code, error.message)
    return OAuthFailed(found.words, reason=found.reason, provider_code=error.code, provider_message=error.message)


def _renewal_failure(reply: Reply, credential: Credential) -> Exception:
    """`invalid_grant` is final whatever its description, except where Salesforce only asks for patience."""
    error = (reply.errors or [replies.ApiError("", "")])[0]
    code, ids = error.code.lower(), {"credential_id": str(credential.pk), "status": reply.status}
    if reply.status >= 500 or reply.status in (420, 429) or reply.is_ok or code in login_errors.LATER:
        return ProviderUnavailable("Salesforce can not renew the log-in just now.", **ids)
    if code in login_errors.CLIENT_REFUSED:
        return ClientRefused(login_errors.explain(error.code, error.message).words, **ids)
    if "login rate exceeded" in error.message.lower():
        return ProviderUnavailable("Salesforce asks for fewer log-ins.", **ids)
    if code == "invalid_grant" and "token" in error.message.lower():
        return CredentialRevoked(
            "The log-in has expired, or was revoked in Salesforce. Connect the account again.", **ids
        )
    found = login_errors.explain(error.code, error.message)
    if code.startswith("http_"):
        return ProviderUnavailable(found.words, **ids)
    return CredentialRevoked(f"{found.words} Then connect the account again.", **ids)


def _account(tokens: Mapping[str, Any]) -> dict[str, JSON]:
    """Who logged in, and where: names are a courtesy, so that failing to get them fails nothing."""
    instance_url = _instance_url(tokens)
    _, user_id = _ids_of(tokens)
    account = {"instance_url": instance_url, "user_id": id18(user_id)}
    if hosts.origin_of(str(tokens["id"])):
        account["identity_url"] = str(tokens["id"])
    base = f"{instance_url}/services/data/v{settings.SALESFORCE_API_VERSION}/query/?q="
    who = f"SELECT+Username,Name,Email+FROM+User+WHERE+Id='{id18(user_id)}'"
    identity = _asked(str(tokens["id"]), tokens) or {}
    if not identity.get("username"):
        user = _first_record(_asked(base + who, tokens))
        identity = {"username": user.get("Username"), "display_name": user.get("Name"), "email": user.get("Email")}
    org = _first_record(_asked(base + "SELECT+Name,IsSandbox+FROM+Organization+LIMIT+1", tokens))
    names = {key: identity.get(key) for key in ("username", "display_name", "email")}
    names |= {"org_name": org.get("Name"), "is_sandbox": org.get("IsSandbox")}
    return account | {key: value for key, value in names.items() if value is not None}


def _asked(url: str, tokens: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON object at `url`, or None. The token goes to Salesforce's own hosts alone (hosts.origin_of)."""
    if hosts.origin_of(url) is None:
        return None
    headers = {"Authorization": f"Bearer {tokens['access_token']}", "Accept": "application/json"}
    try:
        with requests.Session() as session:
            transport.prepare(session, url)
            reply = replies.read(transport.send(session, "GET", url, headers=headers, timeout=TOKEN_SECONDS))
    except ProviderUnavailable:
        return None
    return reply.body if reply.is_ok and isinstance(reply.body, Mapping) else None


def _first_record(page: Mapping[str, Any] | None) -> Mapping[str, Any]:
    records = (page or {}).get("records") or [{}]
    first: Mapping[str, Any] = records[0]
    return first


def _instance_url(tokens: Mapping[str, Any]) -> str:
    """Where the org's API is. Raises OAuthFailed for an address that is not Salesforce's."""
    origin = hosts.origin_of(str(tokens.get("instance_url") or ""))
    if origin is None:
        raise OAuthFailed("Salesforce named no usable address for the org.", reason="provider_error")
    return origin


def _ids_of(tokens: Mapping[str, Any]) -> tuple[str, str]:
    """Org and user id: the last two segments of the identity URL."""
    segments = urlsplit(str(tokens.get("id") or "")).path.rstrip("/").split("/")
    if len(segments) < 2 or not segments[-1] or not segments[-2]:
        raise OAuthFailed("Salesforce did not say whose log-in it is.", reason="provider_error")
    return segments[-2], segments[-1]
