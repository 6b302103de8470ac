"""Allowed origins: whose pages may frame the portal, send it messages and call the SDK's API."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import urlsplit

from lib.errors import Invalid

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class InvalidOrigin(Invalid):
    """That is not an origin: write scheme://host, with :port where there is one."""

    code = "invalid_origin"


@dataclass(frozen=True)
class OriginPattern:
    """`https://app.acme.com`, `http://localhost:3000`, or with `:*` for any port."""

    scheme: str
    host: str
    port: int | None
    """None: any port."""

    def __str__(self) -> str:
        if self.port is None:
            return f"{self.scheme}://{self.host}:*"
        shown = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{shown}"

    def covers(self, other: "OriginPattern") -> bool:
        return (self.scheme, self.host) == (other.scheme, other.host) and self.port in (None, other.port)


def parse_origin_pattern(text: str) -> OriginPattern:
    """Read `scheme://host`, `scheme://host:port` or `scheme://host:*`. Raises InvalidOrigin, which says what is wrong."""
    text = text.strip()
    any_port = text.endswith(":*")
    try:
        parts = urlsplit(text.removesuffix(":*") if any_port else text)
        port = parts.port
    except ValueError as exc:
        raise InvalidOrigin("The port must be a number from 1 to 65535, or * for any.") from exc
    if parts.scheme not in _DEFAULT_PORTS or "://" not in text:
        raise InvalidOrigin("Begin with https:// or http://.")
    if (
        parts.username is not None
        or parts.query
        or parts.fragment
        or parts.path not in ("", "/")
        or text.endswith(("?", "#"))
    ):
        raise InvalidOrigin("An origin is scheme, host and port only: leave out the path and what follows it.")
    host = (parts.hostname or "").lower()
    if "*" in host:
        raise InvalidOrigin("The host must be written out; only the port may be *.")
    if not (_HOST.fullmatch(host) or _is_ipv6(host)):
        raise InvalidOrigin("That host name is not valid.")
    if port == 0 or parts.netloc.endswith(":"):
        raise InvalidOrigin("The port must be a number from 1 to 65535, or * for any.")
    shown_host = f"[{host}]" if ":" in host else host
    return OriginPattern(parts.scheme, shown_host, None if any_port else port or _DEFAULT_PORTS[parts.scheme])


def is_allowed(origin: str, patterns: Iterable[str]) -> bool:
    """Whether a browser's `Origin` header is covered by one of a project's patterns. Nothing malformed ever is."""
    try:
        asked = parse_origin_pattern(origin)
    except InvalidOrigin:
        return False
    if asked.port is None:
        return False
    return any(_covers(pattern, asked) for pattern in patterns)


def _covers(pattern: str, asked: OriginPattern) -> bool:
    try:
        return parse_origin_pattern(pattern).covers(asked)
    except InvalidOrigin:
        return False


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return True
