"""Names that are taken: the database knows for certain, also when two people type the same at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from workflows.errors import NameTaken


@contextmanager
def refusing_taken_names(message: str) -> Iterator[None]:
    """One transaction whose unique name may turn out to be taken. Raises: NameTaken with `message`."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise NameTaken(message) from error
