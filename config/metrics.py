"""`GET /metrics`: from the web process always, from a worker where WORKER_METRICS_PORT gives it a port."""

import json
import logging
import socketserver
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from projects.refusals import error_body
from workflows.metrics import exposing

log = logging.getLogger("config.metrics")

PATH = "/metrics"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_CHALLENGE = 'Bearer realm="metrics", Basic realm="metrics"'


def refusal() -> dict[str, Any]:
    return error_body("metrics_token", "Send METRICS_TOKEN: as a Bearer token, or as the password of Basic.", 401)


class MetricsMiddleware:
    """Answers before hosts and sessions are looked at: Prometheus comes by address, and has no session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != PATH:
            return self.get_response(request)
        response: HttpResponse
        if exposing.may_read(request.headers.get("Authorization", ""), settings.METRICS_TOKEN):
            response = HttpResponse(exposing.everything(), content_type=exposing.CONTENT_TYPE)
        else:
            response = JsonResponse(refusal(), status=401, headers={"WWW-Authenticate": _CHALLENGE})
        for name, value in _HEADERS.items():
            response[name] = value
        return response


def worker_application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """What this host's processes have counted. The gauges of the whole deployment are the web process's to tell."""
    if environ.get("PATH_INFO") != PATH:
        status, kind, body = "404 Not Found", "application/json", error_body("not_found", f"Only {PATH} is here.", 404)
    elif not exposing.may_read(environ.get("HTTP_AUTHORIZATION", ""), settings.METRICS_TOKEN):
        status, kind, body = "401 Unauthorized", "application/json", refusal()
    else:
        start_response("200 OK", [("Content-Type", exposing.CONTENT_TYPE), *_HEADERS.items()])
        return [exposing.processes_alone()]
    start_response(status, [("Content-Type", kind), ("WWW-Authenticate", _CHALLENGE), *_HEADERS.items()])
    return [json.dumps(body).encode()]


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """Any number of workers of one host share the port, since each of them tells of all."""

    daemon_threads = True
    allow_reuse_address = True
    allow_reuse_port = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """A scrape is no event."""


def serve(host: str, port: int) -> WSGIServer:
    """Serve `worker_application` from a thread that ends with the process."""
    server = make_server(host, port, worker_application, server_class=_Server, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def serve_from_worker() -> None:
    """Where a port is given."""
    if not settings.WORKER_METRICS_PORT:
        return
    try:
        serve(settings.WORKER_METRICS_HOST, settings.WORKER_METRICS_PORT)
    except OSError as exc:  # work goes on without being measured
        log.error("metrics.no_port", extra={"port": settings.WORKER_METRICS_PORT, "error": str(exc)})
