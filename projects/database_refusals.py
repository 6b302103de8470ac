"""What it means that the database refuses: away, read-only or full; and when it last did, so that health can say so."""

import sqlite3
import time
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, OperationalError

from projects.errors import DatabaseReadOnly, DatabaseUnavailable, DiskFull

Refusal = DatabaseUnavailable | DatabaseReadOnly | DiskFull

_READ_ONLY_STATES = frozenset({"25006"})
_FULL_STATES = frozenset({"53100"})
"""PostgreSQL's SQLSTATEs: read_only_sql_transaction, disk_full."""


@dataclass(frozen=True, slots=True)
class Noted:
    """The last refusal that this process has met; `at` by the monotonic clock."""

    code: str
    message: str
    at: float


_noted: Noted | None = None


def refusal_of(exc: BaseException) -> Refusal | None:
    """What a database error says about the database; None when it is about the statement, and so a fault of ours."""
    cause = exc.__cause__ or exc
    state = getattr(cause, "sqlstate", None)
    if state in _READ_ONLY_STATES:
        return DatabaseReadOnly()
    if state in _FULL_STATES:
        return DiskFull()
    if isinstance(cause, sqlite3.Error):
        match getattr(cause, "sqlite_errorcode", 0) & 0xFF:  # the low byte; the rest says more than we need
            case sqlite3.SQLITE_READONLY:
                return DatabaseReadOnly()
            case sqlite3.SQLITE_FULL:
                return DiskFull()
    if isinstance(exc, OperationalError | InterfaceError):
        return DatabaseUnavailable()
    return None


def note(exc: DatabaseError | InterfaceError) -> Refusal | None:
    """`refusal_of`, remembered for health: a full disk shows only where something is written."""
    global _noted  # noqa: PLW0603 - one fact a process, replaced as a whole
    refusal = refusal_of(exc)
    if refusal is not None:
        _noted = Noted(refusal.code, refusal.message, time.monotonic())
    return refusal


def noted_within(seconds: float) -> Noted | None:
    """The last refusal, unless it is longer ago than that."""
    noted = _noted
    return noted if noted and time.monotonic() - noted.at < seconds else None


def forget() -> None:
    global _noted  # noqa: PLW0603
    _noted = None
