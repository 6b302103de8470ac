"""Salesforce record ids: 15 case-sensitive characters, and three more that spell out the case for those who ignore it."""

from functools import lru_cache

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKSUM_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
DEFAULT_INSTANCE = "Sb0"
NUMBER_LENGTH = 9
_instance = DEFAULT_INSTANCE
_VALUES = {digit: value for value, digit in enumerate(DIGITS)}


def use_instance(instance: str) -> None:
    """Have this process's ids bear these three characters; another org's bear others, so that neither knows the other's."""
    global _instance  # noqa: PLW0603 - a process is one org
    _instance = instance


@lru_cache(maxsize=8192)
def _checksum_character(group: str) -> str:
    """The character for five id characters: bit i is set where character i is an upper-case letter."""
    return CHECKSUM_ALPHABET[sum(1 << place for place, letter in enumerate(group) if "A" <= letter <= "Z")]


def with_checksum(id15: str) -> str:
    """The 18-character form of a 15-character id."""
    return id15 + "".join(_checksum_character(id15[start : start + 5]) for start in (0, 5, 10))


@lru_cache(maxsize=8192)
def normalise(text: str) -> str | None:
    """The 18-character form of an id given in either form; None where it is no id or its checksum is wrong."""
    if len(text) not in (15, 18) or not (text.isascii() and text.isalnum()):
        return None
    id18 = with_checksum(text[:15])
    return id18 if len(text) == 15 or text == id18 else None


def make_id(key_prefix: str, number: int) -> str:
    """The id of this org's record `number`, an 18-character string that starts with the object's key prefix."""
    digits = []
    for _ in range(NUMBER_LENGTH):
        number, rest = divmod(number, 62)
        digits.append(DIGITS[rest])
    return with_checksum(key_prefix + _instance + "".join(reversed(digits)))


def number_of(record_id: str) -> int | None:
    """The number within an 18-character id that this org made; None for an id of another org."""
    if record_id[3:6] != _instance:
        return None
    number = 0
    for digit in record_id[6:15]:
        number = number * 62 + _VALUES[digit]
    return number
