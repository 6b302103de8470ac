"""The bytes of a request whose body is JSON: bounded, unpacked where gzip packed them, and declared as UTF-8 if at all."""

import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from lib.errors import IsthmusError
from lib.json_bounds import BadJson

_MAX_GZIP_MEMBERS = 16
"""A body is one; some packers make a few. Each costs time whatever its size."""
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]*)", re.IGNORECASE)


class BodyTooLarge(IsthmusError):
    """The request's body is too large."""

    code, status = "body_too_large", 413

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The body may have at most {max_bytes:,} bytes, unpacked.", limit_bytes=max_bytes)


class UnsupportedEncoding(IsthmusError):
    """The body is sent in an encoding that is not taken."""

    code, status = "unsupported_encoding", 415


def read_bytes(environ: Mapping[str, Any], read: Callable[[int], bytes], *, max_bytes: int) -> bytes:
    """Read the body, at most so many bytes, also of what gzip has packed.

    `environ` names headers as CGI does; `read` gives at most so many bytes. Raises BodyTooLarge, UnsupportedEncoding, and
    BadJson for what is not gzip though it says so. Source: PEP 3333; RFC 9110, sections 8.4 and 15.5.16.
    """
    content_type = environ.get("CONTENT_TYPE", "")
    if "charset" in content_type.lower() and (found := _CHARSET.search(content_type)):
        charset = found[1].lower()
        if charset not in _CHARSETS:
            raise UnsupportedEncoding(
                f"JSON is sent in UTF-8, and `Content-Type` says “{charset[:40]}”. Send UTF-8 and leave the charset out."
            )
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise UnsupportedEncoding(
            f"`Content-Encoding: {encoding[:40]}` is not taken. Send the JSON as it is, or packed with gzip."
        )
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared.isascii() and declared.isdecimal() and (len(declared) > 18 or int(declared) > max_bytes):
        raise BodyTooLarge(max_bytes)
    raw = read(max_bytes + 1)
    if len(raw) > max_bytes:
        raise BodyTooLarge(max_bytes)
    return _unpacked(raw, max_bytes) if encoding.endswith("gzip") else raw


def _unpacked(packed: bytes, max_bytes: int) -> bytes:
    """What gzip packed, no byte more than is allowed. Source: RFC 1952, section 2.2 for several members."""
    found = bytearray()
    for _ in range(_MAX_GZIP_MEMBERS):
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # 16: a header and a check sum as gzip has them
        try:
            found += member.decompress(packed, max_bytes + 1 - len(found))
        except zlib.error as exc:
            raise BadJson(
                "The body is not gzip, though `Content-Encoding` says so. Pack it, or leave the header out."
            ) from exc
        if len(found) > max_bytes:
            raise BodyTooLarge(max_bytes)
        if not member.eof:
            raise BadJson("The body ends in the middle of its gzip data. Send all of it.")
        packed = member.unused_data
        if not packed:
            return bytes(found)
    raise BadJson(f"The body has more than {_MAX_GZIP_MEMBERS} gzip members. Pack it at once.")
