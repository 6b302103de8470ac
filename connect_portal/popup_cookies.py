"""The popup's own cookie: a log-in may end only in the browser in which it began.

The nonce page sets it on our own origin, the callback asks for it. Without it, an attacker could begin a log-in, log in
as himself, and let a victim open the callback's address: the victim's account in the app would then send its data to the
attacker's org. One cookie for each user and integration, so that two popups at once do not disturb each other.
"""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

MAX_AGE_SECONDS = 15 * 60
_PATH = "/oauth/"


def set_cookie(response: HttpResponse, *, user_id: UUID, integration_id: UUID) -> None:
    response.set_cookie(
        _name(user_id, integration_id),
        _signer(user_id, integration_id).sign("opened"),
        max_age=MAX_AGE_SECONDS,
        path=_PATH,
        httponly=True,
        secure=settings.IS_HTTPS,
        samesite="Lax",
    )


def is_set(request: HttpRequest, *, user_id: UUID, integration_id: UUID) -> bool:
    """Whether this browser has opened the nonce page for that user and integration lately."""
    value = request.COOKIES.get(_name(user_id, integration_id), "")
    try:
        _signer(user_id, integration_id).unsign(value, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return False
    return True


def _name(user_id: UUID, integration_id: UUID) -> str:
    return "isthmus_popup_" + sha256(f"{user_id}:{integration_id}".encode()).hexdigest()[:16]


def _signer(user_id: UUID, integration_id: UUID) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"connect_portal.popup:{user_id}:{integration_id}")
