"""Approvals and the tokens that hang on them: issued, rotated, expired, revoked."""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sandbox_org.database import Database
from sandbox_org.oauth.apps import App

DEFAULT_SCOPE = "refresh_token api id"


@dataclass(slots=True)
class Approval:
    """One user's word that one app may act for them; refresh tokens of one approval are one family."""

    id: int
    client_id: str
    user_id: str
    scope: str
    is_revoked: bool = False
    access_tokens: list["AccessToken"] = field(default_factory=list)


@dataclass(slots=True)
class AccessToken:
    token: str
    approval: Approval
    issued_at: float
    is_expired: bool = False
    calls: int = 0

    def is_alive(self, lifetime_seconds: int | None, now: float) -> bool:
        if self.is_expired or self.approval.is_revoked:
            return False
        return lifetime_seconds is None or now < self.issued_at + lifetime_seconds


@dataclass(slots=True)
class RefreshToken:
    token: str
    approval: Approval
    is_rotated: bool = False


class TokenVault:
    """Every approval and token, kept in memory for speed and in the file for the next start."""

    def __init__(self, database: Database, organization_id: str) -> None:
        self._database = database
        self._organization_id = organization_id
        self._approvals: dict[int, Approval] = {}
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, RefreshToken] = {}
        self._load()

    def approve(self, app: App, user_id: str, scope: str, *, keep: int | None = None) -> Approval:
        """A new approval. With `keep`, the user's oldest ones for this app beyond that many are revoked, silently."""
        cursor = self._database.write(
            "INSERT INTO approval (client_id, user_id, scope, by_user) VALUES (?, ?, ?, ?)",
            (app.client_id, user_id, scope, int(keep is not None)),
        )
        approval = Approval(int(cursor.lastrowid or 0), app.client_id, user_id, scope)
        self._approvals[approval.id] = approval
        if keep:
            standing = [each for each in self.of_user(user_id) if each.client_id == app.client_id]
            for old in standing[:-keep]:
                self.revoke(old)
        return approval

    def issue_access(self, approval: Approval) -> AccessToken:
        text = re.sub(r"[^A-Za-z0-9._]", ".", secrets.token_urlsafe(72))
        token = AccessToken(f"{self._organization_id[:15]}!{text}", approval, time.time())
        self._access[token.token] = token
        approval.access_tokens.append(token)
        self._database.write(
            "INSERT INTO access_token (token, approval_id, issued_at) VALUES (?, ?, ?)",
            (token.token, approval.id, token.issued_at),
        )
        return token

    def issue_refresh(self, approval: Approval) -> RefreshToken:
        text = re.sub(r"[^A-Za-z0-9._]", ".", secrets.token_urlsafe(60))
        token = RefreshToken(f"5Aep861{text}", approval)
        self._refresh[token.token] = token
        self._database.write("INSERT INTO refresh_token (token, approval_id) VALUES (?, ?)", (token.token, approval.id))
        return token

    def access(self, text: str) -> AccessToken | None:
        return self._access.get(text)

    def refresh(self, text: str) -> RefreshToken | None:
        return self._refresh.get(text)

    def rotate(self, token: RefreshToken) -> RefreshToken:
        """The successor of a refresh token, which is dead from now on."""
        token.is_rotated = True
        self._database.write("UPDATE refresh_token SET rotated = 1 WHERE token = ?", (token.token,))
        return self.issue_refresh(token.approval)

    def expire(self, token: AccessToken) -> None:
        token.is_expired = True
        self._database.write("UPDATE access_token SET expired = 1 WHERE token = ?", (token.token,))

    def revoke(self, approval: Approval) -> None:
        """Kill the family: its refresh tokens and its access tokens."""
        approval.is_revoked = True
        self._database.write("UPDATE approval SET revoked = 1 WHERE id = ?", (approval.id,))

    def of_user(self, user_id: str) -> list[Approval]:
        """The standing approvals of one user, oldest first."""
        return [each for each in self._approvals.values() if each.user_id == user_id and not each.is_revoked]

    def expire_all(self, belongs: Callable[[Approval], bool]) -> int:
        """Expire every living access token of the approvals chosen; answers how many."""
        chosen = [token for token in self._living() if belongs(token.approval)]
        for token in chosen:
            self.expire(token)
        return len(chosen)

    def revoke_all(self, belongs: Callable[[Approval], bool]) -> int:
        chosen = [each for each in self._approvals.values() if not each.is_revoked and belongs(each)]
        for approval in chosen:
            self.revoke(approval)
        return len(chosen)

    def forget(self) -> None:
        """Delete every approval and token."""
        for table in ("approval", "access_token", "refresh_token"):
            self._database.write(f"DELETE FROM {table}")
        self._approvals.clear()
        self._access.clear()
        self._refresh.clear()

    def _living(self) -> Iterator[AccessToken]:
        return (token for token in self._access.values() if not token.is_expired and not token.approval.is_revoked)

    def _load(self) -> None:
        for row in self._database.read("SELECT id, client_id, user_id, scope, revoked FROM approval ORDER BY id"):
            self._approvals[row[0]] = Approval(row[0], row[1], row[2], row[3], bool(row[4]))
        for row in self._database.read("SELECT token, approval_id, issued_at, expired FROM access_token"):
            token = AccessToken(row[0], self._approvals[row[1]], row[2], bool(row[3]))
            self._access[token.token] = token
            token.approval.access_tokens.append(token)
        for row in self._database.read("SELECT token, approval_id, rotated FROM refresh_token"):
            self._refresh[row[0]] = RefreshToken(row[0], self._approvals[row[1]], bool(row[2]))
