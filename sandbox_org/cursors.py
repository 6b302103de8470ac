"""Queries that wait for their next page to be asked for."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from sandbox_org import ids
from sandbox_org.soql.running import ResultSet

CURSORS_PER_USER = 10


@dataclass(frozen=True, slots=True)
class Cursor:
    """An open query of one user, waiting for its next page."""

    result: ResultSet
    page_size: int


class Cursors:
    """Open cursors by locator; a user's eleventh closes the first."""

    def __init__(self) -> None:
        self._open: dict[str, OrderedDict[str, Cursor]] = {}

    def keep(self, user_id: str, cursor: Cursor) -> str:
        locator = ids.with_checksum("01g" + secrets.token_hex(6))
        own = self._open.setdefault(user_id, OrderedDict())
        own[locator] = cursor
        while len(own) > CURSORS_PER_USER:
            own.popitem(last=False)
        return locator

    def find(self, user_id: str, locator: str) -> Cursor | None:
        own = self._open.get(user_id)
        return own.get(locator) if own else None

    def clear(self) -> None:
        self._open.clear()
