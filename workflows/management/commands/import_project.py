"""`manage.py import_project FILE`: make or update a project from a YAML file; prints JSON ids."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lib.errors import IsthmusError
from projects.models import Member, Project, Role, User
from workflows.project_files import import_project


class Command(BaseCommand):
    help = "Make or update a project from a YAML file ('-' for standard input), and print its ids as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument(
            "--project", help="the id of the project to update; else the one of the file's name, or a new one"
        )
        parser.add_argument(
            "--deploy", action="store_true", help="deploy the workflows whose draft differs from the live version"
        )
        parser.add_argument("--owner", help="e-mail address of an account that becomes the project's owner")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = sys.stdin.read() if options["file"] == "-" else Path(options["file"]).read_text()
            project = Project.objects.get(pk=options["project"]) if options["project"] else None
            owner = User.objects.get(email__iexact=options["owner"]) if options["owner"] else None
            imported = import_project(text, project=project, deploy=options["deploy"])
        except OSError as exc:
            raise CommandError(f"The file can not be read: {exc}") from exc
        except (Project.DoesNotExist, User.DoesNotExist) as exc:
            raise CommandError(str(exc)) from exc
        except IsthmusError as exc:
            problems = "".join(f"\n - {problem}" for problem in exc.ids.get("problems", []))
            raise CommandError(exc.message + problems) from exc
        if owner:
            Member.objects.get_or_create(project_id=imported.project_id, user=owner, defaults={"role": Role.OWNER})
        self.stdout.write(json.dumps(asdict(imported)))
