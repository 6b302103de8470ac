"""A request's headers, of those that choose what a request does."""

from collections.abc import Mapping
from typing import Any

from lib.errors import IsthmusError


class UnreadableHeader(IsthmusError):
    """A header that decides what the request does has no value that can be read."""

    code, status = "bad_header", 400


def read(environ: Mapping[str, Any], name: str) -> str:
    """Read a header's value, "" where it was not sent. Raises UnreadableHeader for what is not ASCII, and for an empty value.

    `environ` names headers as CGI does. An empty value may have been any: of a value with other characters than ASCII the web
    server hands on "" (granian 2.8). To go on without it would send an event twice, or to all accounts instead of one.
    """
    value = environ.get(f"HTTP_{name.upper().replace('-', '_')}")
    if value is None:
        return ""
    text = str(value).strip()
    if not text:
        raise UnreadableHeader(
            f"The header {name} is empty, or has characters beyond ASCII, which headers can not carry. "
            "Send a value of ASCII characters, or leave the header out.",
            header=name,
        )
    if not text.isascii() or not text.isprintable():
        raise UnreadableHeader(
            f"The header {name} has characters beyond printable ASCII, which headers can not carry. Send others.",
            header=name,
        )
    return text
