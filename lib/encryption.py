"""Encryption at rest: AES-256-GCM under rotating keys, each value bound to the row and the column it belongs to."""

import base64
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from lib.errors import IsthmusError

_NONCE_BYTES = 12


class DecryptionFailed(IsthmusError):
    """A stored secret can not be read: its key is not among ENCRYPTION_KEYS, or it was moved to another row."""

    code, status = "decryption_failed", 500


@lru_cache(maxsize=8)
def _keys(configured: tuple[str, ...]) -> dict[str, AESGCM]:
    return {name: AESGCM(base64.b64decode(key)) for name, _, key in (entry.partition(":") for entry in configured)}


def encrypt(plain: str, *, bound_to: str) -> str:
    """Encrypt `plain` under the newest key, bound to `bound_to` (for example "credential:<id>:tokens").

    Shape: "<key id>.<base64 of nonce and ciphertext>".
    """
    keys = _keys(tuple(settings.ENCRYPTION_KEYS))
    name, cipher = next(iter(keys.items()))
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + cipher.encrypt(nonce, plain.encode(), bound_to.encode())
    return f"{name}.{base64.b64encode(sealed).decode()}"


def is_current(sealed: str) -> bool:
    """Whether this is sealed under the key that `encrypt` uses now."""
    return sealed.partition(".")[0] == next(iter(_keys(tuple(settings.ENCRYPTION_KEYS))))


def decrypt(sealed: str, *, bound_to: str) -> str:
    """Give back what `encrypt` was given. Raises DecryptionFailed for a wrong key, row or column."""
    name, _, body = sealed.partition(".")
    try:
        raw = base64.b64decode(body)
        cipher = _keys(tuple(settings.ENCRYPTION_KEYS))[name]
        return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound_to.encode()).decode()
    except (KeyError, ValueError, InvalidTag) as exc:
        raise DecryptionFailed(key=name) from exc
