"""Authorization codes and browser sessions: short-lived, in memory only."""

import secrets
import time
from dataclasses import dataclass

CODE_SECONDS = 15 * 60
SESSION_SECONDS = 2 * 60 * 60
MOST_KEPT = 5000


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """What a code stands for until it is traded in, once."""

    client_id: str
    redirect_uri: str
    user_id: str
    scope: str
    challenge: str | None
    nonce: str | None
    expires_at: float


class Codes:
    """Codes that were given out, each good for one trade."""

    def __init__(self) -> None:
        self._waiting: dict[str, CodeGrant] = {}
        self._used: dict[str, None] = {}

    def issue(self, grant: CodeGrant) -> str:
        """A code for `grant`; like the real ones it ends in `==` and must be decoded exactly once."""
        code = "aPrx" + secrets.token_urlsafe(48).replace("-", ".") + "=="
        self._waiting[code] = grant
        while len(self._waiting) > MOST_KEPT:
            self._waiting.pop(next(iter(self._waiting)))
        return code

    def trade(self, code: str) -> CodeGrant | None:
        """The grant of a code, which is used up by this; None where there is none."""
        grant = self._waiting.pop(code, None)
        if grant is not None:
            self._used[code] = None
            while len(self._used) > MOST_KEPT:
                self._used.pop(next(iter(self._used)))
        return grant

    def was_used(self, code: str) -> bool:
        return code in self._used


class BrowserSessions:
    """Who is logged in, by the value of the session cookie."""

    def __init__(self) -> None:
        self._users: dict[str, tuple[str, float]] = {}

    def start(self, user_id: str) -> str:
        key = secrets.token_urlsafe(32)
        self._users[key] = (user_id, time.time() + SESSION_SECONDS)
        while len(self._users) > MOST_KEPT:
            self._users.pop(next(iter(self._users)))
        return key

    def user_id(self, key: str | None) -> str | None:
        user_id, until = self._users.get(key or "", ("", 0.0))
        return user_id if time.time() < until else None

    def end(self, key: str | None) -> None:
        self._users.pop(key or "", None)

    def clear(self) -> None:
        self._users.clear()
