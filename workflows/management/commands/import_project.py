"""`manage.py import_project FILE`: make or change a project as a YAML file says; prints JSON ids."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from lib.commands import SentenceCommand
from projects.models import Project, User
from workflows.project_files.imports import Imported, import_project

EXIT_DIFFERS = 2


class Command(SentenceCommand):
    help = (
        "Make or change a project as a YAML file says ('-' for standard input), and print its ids as JSON. Without --project "
        "it is the project of the file's name that --owner owns, else one of that name without members, else a new one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--project", help="the id of the project to change")
        parser.add_argument("--owner", help="e-mail address of an account that becomes the project's owner")
        parser.add_argument(
            "--deploy", action="store_true", help="deploy the workflows whose draft differs from the live version"
        )
        parser.add_argument(
            "--prune", action="store_true", help="remove workflows and App Events that the file does not name"
        )
        parser.add_argument(
            "--plan",
            action="store_true",
            help="say what the import would change, change nothing, and exit with 2 if there is something",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        text = _text_of(options["file"])
        imported = import_project(
            text,
            project=_project(options["project"]) if options["project"] else None,
            owner=_owner(options["owner"]) if options["owner"] else None,
            deploy=options["deploy"],
            prune=options["prune"],
            plan=options["plan"],
        )
        for warning in imported.warnings:
            self.stderr.write(warning)
        self._say_not_in_file(imported, pruned=options["prune"])
        if not options["plan"]:
            self.stdout.write(json.dumps(asdict(imported), ensure_ascii=False))
            return
        self.stdout.write("\n".join(imported.changes) or "Nothing would change.")
        if imported.changes:
            sys.exit(EXIT_DIFFERS)

    def _say_not_in_file(self, imported: Imported, *, pruned: bool) -> None:
        if imported.not_in_file:
            advice = "" if pruned else " --prune removes workflows and App Events, and switches integrations off."
            self.stderr.write(f"Not in the file, and still there: {'; '.join(imported.not_in_file)}.{advice}")


def _text_of(file: str) -> str:
    try:
        return (sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise CommandError("The file is not UTF-8 text. Save it in that encoding.") from exc
    except (OSError, ValueError) as exc:
        raise CommandError(f"The file can not be read: {exc}") from exc


def _project(project_id: str) -> Project:
    try:
        return Project.objects.get(pk=project_id)
    except (Project.DoesNotExist, ValidationError, ValueError) as exc:
        raise CommandError(f"There is no project with the id {project_id}.") from exc


def _owner(email: str) -> User:
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if user is None:
        raise CommandError(f"There is no account {email}. Sign up with that address first.")
    return user
