"""The SQLite file: its tables, and group commits, so that a write costs no commit of its own."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY, object TEXT NOT NULL, body TEXT NOT NULL,
    created_by TEXT, created TEXT NOT NULL, modstamp TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0,
    external_id TEXT, email TEXT, name TEXT
);
CREATE INDEX IF NOT EXISTS record_object ON record (object, deleted);
CREATE INDEX IF NOT EXISTS record_created ON record (object, created);
CREATE INDEX IF NOT EXISTS record_creator ON record (object, created_by, created);
CREATE INDEX IF NOT EXISTS record_modstamp ON record (object, modstamp);
CREATE INDEX IF NOT EXISTS record_external_id ON record (object, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS record_email ON record (object, email) WHERE email IS NOT NULL;
CREATE INDEX IF NOT EXISTS record_name ON record (object, name) WHERE name IS NOT NULL;
CREATE INDEX IF NOT EXISTS record_last_name
    ON record (object, json_extract(body, '$.LastName') COLLATE NOCASE, created);
CREATE TABLE IF NOT EXISTS tally (object TEXT PRIMARY KEY, living INTEGER NOT NULL);
INSERT INTO tally SELECT object, sum(1 - deleted) FROM record WHERE NOT EXISTS (SELECT 1 FROM tally) GROUP BY object;
CREATE TRIGGER IF NOT EXISTS tally_insert AFTER INSERT ON record BEGIN
    INSERT INTO tally VALUES (NEW.object, 1 - NEW.deleted) ON CONFLICT (object) DO UPDATE SET living = living + 1;
END;
CREATE TRIGGER IF NOT EXISTS tally_recycle AFTER UPDATE OF deleted ON record WHEN OLD.deleted <> NEW.deleted BEGIN
    UPDATE tally SET living = living + OLD.deleted - NEW.deleted WHERE object = NEW.object;
END;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS account (user_id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, password TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS app (
    client_id TEXT PRIMARY KEY, client_secret TEXT, name TEXT NOT NULL, redirect_uris TEXT NOT NULL,
    rotation INTEGER NOT NULL, require_pkce INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS approval (
    id INTEGER PRIMARY KEY, client_id TEXT NOT NULL, user_id TEXT NOT NULL, scope TEXT NOT NULL,
    by_user INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS access_token (
    token TEXT PRIMARY KEY, approval_id INTEGER NOT NULL, issued_at REAL NOT NULL, expired INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS refresh_token (
    token TEXT PRIMARY KEY, approval_id INTEGER NOT NULL, rotated INTEGER NOT NULL DEFAULT 0
);
"""

Deferrer = Callable[[Callable[[], None]], None]


class Database:
    """One connection, used by one thread. Writes gather in a transaction that `defer` closes a moment later.

    The org answers before that commit: a killed process may lose the last few hundredths of a second, a stopped one
    loses nothing. Everybody reads through this connection, so everybody sees every write at once.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, isolation_level=None, cached_statements=512)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.connection.execute("PRAGMA wal_autocheckpoint=10000")
        self.connection.execute("PRAGMA cache_size=-65536")
        self.connection.executescript(SCHEMA)
        self.defer: Deferrer | None = None

    def write(self, sql: str, parameters: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Run one statement inside the gathering transaction, which this opens where none is open."""
        if not self.connection.in_transaction:
            self.connection.execute("BEGIN")
            if self.defer is not None:
                self.defer(self.commit)
        return self.connection.execute(sql, parameters)

    def read(self, sql: str, parameters: tuple[object, ...] | list[object] = ()) -> sqlite3.Cursor:
        return self.connection.execute(sql, parameters)

    def commit(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")

    @contextmanager
    def all_or_none(self) -> Iterator["Undo"]:
        """A stretch of writes that the block may take back whole by `undo.rollback()`."""
        self.write("SAVEPOINT stretch")
        undo = Undo(self.connection)
        try:
            yield undo
        except BaseException:
            undo.rollback()
            raise
        finally:
            self.connection.execute("RELEASE stretch")

    def close(self) -> None:
        self.commit()
        self.connection.close()


class Undo:
    """The handle of one `all_or_none` stretch."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rollback(self) -> None:
        self._connection.execute("ROLLBACK TO stretch")
