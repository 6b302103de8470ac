"""Allowed origins: whose pages may frame the portal, send it messages and start a log-in."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address

from lib.errors import Invalid

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_SHAPE = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\]/?#@]*\]|[^:/?#@]*)(?::(?P<port>[^/?#@]*))?(?P<rest>(?:[/?#@].*)?)",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HEADER_SAFE = re.compile(r"https?://[a-z0-9.:\[\]-]+(?::\*)?")


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

    @property
    def is_local(self) -> bool:
        """Whether it names the machine that the browser runs on."""
        name = self.host.rpartition(".")[2]
        return (
            name == "localhost" or self.host == "[::1]" or re.fullmatch(r"127(\.[0-9]{1,3}){3}", self.host) is not None
        )

    def covers(self, other: "OriginPattern") -> bool:
        return (self.scheme, self.host) == (other.scheme, other.host) and self.port in (None, other.port)


def parse_origin_pattern(text: object) -> OriginPattern:
    """Read `scheme://host`, `scheme://host:port` or `scheme://host:*`. Raises InvalidOrigin, which says what is wrong."""
    if not isinstance(text, str):
        raise InvalidOrigin("An origin is a text: scheme://host, with :port where there is one.")
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        raise InvalidOrigin("Begin with https:// or http://.")
    host, port, rest = found["host"], found["port"], found["rest"]
    if rest not in ("", "/"):
        raise InvalidOrigin("An origin is scheme, host and port only: leave out the path and what follows it.")
    if "*" in host:
        raise InvalidOrigin("The host must be written out; only the port may be *.")
    return OriginPattern(found["scheme"].lower(), _host(host), _port(port, found["scheme"].lower()))


def _host(host: str) -> str:
    """The host as browsers write it. An IPv6 address may have no scope: its text is free, and could be anything."""
    if host.startswith("["):
        try:
            address = IPv6Address(host[1:-1])
        except AddressValueError as exc:
            raise InvalidOrigin("That host name is not valid.") from exc
        if address.scope_id is not None:
            raise InvalidOrigin("An IPv6 address has no %scope in an origin.")
        return f"[{address.compressed}]"
    if not host.isascii():
        raise InvalidOrigin("Write the host name as browsers send it: the xn-- form, in plain letters.")
    if not _HOST.fullmatch(host.lower()):
        raise InvalidOrigin("That host name is not valid.")
    return host.lower()


def _port(port: str | None, scheme: str) -> int | None:
    if port is None:
        return _DEFAULT_PORTS[scheme]
    if port == "*":
        return None
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65_535:
        raise InvalidOrigin("The port must be a number from 1 to 65535, or * for any.")
    return int(port)


def is_allowed(origin: str, patterns: Iterable[object]) -> bool:
    """Whether a browser's `Origin` header is covered by one of a project's patterns. Nothing malformed ever is."""
    try:
        asked = parse_origin_pattern(origin)
    except InvalidOrigin:
        return False
    if asked.port is None:
        return False
    return any(_covers(pattern, asked) for pattern in patterns)


def header_sources(patterns: Iterable[object]) -> tuple[list[str], list[object]]:
    """The patterns as a Content-Security-Policy may hold them, and those that are none.

    Rows stored by earlier versions, and by whatever else writes to the database, are read anew here. A text with a blank, a
    comma or a semicolon would begin another source, policy or directive.
    """
    sources: list[str] = []
    refused: list[object] = []
    for pattern in patterns:
        try:
            source = str(parse_origin_pattern(pattern))
        except InvalidOrigin:
            source = ""
        if _HEADER_SAFE.fullmatch(source):
            sources.append(source)
        else:
            refused.append(pattern)
    return sources, refused


def local_beside_real(patterns: Iterable[object]) -> list[str]:
    """The patterns on a builder's own machine, where a real origin stands beside them: they have done their work by then.

    Any page that somebody runs there may open the portal, and a foreign site that has its name led to 127.0.0.1.
    """
    parsed: list[OriginPattern] = []
    for pattern in patterns:
        with suppress(InvalidOrigin):
            parsed.append(parse_origin_pattern(pattern))
    local = [str(pattern) for pattern in parsed if pattern.is_local]
    return local if len(local) < len(parsed) else []


def _covers(pattern: object, asked: OriginPattern) -> bool:
    try:
        return parse_origin_pattern(pattern).covers(asked)
    except InvalidOrigin:
        return False
