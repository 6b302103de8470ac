"""`manage.py export_project PROJECT`: a project as a YAML file, without its secrets."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from projects.models import Project
from workflows.project_files import export_project


class Command(BaseCommand):
    help = "Write a project (by id or name) as YAML; secrets become references to environment variables."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project")
        parser.add_argument("--out", help="the file to write; else standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        text = export_project(find_project(options["project"]))
        if options["out"]:
            Path(options["out"]).write_text(text)
        else:
            self.stdout.write(text, ending="")


def find_project(id_or_name: str) -> Project:
    """The project of that id, or the only one of that name. Raises CommandError."""
    try:
        return Project.objects.get(pk=id_or_name)
    except (Project.DoesNotExist, ValidationError, ValueError):
        named = list(Project.objects.filter(name=id_or_name)[:2])
    if len(named) != 1:
        raise CommandError(f"There is {'no' if not named else 'more than one'} project “{id_or_name}”; give its id.")
    return named[0]
