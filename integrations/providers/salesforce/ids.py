"""Salesforce's record ids: 15 characters that tell upper from lower case, or 18 with a checksum that restores it."""

from __future__ import annotations

from typing import Final

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def id18(record_id: str) -> str:
    """The 18-character form of an id of either form; anything else is given back as it is."""
    if len(record_id) not in (15, 18):
        return record_id
    first = record_id[:15]
    groups = (first[start : start + 5] for start in (0, 5, 10))
    return first + "".join(
        _ALPHABET[sum(1 << bit for bit, char in enumerate(group) if "A" <= char <= "Z")] for group in groups
    )


def same_id(one: str, other: str) -> bool:
    """Whether both name one record, whatever their forms."""
    return one[:15] == other[:15]
