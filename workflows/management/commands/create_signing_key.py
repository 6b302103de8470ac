"""`manage.py create_signing_key PROJECT --out FILE`: a new signing key, its private half in a file."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from projects.signing_keys import generate_key
from workflows.management.commands.export_project import find_project


class Command(BaseCommand):
    help = "Make a signing key for a project; its private half goes into --out and is kept nowhere else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="id or name")
        parser.add_argument("--out", required=True, help="the .pem file to write; must not exist yet")
        parser.add_argument("--name", default="", help="what the dashboard calls it")

    def handle(self, *args: Any, **options: Any) -> None:
        project, out = find_project(options["project"]), Path(options["out"])
        try:
            # The file first: a key whose private half could not be written would be of no use to anybody.
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as exc:
            raise CommandError(f"{out} exists; keys are never overwritten. Name another file.") from exc
        except OSError as exc:
            raise CommandError(f"{out} can not be written: {exc}") from exc
        new = generate_key(project, name=options["name"])
        with os.fdopen(descriptor, "w") as file:
            file.write(new.private_pem)
        self.stdout.write(
            json.dumps({"signing_key_id": str(new.key.pk), "fingerprint": new.key.fingerprint, "file": str(out)})
        )
