"""`manage.py create_signing_key PROJECT --out FILE`: a new signing key, its private half in a file."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from lib.commands import SentenceCommand
from projects.errors import TooManySigningKeys
from projects.models import SigningKey
from projects.signing_keys import generate_key
from workflows.management.commands.export_project import find_project

MAX_NAME = SigningKey._meta.get_field("name").max_length or 0


class Command(SentenceCommand):
    help = "Make a signing key for a project; its private half goes into --out and is kept nowhere else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="id or name")
        parser.add_argument("--out", required=True, help="the .pem file to write; must not exist yet")
        parser.add_argument("--name", default="", help="what the dashboard calls it")

    def handle(self, *args: Any, **options: Any) -> None:
        project, out, name = find_project(options["project"]), Path(options["out"]), options["name"].strip()
        if len(name) > MAX_NAME or "\0" in name:
            raise CommandError(f"The name of a key has at most {MAX_NAME} characters, and no NUL.")
        try:
            # The file first: a key whose private half could not be written would be of no use to anybody.
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as exc:
            raise CommandError(f"{out} exists; keys are never overwritten. Name another file.") from exc
        except (OSError, ValueError) as exc:
            raise CommandError(f"{out} can not be written: {exc}") from exc
        try:
            new = generate_key(project, name=name)
        except TooManySigningKeys:
            os.close(descriptor)
            out.unlink()
            raise
        with os.fdopen(descriptor, "w") as file:
            file.write(new.private_pem)
        self.stdout.write(
            json.dumps({"signing_key_id": str(new.key.pk), "fingerprint": new.key.fingerprint, "file": str(out)})
        )
