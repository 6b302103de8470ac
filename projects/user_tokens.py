"""User tokens: the JWT that an app signs for its end user, and who it says that is."""

import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from django.utils import timezone

from projects.errors import TokenRefused
from projects.models import SigningKey

USER_TOKEN_CACHE_SECONDS = 30
LEEWAY_SECONDS = 60
MAX_TOKEN_CHARACTERS = 8192
_CACHE_ENTRIES = 10_000
_LAST_USED_EVERY_SECONDS = 60
_NO_JWT = "The user token is not a JWT. Sign one with RS256 and a key of this project."
_EXPIRED = "The user token has expired. Sign a new one with a later `exp`."


@dataclass(frozen=True)
class UserToken:
    """What a verified token says. `expires_at` is in seconds since the epoch."""

    project_id: UUID
    subject: str
    expires_at: float
    key_id: UUID
    claims: dict[str, Any]


class _Verified:
    """Verified tokens by hash for a short while: an RSA check costs more than the rest of a small request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[UUID, bytes], tuple[float, UserToken]] = OrderedDict()

    def get(self, key: tuple[UUID, bytes], now: float) -> UserToken | None:
        entry = self._kept.get(key)
        return entry[1] if entry and entry[0] > now else None

    def put(self, key: tuple[UUID, bytes], token: UserToken, now: float) -> None:
        with self._lock:
            self._kept[key] = (now + USER_TOKEN_CACHE_SECONDS, token)
            while len(self._kept) > _CACHE_ENTRIES:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


verified = _Verified()
_loaded_keys: dict[str, Any] = {}
_last_used_noted: dict[UUID, float] = {}


def token_in(authorization: str) -> str:
    """The token of an `Authorization` header. Raises TokenRefused."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "bearer" or not encoded.strip():
        raise TokenRefused("token_missing", "Send the user token as `Authorization: Bearer <JWT>`.")
    return encoded.strip()


def verify_user_token(encoded: str, project_id: UUID) -> UserToken:
    """Verify `encoded` against the valid signing keys of the project and give what it says.

    Only RS256 is accepted; `sub`, `iat` and `exp` are required; `aud`, where present, must name this project or this
    deployment; clocks may differ by LEEWAY_SECONDS; and a token may live no longer than the project says. Raises
    TokenRefused with a code for each reason. Source: RFC 7519; RFC 8725, sections 3.1 and 3.8.
    """
    if not encoded:
        raise TokenRefused("token_missing", "Send the user token as `Authorization: Bearer <JWT>`.")
    if len(encoded) > MAX_TOKEN_CHARACTERS:
        raise TokenRefused(
            "token_too_long",
            f"The user token has {len(encoded):,} characters; at most {MAX_TOKEN_CHARACTERS:,} are read. Put less into it.",
        )
    if not encoded.isascii():
        raise TokenRefused("token_malformed", _NO_JWT)
    now, wall = time.monotonic(), time.time()
    cache_key = (project_id, sha256(encoded.encode()).digest())
    token = verified.get(cache_key, now)
    if token is None:
        token = _verify(encoded, project_id)
        verified.put(cache_key, token, now)
    if token.expires_at + LEEWAY_SECONDS < wall:
        raise TokenRefused("token_expired", _EXPIRED)
    return token


def _verify(encoded: str, project_id: UUID) -> UserToken:
    try:
        header = jwt.get_unverified_header(encoded)
    except jwt.DecodeError as exc:
        raise TokenRefused("token_malformed", _NO_JWT) from exc
    except jwt.InvalidTokenError as exc:
        raise TokenRefused("token_malformed", f"The user token's header is not valid: {exc}.") from exc
    except Exception as exc:  # whatever else a foreign text makes the reader do, it is the text's fault
        raise TokenRefused("token_malformed", _NO_JWT) from exc
    if header.get("alg") != "RS256":
        raise TokenRefused(
            "token_algorithm",
            "The user token must be signed with RS256, using a key made under Settings > Signing keys.",
        )
    keys = list(
        SigningKey.objects.valid().filter(project_id=project_id).select_related("project").order_by("-created_at")
    )
    if not keys:
        raise TokenRefused(
            "no_signing_key",
            "This project has no valid signing key, or there is no such project. Make a key under Settings > Signing keys.",
        )
    for key in keys:
        try:
            claims = jwt.decode(
                encoded,
                _public_key(key),
                algorithms=["RS256"],
                options={  # the times are checked by _expiry, which says more
                    "require": ["sub", "iat", "exp"],
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError as exc:
            raise _refusal(exc) from exc
        except Exception as exc:  # as above
            raise TokenRefused("token_malformed", _NO_JWT) from exc
        return _accept(claims, project_id, key)
    raise TokenRefused(
        "token_signature",
        "No valid signing key of this project made this signature. Was the key revoked, or is it another project's?",
    )


def _public_key(key: SigningKey) -> Any:
    """The key object, parsed once a process: parsing costs as much as verifying."""
    loaded = _loaded_keys.get(key.fingerprint)
    if loaded is None:
        loaded = _loaded_keys[key.fingerprint] = load_pem_public_key(key.public_key.encode())
    return loaded


def _refusal(exc: jwt.PyJWTError) -> TokenRefused:
    match exc:
        case jwt.MissingRequiredClaimError():
            return TokenRefused(
                "token_claims", f"The user token lacks the claim `{exc.claim}`. It needs `sub`, `iat` and `exp`."
            )
        case _:
            return TokenRefused("token_claims", f"The user token's claims are not valid: {exc}.")


def _seconds(claims: dict[str, Any], claim: str) -> float:
    """A claim's moment in seconds since 1970, as RFC 7519 counts. Raises TokenRefused for any other value."""
    value = claims[claim]
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):  # a list, a word, an integer of 400 digits
        seconds = math.nan
    if not math.isfinite(seconds) or abs(seconds) >= _BEYOND_ANY_CLOCK:
        raise TokenRefused("token_claims", f"The claim `{claim}` must be a number of seconds since 1970.")
    if seconds >= _IN_MILLISECONDS:
        raise TokenRefused(
            "token_claims",
            f"The claim `{claim}` counts milliseconds, it seems; it must be seconds since 1970. Divide it by 1000.",
        )
    return seconds


_IN_MILLISECONDS = 1e11
"""In seconds, the year 5138; in milliseconds, 1973."""
_BEYOND_ANY_CLOCK = 1e14


def _expiry(claims: dict[str, Any], max_hours: int) -> float:
    """When the token expires. Raises TokenRefused when it is not valid now, or lives for longer than `max_hours`."""
    issued, expires = _seconds(claims, "iat"), _seconds(claims, "exp")
    begins = _seconds(claims, "nbf") if claims.get("nbf") is not None else issued
    now = time.time()
    if expires <= now - LEEWAY_SECONDS:
        raise TokenRefused("token_expired", _EXPIRED)
    if max(issued, begins) > now + LEEWAY_SECONDS:
        raise TokenRefused(
            "token_not_yet_valid", "The user token is from the future (`iat` or `nbf`). Check your server's clock."
        )
    if expires - issued > max_hours * 3600 + LEEWAY_SECONDS:
        longest = "an hour" if max_hours == 1 else f"{max_hours} hours"
        raise TokenRefused(
            "token_lives_too_long",
            f"The user token is valid for longer than this project allows: from `iat` to `exp`, at most {longest}. Sign a "
            "new one for each session; an admin can change the bound under Settings > General.",
            max_hours=max_hours,
        )
    return expires


def _accept(claims: dict[str, Any], project_id: UUID, key: SigningKey) -> UserToken:
    expires_at = _expiry(claims, key.project.max_token_hours)
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject.strip() or len(subject) > 255 or not _is_storable(subject):
        raise TokenRefused("token_claims", "The claim `sub` must be your user's id: a string of 1 to 255 characters.")
    audience = claims.get("aud")
    if audience is not None:
        accepted = {str(project_id), settings.BASE_URL, f"{settings.BASE_URL}/projects/{project_id}"}
        named = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
        if not any(str(name) in accepted or str(name).lower() == str(project_id) for name in named):
            raise TokenRefused(
                "token_audience", f"The claim `aud` names another audience. Leave it out, or set it to {project_id}."
            )
    _note_use(key)
    return UserToken(project_id, subject, expires_at, key.pk, claims)


def _is_storable(text: str) -> bool:
    """Whether a database takes the text: PostgreSQL has no NUL, and half a surrogate pair is no UTF-8."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _note_use(key: SigningKey) -> None:
    """Keep `last_used_at` to the minute; more would be a write for each request."""
    now = time.monotonic()
    if now - _last_used_noted.get(key.pk, -1e9) > _LAST_USED_EVERY_SECONDS:
        _last_used_noted[key.pk] = now
        SigningKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())
