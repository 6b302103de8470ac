"""The pages between an app and a user: log in, allow or deny, and back to the app."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox_org.accounts import Account
from sandbox_org.oauth import pkce
from sandbox_org.oauth.apps import App
from sandbox_org.oauth.codes import CODE_SECONDS, SESSION_SECONDS, CodeGrant
from sandbox_org.oauth.endpoints import form_of
from sandbox_org.oauth.errors import OAuthError
from sandbox_org.oauth.tokens import DEFAULT_SCOPE
from sandbox_org.org import Org
from sandbox_org.pages import render
from sandbox_org.settings import DEFAULT_PASSWORD

COOKIE = "sandbox_sid"
PASSED_ON = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "login_hint",
    "display",
    "nonce",
    "immediate",
]
SCOPES = {
    "api": "Manage your data by the API",
    "refresh_token": "Perform requests at any time, also when you are away",
    "offline_access": "Perform requests at any time, also when you are away",
    "id": "See who you are",
    "openid": "See who you are",
    "profile": "See your profile",
    "email": "See your e-mail address",
    "web": "Act for you in web pages",
    "full": "Everything that you may do",
}
KNOWN_SCOPES = frozenset({*SCOPES, "phone", "address", "visualforce", "lightning", "content"})
SCOPE_FAMILIES = ("cdp_", "sfap_", "chatter_", "custom_")


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """An app's request, checked: app and callback are known, so that errors may be sent there."""

    app: App
    redirect_uri: str
    scope: str
    state: str | None
    challenge: str | None
    nonce: str | None
    prompts: frozenset[str]
    hint: str
    fields: Mapping[str, str]

    def back(self, **answer: str) -> RedirectResponse:
        """The way back to the app, `state` unchanged."""
        if self.state is not None:
            answer["state"] = self.state
        mark = "&" if urlsplit(self.redirect_uri).query else "?"
        return RedirectResponse(f"{self.redirect_uri}{mark}{urlencode(answer)}", 302)

    @property
    def scope_sentences(self) -> list[str]:
        return list(dict.fromkeys(SCOPES.get(name, name) for name in self.scope.split()))


class _Unsafe(Exception):
    """A request whose callback cannot be trusted: an error page, no redirect."""


async def authorize(request: Request) -> Response:
    """GET and POST /services/oauth2/authorize: which page comes next hangs on the session and the form sent."""
    org: Org = request.app.state.org
    org.counts.called(request.method, "authorize", None)
    fields = await form_of(request)
    try:
        asked = _read(org, fields)
    except _Unsafe as unsafe:
        return render(request, "error.html", 400, message=str(unsafe))
    except OAuthError as error:
        app = org.apps.find(fields.get("client_id", ""))
        assert app is not None, "an OAuthError comes after the app and callback are known"
        bare = AuthRequest(app, fields["redirect_uri"], "", fields.get("state"), None, None, frozenset(), "", fields)
        return bare.back(error=error.error, error_description=error.description)
    if request.method == "POST" and "pw" in fields:
        return _log_in(request, org, asked, fields)
    account = _logged_in(request, org)
    if request.method == "POST" and account is not None and fields.get("decision"):
        return _decide(request, org, asked, account, fields)
    if fields.get("logout"):
        org.sessions.end(request.cookies.get(COOKIE))
        account = None
    if account is None or ("login" in asked.prompts and request.method == "GET" and not fields.get("authenticated")):
        if fields.get("immediate") == "true":
            return asked.back(error="immediate_unsuccessful", error_description="immediate unsuccessful")
        return _login_page(request, asked)
    return render(
        request,
        "consent.html",
        asked=asked,
        account=account,
        proof=_proof(request),
        hidden={name: asked.fields[name] for name in PASSED_ON if asked.fields.get(name)},
    )


def _read(org: Org, fields: Mapping[str, str]) -> AuthRequest:
    app = org.apps.find(fields.get("client_id", ""))
    if app is None:
        raise _Unsafe("invalid_client_id: client identifier invalid")
    redirect_uri = fields.get("redirect_uri", "")
    if redirect_uri not in app.redirect_uris:
        raise _Unsafe(
            "redirect_uri_mismatch: redirect_uri must match configuration"
            if redirect_uri
            else "redirect_uri_missing: redirect_uri not provided"
        )
    if fields.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response type must be code")
    challenge = fields.get("code_challenge") or None
    if challenge is None and app.require_pkce:
        raise OAuthError("invalid_request", "missing required code challenge")
    if challenge is not None and not pkce.is_challenge(challenge, fields.get("code_challenge_method")):
        raise OAuthError("invalid_request", "invalid code challenge")
    scope = " ".join((fields.get("scope") or DEFAULT_SCOPE).split())
    if not all(name in KNOWN_SCOPES or name.startswith(SCOPE_FAMILIES) for name in scope.split()):
        raise OAuthError("invalid_scope", "the requested scope is not allowed")
    return AuthRequest(
        app=app,
        redirect_uri=redirect_uri,
        scope=scope,
        state=fields.get("state"),
        challenge=challenge,
        nonce=fields.get("nonce"),
        prompts=frozenset(fields.get("prompt", "").split()),
        hint=fields.get("login_hint", ""),
        fields=fields,
    )


def _log_in(request: Request, org: Org, asked: AuthRequest, fields: Mapping[str, str]) -> Response:
    """Check the login form; then the browser comes back by GET, so that reloading a page sends no password again."""
    account = org.accounts.check(fields.get("username", ""), fields.get("pw", ""))
    if account is None:
        return _login_page(request, asked, failed=True, username=fields.get("username", ""))
    query = {name: asked.fields[name] for name in PASSED_ON if asked.fields.get(name)}
    url = URL(f"/services/oauth2/authorize?{urlencode({**query, 'authenticated': '1'})}")
    response = RedirectResponse(url, 303)
    secure = request.url.scheme == "https"
    key = org.sessions.start(account.user_id)
    response.set_cookie(COOKIE, key, max_age=SESSION_SECONDS, httponly=True, samesite="lax", secure=secure)
    return response


def _decide(request: Request, org: Org, asked: AuthRequest, account: Account, fields: Mapping[str, str]) -> Response:
    if fields.get("proof") != _proof(request):
        return render(request, "error.html", 400, message="This page has expired. Start again from the app.")
    if fields["decision"] != "allow":
        return asked.back(error="access_denied", error_description="end-user denied authorization")
    code = org.codes.issue(
        CodeGrant(
            client_id=asked.app.client_id,
            redirect_uri=asked.redirect_uri,
            user_id=account.user_id,
            scope=asked.scope,
            challenge=asked.challenge,
            nonce=asked.nonce,
            expires_at=time.time() + CODE_SECONDS,
        )
    )
    return asked.back(code=code)


def _login_page(request: Request, asked: AuthRequest, *, failed: bool = False, username: str = "") -> Response:
    hidden = {name: asked.fields[name] for name in PASSED_ON if asked.fields.get(name)}
    context = {
        "default_password": DEFAULT_PASSWORD,
        "asked": asked,
        "failed": failed,
        "username": username or asked.hint,
        "hidden": hidden,
    }
    return render(request, "login.html", 401 if failed else 200, **context)


def _logged_in(request: Request, org: Org) -> Account | None:
    user_id = org.sessions.user_id(request.cookies.get(COOKIE))
    return org.accounts.by_id(user_id) if user_id else None


def _proof(request: Request) -> str:
    """What only a page of this session knows: the consent form's guard against other sites."""
    return hashlib.sha256(f"consent:{request.cookies.get(COOKIE, '')}".encode()).hexdigest()
