"""The grants of the token endpoint, as functions from the form to the reply's body."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any

from sandbox_org.accounts import Account
from sandbox_org.faults import Target
from sandbox_org.oauth import assertions, pkce
from sandbox_org.oauth.apps import App
from sandbox_org.oauth.errors import OAuthError
from sandbox_org.oauth.tokens import DEFAULT_SCOPE, Approval, RefreshToken
from sandbox_org.org import Org

Form = Mapping[str, str]
Body = dict[str, Any]
EXPIRED = ("invalid_grant", "expired access/refresh token")
WITHOUT_REFRESH = "api id"


def grant(org: Org, form: Form, base_url: str, username: list[str] | None = None) -> Body:
    """The body of a successful token reply. `username` gets the name of whoever it is for. Raises: OAuthError."""
    grants: dict[str, Callable[[Org, App, Form, str], tuple[Body, Approval]]] = {
        "authorization_code": _code,
        "refresh_token": _refresh,
        "password": _password,
        "client_credentials": _client_credentials,
    }
    kind = form.get("grant_type", "")
    if kind == assertions.GRANT_TYPE:
        app, account = assertions.check(org, form.get("assertion", ""))
        approval = org.tokens.approve(app, account.user_id, WITHOUT_REFRESH)
        return token_body(org, approval, app, base_url)
    if kind not in grants:
        raise OAuthError("unsupported_grant_type", "grant type not supported")
    body, approval = grants[kind](org, client_of(org, form), form, base_url)
    holder = org.accounts.by_id(approval.user_id)
    if username is not None and holder is not None:
        username.append(holder.username)
    return body


def client_of(org: Org, form: Form) -> App:
    """The app that a form's client id and secret belong to; a public one comes without a secret. Raises: OAuthError."""
    app = org.apps.find(form.get("client_id", ""))
    if app is None:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    secret = form.get("client_secret", "")
    if app.client_secret is not None and not hmac.compare_digest(app.client_secret.encode(), secret.encode()):
        raise OAuthError("invalid_client", "invalid client credentials")
    return app


def token_body(org: Org, approval: Approval, app: App, base_url: str, refresh: RefreshToken | None = None) -> Body:
    """A token reply: there is no `expires_in`, and a refresh token only where one is new."""
    access = org.tokens.issue_access(approval)
    identity = f"{base_url}/id/{org.id}/{approval.user_id}"
    issued_at = str(int(access.issued_at * 1000))
    signed = hmac.new((app.client_secret or "").encode(), (identity + issued_at).encode(), hashlib.sha256)
    body: Body = {
        "access_token": access.token,
        "signature": base64.b64encode(signed.digest()).decode(),
        "scope": approval.scope,
        "instance_url": base_url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }
    if refresh is not None:
        body["refresh_token"] = refresh.token
    return body


def _code(org: Org, app: App, form: Form, base_url: str) -> tuple[Body, Approval]:
    code = form.get("code", "")
    if not form.get("redirect_uri"):
        raise OAuthError("redirect_uri_missing", "redirect_uri not provided")
    if org.codes.was_used(code):
        raise OAuthError("invalid_grant", "expired authorization code")
    given = org.codes.trade(code)
    if given is None or given.client_id != app.client_id:
        raise OAuthError("invalid_grant", "invalid authorization code")
    if time.time() > given.expires_at:
        raise OAuthError("invalid_grant", "expired authorization code")
    if given.redirect_uri != form["redirect_uri"]:
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    if given.challenge is not None:
        verifier = form.get("code_verifier", "")
        if not verifier:
            raise OAuthError("invalid_grant", "missing required code verifier")
        if not pkce.proves(verifier, given.challenge):
            raise OAuthError("invalid_grant", "invalid code verifier")
    approval = org.tokens.approve(app, given.user_id, given.scope, keep=org.switches.approvals_limit)
    may_refresh = {"refresh_token", "offline_access"} & set(given.scope.split())
    refresh = org.tokens.issue_refresh(approval) if may_refresh else None
    return token_body(org, approval, app, base_url, refresh), approval


def _refresh(org: Org, app: App, form: Form, base_url: str) -> tuple[Body, Approval]:
    token = org.tokens.refresh(form.get("refresh_token", ""))
    if token is None or token.approval.client_id != app.client_id:
        raise OAuthError(*EXPIRED)
    approval = token.approval
    account = org.accounts.by_id(approval.user_id)
    target = Target("token", "POST", account.username if account else None)
    if org.faults.fire(target, ("revoke_grant",)) or token.is_rotated:
        org.tokens.revoke(approval)  # a rotated token that comes back may be a thief's: the whole family dies
    if approval.is_revoked:
        raise OAuthError(*EXPIRED)
    return token_body(org, approval, app, base_url, org.tokens.rotate(token) if app.rotation else None), approval


def _password(org: Org, app: App, form: Form, base_url: str) -> tuple[Body, Approval]:
    account = org.accounts.check(form.get("username", ""), form.get("password", ""), org.settings.security_token)
    if account is None:
        raise OAuthError("invalid_grant", "authentication failure")
    approval = org.tokens.approve(app, account.user_id, WITHOUT_REFRESH)
    return token_body(org, approval, app, base_url), approval


def _client_credentials(org: Org, app: App, form: Form, base_url: str) -> tuple[Body, Approval]:
    if app.client_secret is None:
        raise OAuthError("invalid_client", "invalid client credentials")
    account: Account = org.built_in_account
    approval = org.tokens.approve(app, account.user_id, WITHOUT_REFRESH)
    return token_body(org, approval, app, base_url), approval


def grant_directly(org: Org, app: App, account: Account, scope: str, base_url: str) -> Body:
    """A token pair without a browser, for tests and benchmarks; the five-approvals rule leaves these alone."""
    approval = org.tokens.approve(app, account.user_id, scope or DEFAULT_SCOPE)
    return token_body(org, approval, app, base_url, org.tokens.issue_refresh(approval))
