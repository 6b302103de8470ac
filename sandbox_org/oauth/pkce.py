"""Proof Key for Code Exchange. The org knows S256 alone, and takes a missing method for it."""

import base64
import hashlib
import hmac
import re

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}=?")


def is_challenge(text: str, method: str | None) -> bool:
    """Whether this can be the S256 challenge of a verifier."""
    return (method or "S256") == "S256" and CHALLENGE.fullmatch(text) is not None


def proves(verifier: str, challenge: str) -> bool:
    """Whether the verifier is the one that the challenge was made from."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(digest, challenge.rstrip("="))
