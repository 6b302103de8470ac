"""Management commands that refuse in sentences what they were asked, and to run where there is no Isthmus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor

from lib.errors import IsthmusError

_WHERE = "Set DATA_DIR or DATABASE_URL to those of the running Isthmus, or run `manage.py migrate` to begin a new one."


class SentenceCommand(BaseCommand):
    """A command that asks an Isthmus which is there already, and makes none."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        _refuse_missing_file()
        try:
            return super().execute(*args, **options)
        except IsthmusError as exc:
            problems = "".join(f"\n - {problem}" for problem in exc.ids.get("problems", []))
            raise CommandError(exc.message + problems) from exc
        except (OperationalError, ProgrammingError, InterfaceError) as exc:
            raise CommandError(_unusable(exc)) from exc
        except DatabaseError as exc:
            raise CommandError(f"The database refused this, and nothing was changed: {_first_line(exc)}") from exc


def _refuse_missing_file() -> None:
    """Connecting to a SQLite file that is not there would make one."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and "mode=memory" not in name and name != ":memory:" and not Path(name).exists():
        raise CommandError(f"There is no database {name}. {_WHERE}")


def _unusable(error: Exception) -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError):
        return f"The database does not answer: {_first_line(error)}"
    if pending and not executor.loader.applied_migrations:
        return f"The database has no tables of Isthmus yet. {_WHERE}"
    if pending:
        return f"The database is of an earlier version: {len(pending)} migrations are missing. Run `manage.py migrate` first."
    return f"The database refused this: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
