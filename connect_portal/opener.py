"""Which page has opened a popup, as far as the browser vouches for it.

A popup's address names the user for whom a log-in begins, and anybody may send a browser to an address. That the SDK's host
page did so shows in the request: the browser's `Referer` names that page's origin. Host pages that send none
(`Referrer-Policy: no-referrer`) and links from elsewhere look alike, so that the person is asked in both cases.
"""

from __future__ import annotations

import unicodedata
from urllib.parse import urlsplit

from django.http import HttpRequest

from projects.models import ConnectedUser
from projects.origins import InvalidOrigin, parse_origin_pattern

MAX_SHOWN_CHARACTERS = 80


def is_opened_by(request: HttpRequest, origin: str) -> bool:
    """Tell whether a page of `origin` (an allowed one) has sent a window here: no image or frame, and nobody's link."""
    if request.headers.get("Sec-Fetch-Dest", "document") != "document":
        return False
    referer = _origin_of(request.headers.get("Referer", ""))
    return referer is not None and referer == _origin_of(origin)


def shown_name(user: ConnectedUser) -> str:
    """Return how others can recognise the user: "Ana Duarte (user-1)".

    The name is the user's own word, the id is the app's; so the id is always there.
    """
    known_as = _printable(user.external_id)
    name = _printable(user.name)
    return f"{name} ({known_as})" if name and name != known_as else known_as


def _origin_of(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        return str(parse_origin_pattern(f"{parts.scheme}://{parts.netloc}"))
    except (ValueError, InvalidOrigin):
        return None


def _printable(text: str) -> str:
    """Return the text without characters that are not seen, or turn the direction of what follows; bounded."""
    seen = "".join(letter for letter in text if not unicodedata.category(letter).startswith("C")).strip()
    return seen if len(seen) <= MAX_SHOWN_CHARACTERS else f"{seen[:MAX_SHOWN_CHARACTERS]}…"
