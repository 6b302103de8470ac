"""Hosts' clocks: each has its own, and the database's is the one that all of them can ask."""

from django.db import connection
from django.utils import timezone

from lib import hot_statements


def seconds_ahead() -> float:
    """How far this host's clock is ahead of the database's, as exactly as a round trip allows. SQLite has none of its own."""
    if not hot_statements.is_postgres():
        return 0.0
    connection.ensure_connection()
    asked = timezone.now()
    [(theirs,)] = hot_statements.run("SELECT clock_timestamp()")
    return float((asked + (timezone.now() - asked) / 2 - theirs).total_seconds())
