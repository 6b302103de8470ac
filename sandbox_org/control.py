"""The `/__org/` endpoints, by which tests and demos arm faults, set switches and look behind the scenes."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox_org.faults import TOKEN_KINDS, FaultRefused, read_fault
from sandbox_org.oauth.apps import App, new_client_id, new_client_secret
from sandbox_org.oauth.endpoints import base_url_of
from sandbox_org.oauth.granting import grant_directly
from sandbox_org.oauth.tokens import Approval
from sandbox_org.org import Org
from sandbox_org.rest.shaping import shaped
from sandbox_org.switches import SwitchRefused

Endpoint = Callable[[Request, Org, dict[str, Any]], Awaitable[Any]]
VERSION = "64.0"


class _Refused(Exception):
    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def _endpoint(handler: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """A handler of (request, org, JSON body) that answers a JSON value. Pages of other origins are turned away."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin and urlsplit(origin).netloc != request.headers.get("host"):
            return _json({"error": "only pages of this org may call this from a browser"}, 403)
        raw = await request.body()
        try:
            body = orjson.loads(raw) if raw.strip() else {}
            if not isinstance(body, dict):
                raise _Refused("the body must be a JSON object")
            return _json(await handler(request, request.app.state.org, body))
        except orjson.JSONDecodeError as error:
            return _json({"error": f"the body is no JSON: {error}"}, 400)
        except (FaultRefused, SwitchRefused) as error:
            return _json({"error": str(error)}, 400)
        except _Refused as error:
            return _json({"error": str(error)}, error.status)

    return endpoint


@_endpoint
async def show_app(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """GET /__org/app: the default app, with the built-in user's login."""
    settings = org.settings
    return {
        **_app(org.apps.default),
        "username": settings.username,
        "password": settings.password,
        "security_token": settings.security_token,
        "login_url": base_url_of(request),
        "apps": [_app(app) for app in org.apps.all()],
    }


@_endpoint
async def save_app(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """POST /__org/app: change the default app, or the one of `client_id`; make one where that is new or `name` is."""
    client_id = body.get("client_id")
    app = org.apps.find(client_id) if client_id else None if body.get("name") else org.apps.default
    if app is None:
        secret = None if body.get("public") else body.get("client_secret") or new_client_secret()
        name = str(body.get("name") or "Another app")
        app = App(str(client_id or new_client_id()), secret, name, (), rotation=False, require_pkce=False)
    uris = body.get("redirect_uris", list(app.redirect_uris))
    if not isinstance(uris, list) or not all(isinstance(uri, str) and urlsplit(uri).scheme for uri in uris):
        raise _Refused("redirect_uris must be a list of absolute URLs")
    added = body.get("add_redirect_uris", [])
    app = replace(
        app,
        name=str(body.get("name", app.name)),
        redirect_uris=tuple(dict.fromkeys([*uris, *added])),
        rotation=bool(body.get("rotation", app.rotation)),
        require_pkce=bool(body.get("require_pkce", app.require_pkce)),
    )
    org.apps.save(app)
    org.database.commit()
    return _app(app)


@_endpoint
async def show_users(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """GET /__org/users"""
    return [{"user_id": account.user_id, "username": account.username} for account in org.accounts.all()]


@_endpoint
async def save_user(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """POST /__org/users: make a user, or give a known one another password."""
    username = str(body.get("username", "")).strip()
    if "@" not in username:
        raise _Refused("username must look like an e-mail address")
    password = str(body.get("password") or org.settings.password)
    names = {key: str(body.get(key, "")) for key in ("first_name", "last_name")}
    account, is_new = org.accounts.ensure(username, password, **names)
    org.database.commit()
    return {"user_id": account.user_id, "username": account.username, "password": password, "created": is_new}


@_endpoint
async def make_grant(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """POST /__org/grants: tokens for a user and an app without the browser, in the form of a token reply."""
    app = org.apps.find(str(body["client_id"])) if body.get("client_id") else org.apps.default
    account = org.accounts.find(str(body.get("username") or org.settings.username))
    if app is None or account is None:
        raise _Refused("no such client_id" if app is None else "no such username; make it by POST /__org/users", 404)
    reply = grant_directly(org, app, account, str(body.get("scope") or ""), base_url_of(request))
    org.database.commit()
    return reply


@_endpoint
async def show_settings(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """GET /__org/settings"""
    return {**org.switches.shown(), "api_used": org.counts.api_used}


@_endpoint
async def change_settings(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """POST /__org/settings"""
    wanted = dict(body)
    used = wanted.pop("api_used", org.counts.api_used)
    if not isinstance(used, int) or used < 0:
        raise _Refused("api_used must be a whole number, zero or more")
    org.switches.change(wanted)
    org.counts.api_used = used
    return {**org.switches.shown(), "api_used": org.counts.api_used}


@_endpoint
async def show_faults(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """GET /__org/faults"""
    return org.faults.shown()


@_endpoint
async def arm_fault(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """POST /__org/faults

    The two that kill tokens act at once, unless they have a probability; what `count` holds beyond one stays armed.
    """
    fault = read_fault(body)
    answer: dict[str, Any] = {"kind": fault.kind}
    if fault.kind in TOKEN_KINDS and fault.probability is None:
        chosen = _chosen(org, fault.username)
        if fault.kind == "expire_tokens":
            answer["expired"] = org.tokens.expire_all(chosen)
        else:
            answer["revoked"] = org.tokens.revoke_all(chosen)
        org.database.commit()
        fault.fired = 1
        fault.armed_at = time.time()
        if fault.count is None or fault.count == 1:
            return answer
        fault.count -= 1
    org.faults.arm(fault)
    return {**answer, **fault.shown()}


@_endpoint
async def end_faults(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """DELETE /__org/faults"""
    return {"ended": org.faults.clear()}


@_endpoint
async def show_records(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """GET /__org/records/{object}: all stored fields, in the order of creation, each with its number `_seq`."""
    sobject = org.sobject(request.path_params["name"])
    if sobject is None:
        raise _Refused("no such object", 404)
    params = request.query_params
    if params.get("count") in ("1", "true"):
        return {"count": org.store.count(sobject.name)}
    try:
        since, limit = int(params.get("since_seq", "0")), int(params.get("limit", "-1"))
    except ValueError:
        raise _Refused("since_seq and limit must be whole numbers") from None
    found = org.store.in_order(sobject.name, since_seq=since, limit=limit)
    return [{**shaped(sobject, VERSION, stored.body), "_seq": stored.seq} for stored in found]


@_endpoint
async def show_calls(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """GET /__org/calls"""
    return org.counts.shown()


@_endpoint
async def watch(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """POST /__org/calls/watch: count under a name how many calls of some users are under way at once."""
    name, usernames = body.get("name"), body.get("usernames")
    if not isinstance(name, str) or not isinstance(usernames, list):
        raise _Refused("name must be a text, and usernames a list of texts")
    if unknown := [each for each in usernames if org.accounts.find(str(each)) is None]:
        raise _Refused(f"no such username: {unknown[0]}; make it by POST /__org/users", 404)
    org.counts.watch(name, usernames)
    return org.counts.shown()


@_endpoint
async def reset(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """POST /__org/reset"""
    org.reset(keep_grants=bool(body.get("keep_grants")))
    return {"reset": True}


@_endpoint
async def health(request: Request, org: Org, body: dict[str, Any]) -> Any:
    """GET /__org/health"""
    return {"ok": True, "organization_id": org.id}


ROUTES = [
    Route("/__org/app", show_app, methods=["GET"]),
    Route("/__org/app", save_app, methods=["POST"]),
    Route("/__org/users", show_users, methods=["GET"]),
    Route("/__org/users", save_user, methods=["POST"]),
    Route("/__org/grants", make_grant, methods=["POST"]),
    Route("/__org/settings", show_settings, methods=["GET"]),
    Route("/__org/settings", change_settings, methods=["POST"]),
    Route("/__org/faults", show_faults, methods=["GET"]),
    Route("/__org/faults", arm_fault, methods=["POST"]),
    Route("/__org/faults", end_faults, methods=["DELETE"]),
    Route("/__org/records/{name}", show_records, methods=["GET"]),
    Route("/__org/calls", show_calls, methods=["GET"]),
    Route("/__org/calls/watch", watch, methods=["POST"]),
    Route("/__org/reset", reset, methods=["POST"]),
    Route("/__org/health", health, methods=["GET"]),
]


def _chosen(org: Org, username: str | None) -> Callable[[Approval], bool]:
    if username is None:
        return lambda approval: True
    account = org.accounts.find(username)
    if account is None:
        raise _Refused("no such username", 404)
    user_id = account.user_id
    return lambda approval: approval.user_id == user_id


def _app(app: App) -> dict[str, Any]:
    return {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "name": app.name,
        "redirect_uris": list(app.redirect_uris),
        "rotation": app.rotation,
        "require_pkce": app.require_pkce,
    }


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
