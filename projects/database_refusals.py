"""What it means that the database refuses: away, read-only or full; and when it last did, so that health can say so."""

import sqlite3
import time
from dataclasses import dataclass

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError

from projects.errors import DatabaseReadOnly, DatabaseUnavailable, DiskFull

Refusal = DatabaseUnavailable | DatabaseReadOnly | DiskFull

_READ_ONLY_STATES = frozenset({"25006"})
_FULL_STATES = frozenset({"53100"})
"""PostgreSQL's SQLSTATEs: read_only_sql_transaction, disk_full."""
_PERHAPS_THE_STATEMENTS = frozenset({"57014", "53200"})
"""query_canceled (as by statement_timeout), out_of_memory: the database has had enough of this statement, or of all."""
_LIMIT_CLASS = "54"
"""PostgreSQL's class of SQLSTATEs for a statement that is too large or too complex, which drivers call operational."""
_STATEMENTS_OWN = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE}
)
"""SQLite's codes that speak of the statement or its values."""


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
    if isinstance(exc, OperationalError | InterfaceError) and not _is_about_statement(cause):
        return DatabaseUnavailable()
    return None


def _is_about_statement(cause: BaseException) -> bool:
    if isinstance(cause, sqlite3.InterfaceError):
        return True  # a value of a type that the driver does not know
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _STATEMENTS_OWN
    return _is_of_the_limit_class(cause)


def _is_of_the_limit_class(cause: BaseException) -> bool:
    return (getattr(cause, "sqlstate", None) or "").startswith(_LIMIT_CLASS)


def meets_everybody(exc: BaseException) -> bool:
    """Whether the database refuses whatever is asked of it now, so that nobody's values can be the reason."""
    state = getattr(exc.__cause__ or exc, "sqlstate", None)
    return refusal_of(exc) is not None and state not in _PERHAPS_THE_STATEMENTS


def is_about_a_value(exc: DatabaseError | InterfaceError) -> bool:
    """Whether a value of the statement's rows may be the reason, so that without its row the statement succeeds."""
    cause = exc.__cause__ or exc
    is_refused_value = isinstance(exc, DataError | IntegrityError) or isinstance(cause, sqlite3.InterfaceError)
    return is_refused_value or _is_of_the_limit_class(cause)


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
