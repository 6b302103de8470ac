"""`manage.py export_project PROJECT`: a project as a YAML file, without its secrets."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from lib.commands import SentenceCommand
from projects.models import Project
from workflows.project_files.exports import export_project


class Command(SentenceCommand):
    help = "Write a project (by id or name) as YAML; secrets become references to environment variables."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project")
        parser.add_argument("--out", help="the file to write; else standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        text = export_project(find_project(options["project"]))
        if not options["out"]:
            self.stdout.write(text, ending="")
            return
        try:
            Path(options["out"]).write_text(text, encoding="utf-8")
        except (OSError, ValueError) as exc:
            raise CommandError(f"{options['out']} can not be written: {exc}") from exc


def find_project(id_or_name: str) -> Project:
    """The project of that id, or the only one of that name. Raises CommandError."""
    try:
        return Project.objects.get(pk=id_or_name)
    except (Project.DoesNotExist, ValidationError, ValueError):
        named = list(Project.objects.filter(name=id_or_name)[:2]) if "\0" not in id_or_name else []
    if len(named) != 1:
        raise CommandError(f"There is {'no' if not named else 'more than one'} project “{id_or_name}”; give its id.")
    return named[0]
