"""Acme's back end: one page, a token for whoever is logged in, and leads sent on by REST."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from examples.acme.events import send_lead
from examples.acme.known_hosts import KnownHosts
from examples.acme.settings import APP_EVENT, allowed_hosts, read_settings
from examples.acme.tokens import BadKey, sign_user_token
from examples.acme.users import COOKIE, USERS, find_user, logged_in_user

HERE = Path(__file__).parent
DIST = HERE / "dist"
MAX_BODY_BYTES = 100_000
pages = Jinja2Templates(HERE / "pages")


async def index(request: Request) -> Response:
    """The page; while something is missing, a page that says what."""
    settings = read_settings()
    problems = list(settings.problems)
    if not (DIST / "main.js").exists():
        problems.append("The page's script is not built. Run: npm run build")
    if problems:
        return pages.TemplateResponse(request, "missing.html", {"problems": problems}, status_code=503)
    context = {"settings": settings, "user": logged_in_user(request), "users": USERS, "app_event": APP_EVENT}
    return pages.TemplateResponse(request, "index.html", context, headers={"Cache-Control": "no-store"})


async def token(request: Request) -> Response:
    """What the page gives to `paragon.authenticate`."""
    settings = read_settings()
    if settings.problems:
        return _error(503, " ".join(settings.problems))
    try:
        signed = sign_user_token(logged_in_user(request), settings)
    except BadKey as exc:
        return _error(503, str(exc))
    return JSONResponse({"projectId": settings.project_id, "token": signed}, headers={"Cache-Control": "no-store"})


async def create_lead(request: Request) -> Response:
    """The same lead as the SDK sends, but from the back end."""
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        return _error(413, "That is more than a lead.")
    try:
        lead = json.loads(body)
    except ValueError:
        return _error(400, "The body is not JSON.")
    if not isinstance(lead, dict):
        return _error(400, "A lead is a JSON object.")
    settings = read_settings()
    if settings.problems:
        return _error(503, " ".join(settings.problems))
    try:
        status, answer = await run_in_threadpool(send_lead, logged_in_user(request), lead, settings)
    except BadKey as exc:
        return _error(503, str(exc))
    except requests.RequestException:
        return _error(502, f"Isthmus does not answer at {settings.isthmus_url}. Is it running?")
    return JSONResponse(answer, status_code=status)


async def switch_user(request: Request) -> Response:
    form = await request.form()
    user = find_user(str(form.get("user", "")))
    response = RedirectResponse("/", status_code=303)
    if user:
        response.set_cookie(COOKIE, user.id, httponly=True, samesite="lax", max_age=30 * 24 * 3600)
    return response


async def healthz(request: Request) -> Response:
    """Whether the process answers; `ready` says whether it has all that it needs."""
    return JSONResponse({"ok": True, "ready": not read_settings().problems})


def _error(status: int, message: str) -> JSONResponse:
    body: dict[str, Any] = {"message": message, "status": status}
    return JSONResponse(body, status_code=status)


app = Starlette(
    routes=[
        Route("/", index),
        Route("/api/token", token),
        Route("/api/leads", create_lead, methods=["POST"]),
        Route("/switch-user", switch_user, methods=["POST"]),
        Route("/healthz", healthz),
        Mount("/static", StaticFiles(directory=DIST, check_dir=False)),
    ],
    middleware=[Middleware(KnownHosts, names=allowed_hosts(), variable="ACME_ALLOWED_HOSTS")],
)
