"""The ASGI app: which path goes where."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox_org import control, pages, soap
from sandbox_org.gateway import DataGateway
from sandbox_org.known_hosts import KnownHosts
from sandbox_org.oauth import authorizing, endpoints
from sandbox_org.org import Org

COMMIT_SECONDS = 0.05
DATA = "/services/data"
SLASHES = re.compile(r"/{2,}")


def create_app(org: Org) -> ASGIApp:
    """The app of one org. The data API goes past the router: it is most of the traffic."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        org.database.defer = lambda commit: _later(loop, commit)
        yield
        org.database.defer = None
        org.database.commit()

    web = Starlette(routes=_routes(), lifespan=lifespan)
    web.state.org = org
    gateway = DataGateway(org)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if "//" in path:
                path = scope["path"] = SLASHES.sub("/", path)
                scope["raw_path"] = SLASHES.sub("/", scope["raw_path"].decode("latin-1")).encode("latin-1")
            if path.startswith(DATA) and (len(path) == len(DATA) or path[len(DATA)] == "/"):
                await gateway(scope, receive, send)
                return
            if len(path) > 1 and path.endswith("/"):
                scope["path"] = path.rstrip("/")
        await web(scope, receive, send)

    return KnownHosts(app, org.settings.allowed_hosts, "SANDBOX_ALLOWED_HOSTS")


def _later(loop: asyncio.AbstractEventLoop, commit: Callable[[], None]) -> None:
    loop.call_later(COMMIT_SECONDS, commit)


def _routes() -> list[BaseRoute]:
    oauth = "/services/oauth2"
    return [
        Route(f"{oauth}/authorize", authorizing.authorize, methods=["GET", "POST"]),
        Route(f"{oauth}/token", endpoints.token, methods=["POST"]),
        Route(f"{oauth}/revoke", endpoints.revoke, methods=["GET", "POST"]),
        Route(f"{oauth}/introspect", endpoints.introspect, methods=["POST"]),
        Route(f"{oauth}/userinfo", endpoints.userinfo, methods=["GET", "POST"]),
        Route("/id/{organization_id}/{user_id}", endpoints.identity, methods=["GET", "POST"]),
        Route("/.well-known/openid-configuration", endpoints.openid_configuration),
        Route("/services/Soap/u/{version}", soap.login, methods=["POST"]),
        Route("/services/Soap/u/{version}/{rest:path}", soap.login, methods=["POST"]),
        *control.ROUTES,
        Route("/__org/listing/{name}", pages.listing),
        Route("/", pages.front),
        Route("/records/{name}", pages.records),
        Route("/records/{name}/{record_id}", pages.record),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]
