"""`manage.py reseal_secrets`: every stored secret under the first of ENCRYPTION_KEYS, so that the others can go."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from integrations.resealing import reseal
from lib.commands import SentenceCommand
from workflows.resealing import kinds


class Command(SentenceCommand):
    help = "Seal every stored secret anew under the first of ENCRYPTION_KEYS. Safe to run twice, and while everything runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count, and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run: bool = options["dry_run"]
        unreadable = 0
        for kind in kinds():
            tally = reseal(kind, dry_run=dry_run)
            done = "to be sealed anew" if dry_run else "sealed anew"
            self.stdout.write(f"{kind.name}: {tally.renewed} {done}, {tally.current} under the first key already.")
            for row_id in tally.unreadable:
                self.stderr.write(f"{kind.name}: no key opens {kind.rows.model._meta.db_table} {row_id}.")
            unreadable += len(tally.unreadable)
        if unreadable:
            raise CommandError(
                f"{unreadable} can not be opened, and stayed as they are: their key is not among ENCRYPTION_KEYS, or they "
                "were moved from another row. Put the key back and run this again; what is lost has to be entered anew."
            )
