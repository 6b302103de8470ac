"""The OAuth endpoints that machines call: token, revoke, introspect, userinfo, identity, discovery."""

import asyncio
import base64
import binascii
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox_org.accounts import Account
from sandbox_org.faults import Target
from sandbox_org.oauth.errors import OAuthError
from sandbox_org.oauth.granting import client_of, grant
from sandbox_org.oauth.tokens import AccessToken
from sandbox_org.org import Org
from sandbox_org.serving import cut_connection

NO_STORE = {"Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private"}


def base_url_of(request: Request) -> str:
    """The org's address as the caller knows it."""
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"


async def form_of(request: Request) -> dict[str, str]:
    """The form fields of a request, query string and HTTP Basic credentials included."""
    fields = {**dict(request.query_params), **{key: str(value) for key, value in (await request.form()).items()}}
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return fields
        fields = {"client_id": name, "client_secret": secret, **fields}
    return fields


async def token(request: Request) -> Response:
    """POST /services/oauth2/token"""
    org: Org = request.app.state.org
    form = await form_of(request)
    username: list[str] = []
    known = org.tokens.refresh(form.get("refresh_token", ""))
    holder = org.accounts.by_id(known.approval.user_id) if known else org.accounts.find(form.get("username", ""))
    target = Target("token", "POST", holder.username if holder else None)
    if (slow := org.faults.fire(target, ("slow",))) is not None:
        await asyncio.sleep(slow.ms / 1000)
    if (unavailable := org.faults.fire(target, ("unavailable",))) is not None:
        return JSONResponse({"error": "temporarily_unavailable"}, unavailable.status, NO_STORE)
    if org.faults.fire(target, ("cut_before_commit",)) is not None:
        return await _cut(request)
    cut = org.faults.fire(target, ("cut_after_commit",))
    status, body = 200, {}
    try:
        body = grant(org, form, base_url_of(request), username)
    except OAuthError as error:
        status, body = 400, error.body()
    org.counts.called("POST", f"token:{form.get('grant_type', '')}"[:60], username[0] if username else None)
    org.database.commit()
    if cut is not None:
        return await _cut(request)
    return JSONResponse(body, status, NO_STORE)


async def _cut(request: Request) -> Response:
    """Hang up; the response that Starlette wants goes nowhere."""
    await cut_connection(request.scope, request.receive)
    return Response(status_code=500)


async def revoke(request: Request) -> Response:
    """POST or GET /services/oauth2/revoke: an access token alone, or with a refresh token all of its family."""
    org: Org = request.app.state.org
    org.counts.called(request.method, "revoke", None)
    text = (await form_of(request)).get("token", "")
    refresh, access = org.tokens.refresh(text), org.tokens.access(text)
    if refresh is not None and not refresh.approval.is_revoked:
        org.tokens.revoke(refresh.approval)
    elif access is not None and not access.is_expired:
        org.tokens.expire(access)
    else:
        return JSONResponse(OAuthError("invalid_token", "invalid token").body(), 400, NO_STORE)
    org.database.commit()
    return Response(status_code=200, headers=NO_STORE)


async def introspect(request: Request) -> Response:
    """POST /services/oauth2/introspect"""
    org: Org = request.app.state.org
    org.counts.called("POST", "introspect", None)
    form = await form_of(request)
    try:
        client_of(org, form)
    except OAuthError as error:
        return JSONResponse(error.body(), 400, NO_STORE)
    text = form.get("token", "")
    refresh, access = org.tokens.refresh(text), org.tokens.access(text)
    approval = access.approval if access else refresh.approval if refresh else None
    alive = bool(access and _is_alive(org, access)) or bool(refresh and not refresh.is_rotated)
    account = org.accounts.by_id(approval.user_id) if approval else None
    if approval is None or account is None or approval.is_revoked or not alive:
        return JSONResponse({"active": False}, 200, NO_STORE)
    body: dict[str, Any] = {
        "active": True,
        "scope": approval.scope,
        "client_id": approval.client_id,
        "username": account.username,
        "sub": f"{base_url_of(request)}/id/{org.id}/{account.user_id}",
        "token_type": "access_token" if access else "refresh_token",
    }
    if access:
        lifetime = org.switches.access_token_seconds or 7200
        body |= {"iat": int(access.issued_at), "nbf": int(access.issued_at), "exp": int(access.issued_at) + lifetime}
    return JSONResponse(body, 200, NO_STORE)


async def userinfo(request: Request) -> Response:
    """GET /services/oauth2/userinfo"""
    org: Org = request.app.state.org
    org.counts.called("GET", "userinfo", None)
    account = _bearer(request)
    if isinstance(account, Response):
        return account
    base_url = base_url_of(request)
    user = _user(org, account)
    return JSONResponse(
        {
            "sub": f"{base_url}/id/{org.id}/{account.user_id}",
            "user_id": account.user_id,
            "organization_id": org.id,
            "preferred_username": account.username,
            "nickname": user.get("CommunityNickname"),
            "name": user.get("Name"),
            "email": user.get("Email"),
            "email_verified": True,
            "given_name": user.get("FirstName"),
            "family_name": user.get("LastName"),
            "zoneinfo": user.get("TimeZoneSidKey"),
            "photos": _photos(base_url, account),
            "profile": f"{base_url}/{account.user_id}",
            "picture": _photos(base_url, account)["picture"],
            "urls": _urls(base_url, org, account),
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": -28800000,
            "updated_at": user.get("LastModifiedDate"),
        }
    )


async def identity(request: Request) -> Response:
    """GET /id/{org}/{user}"""
    org: Org = request.app.state.org
    org.counts.called("GET", "identity", None)
    account = _bearer(request)
    if isinstance(account, Response):
        return account
    wanted = org.accounts.by_id(request.path_params["user_id"])
    if wanted is None or request.path_params["organization_id"] != org.id:
        return PlainTextResponse("Bad_Id", 403)
    base_url = base_url_of(request)
    user = _user(org, wanted)
    return JSONResponse(
        {
            "id": f"{base_url}/id/{org.id}/{wanted.user_id}",
            "asserted_user": wanted == account,
            "user_id": wanted.user_id,
            "organization_id": org.id,
            "username": wanted.username,
            "nick_name": user.get("CommunityNickname"),
            "display_name": user.get("Name"),
            "email": user.get("Email"),
            "email_verified": True,
            "first_name": user.get("FirstName"),
            "last_name": user.get("LastName"),
            "timezone": user.get("TimeZoneSidKey"),
            "photos": _photos(base_url, wanted),
            "addr_street": None,
            "addr_city": None,
            "addr_state": None,
            "addr_country": None,
            "addr_zip": None,
            "mobile_phone": None,
            "mobile_phone_verified": False,
            "is_lightning_login_user": False,
            "status": {"created_date": None, "body": None},
            "urls": _urls(base_url, org, wanted),
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": -28800000,
            "last_modified_date": user.get("LastModifiedDate"),
            "is_app_installed": True,
        }
    )


async def openid_configuration(request: Request) -> Response:
    """GET /.well-known/openid-configuration"""
    base_url = base_url_of(request)
    oauth = f"{base_url}/services/oauth2"
    return JSONResponse(
        {
            "issuer": base_url,
            "authorization_endpoint": f"{oauth}/authorize",
            "token_endpoint": f"{oauth}/token",
            "revocation_endpoint": f"{oauth}/revoke",
            "userinfo_endpoint": f"{oauth}/userinfo",
            "introspection_endpoint": f"{oauth}/introspect",
            "scopes_supported": ["api", "id", "openid", "refresh_token", "offline_access", "web", "full"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token", "password", "client_credentials"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }
    )


def _bearer(request: Request) -> Account | Response:
    """The account of the request's token, or the refusal: 403 and plain text, as these endpoints send it."""
    org: Org = request.app.state.org
    _, _, text = request.headers.get("authorization", "").partition(" ")
    text = text or request.query_params.get("oauth_token", "") or request.query_params.get("access_token", "")
    if not text:
        return PlainTextResponse("Missing_OAuth_Token", 403)
    access = org.tokens.access(text.strip())
    account = org.accounts.by_id(access.approval.user_id) if access and _is_alive(org, access) else None
    return account or PlainTextResponse("Bad_OAuth_Token", 403)


def _is_alive(org: Org, token: AccessToken) -> bool:
    return token.is_alive(org.switches.access_token_seconds, time.time())


def _user(org: Org, account: Account) -> dict[str, Any]:
    stored = org.store.find(account.user_id)
    return stored.body if stored else {}


def _photos(base_url: str, account: Account) -> dict[str, str]:
    place = f"{base_url}/profilephoto/{account.user_id[:15]}"
    return {"picture": f"{place}/F", "thumbnail": f"{place}/T"}


def _urls(base_url: str, org: Org, account: Account) -> dict[str, str]:
    data, soap = f"{base_url}/services/data/v{{version}}/", f"{base_url}/services/Soap"
    return {
        "enterprise": f"{soap}/c/{{version}}/{org.id[:15]}",
        "metadata": f"{soap}/m/{{version}}/{org.id[:15]}",
        "partner": f"{soap}/u/{{version}}/{org.id[:15]}",
        "rest": data,
        "sobjects": f"{data}sobjects/",
        "search": f"{data}search/",
        "query": f"{data}query/",
        "recent": f"{data}recent/",
        "tooling_rest": f"{data}tooling/",
        "profile": f"{base_url}/{account.user_id}",
        "custom_domain": base_url,
    }
