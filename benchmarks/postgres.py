"""A PostgreSQL server on this machine, with a database for each system under test."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from benchmarks import meters
from benchmarks.cluster import Cluster
from benchmarks.processes import BenchmarkFailed

_ON_DISK = "/var/tmp"
"""Where temporary files are in no memory: what is measured waits for a disk."""
_SETTINGS = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_connections")


class Postgres:
    """The server behind `url`, whose role may make databases."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made: list[str] = []
        if urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
            raise BenchmarkFailed(
                "The benchmark speaks to a PostgreSQL on this machine alone: its CPU time is counted."
            )
        self.settings = {name: str(self.value(f"SHOW {name}")) for name in _SETTINGS}
        with self.connect() as connection:
            parent = Path(f"/proc/{connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()[1]
        self.postmaster = int(parent)

    def connect(self, name: str | None = None) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url_of(name) if name else self._url, autocommit=True, connect_timeout=5)

    def value(self, statement: str, parameters: Sequence[object] = (), *, of: str | None = None) -> Any:
        """The first column of a statement's one row, in the database `of`."""
        with self.connect(of) as connection:
            row = connection.execute(statement, parameters).fetchone()
        assert row is not None
        return row[0]

    def url_of(self, name: str) -> str:
        parts = urlsplit(self._url)
        return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))

    def create(self, purpose: str) -> str:
        """Make an empty database of this run; gives its name."""
        name = f"bench_{purpose}_{os.getpid()}"
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        self._made.append(name)
        return name

    def drop(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._made.remove(name)

    def drop_all(self) -> None:
        for name in list(self._made):
            self.drop(name)

    def free_connections(self) -> int:
        """How many more connections the server takes from anybody."""
        return int(
            self.value(
                "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
                " - count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            )
        )

    def cpu_seconds(self) -> float:
        """CPU seconds of the whole server so far, its ended back ends included."""
        return meters.cpu_seconds([self.postmaster])

    def foreign_transactions(self) -> int:
        """Transactions so far of databases that are not this run's: their work is in `cpu_seconds` too."""
        return int(
            self.value(
                "SELECT coalesce(sum(xact_commit + xact_rollback), 0) FROM pg_stat_database"
                " WHERE datname IS NOT NULL AND datname <> ALL(%s) AND datname <> current_database()",
                [self._made],
            )
        )

    def checkpoint(self) -> None:
        """Begin every measurement with as much room until the next checkpoint; only a superuser may."""
        with self.connect() as connection:
            try:
                connection.execute("CHECKPOINT")
            except psycopg.errors.InsufficientPrivilege:
                return

    def wal_bytes(self) -> int:
        """Where the write-ahead log stands; a difference is what was written in between."""
        return int(self.value("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))

    def size_of(self, name: str) -> int:
        """Bytes of a database on disk; 0 for no name."""
        return int(self.value("SELECT pg_database_size(%s)", [name])) if name else 0


@contextmanager
def server(url: str) -> Iterator[Postgres]:
    """The server behind `url`, or, where that is empty, one of this run's own as Debian makes it. Whatever happens, what was
    made is gone with the block. Raises BenchmarkFailed."""
    with ExitStack() as stack:
        if not url:
            folder = Path(tempfile.mkdtemp(prefix="isthmus-postgres-", dir=_ON_DISK))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            cluster = Cluster(folder / "cluster")
            stack.callback(_end, cluster)
            cluster.make()
            url = cluster.url
        try:
            postgres = Postgres(url)
        except psycopg.OperationalError as exc:
            raise BenchmarkFailed(f"There is no PostgreSQL to measure with: {exc}") from exc
        stack.callback(postgres.drop_all)
        yield postgres


def _end(cluster: Cluster) -> None:
    with suppress(BenchmarkFailed):  # it may not even have started
        cluster.stop()
