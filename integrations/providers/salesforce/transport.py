"""HTTP to Salesforce: no silent resend, no proxy to localhost, and a clear word on what a failure means.

What matters most about a failed request is whether it was sent: `NeverSent` may be repeated, after `AnswerLost` nobody
knows. `requests` tells the two apart only by what stands inside its exceptions, so they are read here and nowhere else.
"""

from __future__ import annotations

import os
import socket
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError, NewConnectionError, ProxyError

from integrations.errors import AnswerLost, NeverSent
from lib import fencing

CONNECT_SECONDS: Final = 5.0
UNHEARD_SECONDS: Final = 20
"""For so long the kernel goes on sending what nobody has acknowledged. Else it would for a quarter of an hour, also after we
have hung up: those bytes would reach Salesforce when it has been looked already whether they did. To be less than
SALESFORCE_SETTLE_SECONDS."""
_BEFORE_SENDING: Final = (NewConnectionError, ConnectTimeoutError, NameResolutionError, ProxyError)
_LOCAL: Final = {"localhost", "127.0.0.1", "::1"}


class _FencedHTTP(HTTPConnection):
    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # which may take seconds
        fencing.ask(changes=_may_change(data))
        super().send(data)


class _FencedHTTPS(HTTPSConnection):
    def send(self, data: Any) -> None:
        fencing.ask(changes=_may_change(data))
        super().send(data)


def _may_change(data: Any) -> bool:
    """Tell whether bytes of a request may change records: all do but the head of a GET, which has no body."""
    return not (isinstance(data, bytes) and data.startswith(b"GET "))


class _FencedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _FencedHTTP


class _FencedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _FencedHTTPS


class _FencedAdapter(HTTPAdapter):
    """Asks the fence before it sends: who has lost the right to, sends nothing."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, socket_options=_SOCKET_OPTIONS, **options)
        self.poolmanager.pool_classes_by_scheme = _FENCED_POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, socket_options=_SOCKET_OPTIONS, **options)
        manager.pool_classes_by_scheme = _FENCED_POOLS
        return manager


_SOCKET_OPTIONS: Final = [
    *HTTPConnection.default_socket_options,
    *(
        [(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_SECONDS * 1000)]
        if hasattr(socket, "TCP_USER_TIMEOUT")
        else []
    ),
]
_FENCED_POOLS: Final = {"http": _FencedHTTPPool, "https": _FencedHTTPSPool}


def prepare(session: requests.Session, base_url: str) -> None:
    """Set a session up for one host: its proxies and certificates from the environment, no cookies, no netrc, no retries.

    `trust_env` alone would also let a netrc entry replace our Authorization header. `lib.fencing` is asked before each
    request.
    """
    session.trust_env = False
    is_local = urlsplit(base_url).hostname in _LOCAL
    session.proxies = {} if is_local else get_environ_proxies(base_url)
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, _FencedAdapter(pool_connections=2, pool_maxsize=8, max_retries=0))


def send(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
    """`session.request`, bounded in time, following no redirect. Raises NeverSent or AnswerLost."""
    options.setdefault("timeout", (CONNECT_SECONDS, settings.SALESFORCE_TIMEOUT_SECONDS))
    options.setdefault("allow_redirects", False)
    host = urlsplit(url).netloc
    try:
        # The base class's method, since a session of ours may override its own with this very function.
        return requests.Session.request(session, method, url, **options)
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as exc:
        raise NeverSent(f"Can not connect to {host or url}: that is no web address.", host=host) from exc
    except requests.exceptions.ConnectTimeout as exc:
        raise _no_connection(host, exc) from exc
    except requests.exceptions.Timeout as exc:
        raise AnswerLost(f"{host} did not answer in time.", timed_out=True, host=host) from exc
    except requests.exceptions.SSLError as exc:
        raise _no_connection(host, exc) from exc
    except requests.exceptions.RequestException as exc:
        if isinstance(_cause_of(exc), _BEFORE_SENDING):
            raise _no_connection(host, exc) from exc
        raise AnswerLost(f"The connection to {host} broke before its answer was here.", host=host) from exc


def _cause_of(exc: requests.exceptions.RequestException) -> object:
    """What urllib3 raised, out of its wrapping."""
    cause = exc.args[0] if exc.args else None
    return cause.reason if isinstance(cause, MaxRetryError) else cause


def _no_connection(host: str, exc: requests.exceptions.RequestException) -> NeverSent:
    return NeverSent(f"Can not connect to {host}: {_why_not(exc)}.", host=host)


def _why_not(exc: requests.exceptions.RequestException) -> str:
    """Why no connection came about, in words."""
    cause = _cause_of(exc)
    match cause:
        case NameResolutionError():
            return "there is no host of that name"
        case ProxyError():
            return "the proxy between does not let the call through"
        case NewConnectionError() if isinstance(cause.__cause__, ConnectionRefusedError):
            return "the connection is refused"
        case NewConnectionError() if isinstance(cause.__cause__, OSError) and cause.__cause__.strerror:
            return cause.__cause__.strerror[:1].lower() + cause.__cause__.strerror[1:]
        case ConnectTimeoutError():  # after NewConnectionError, which is one of them
            return f"it does not answer within {CONNECT_SECONDS:.0f} seconds"
        case _ if isinstance(exc, requests.exceptions.SSLError):
            return f"no secure connection comes about ({_first_line(cause)})"
        case _:
            return _first_line(cause)


def _first_line(cause: object) -> str:
    return str(cause).splitlines()[0][:160] if str(cause) else type(cause).__name__
