"""Names that look alike and are not the same: what a person can not see, said in words."""

import unicodedata
from collections.abc import Iterable


def near(sent: str, known: Iterable[str]) -> tuple[str, str] | None:
    """The known name that `sent` would be, were it not for what is hard to see, and what that is; None when there is none."""
    for name in known:
        if _plain(sent) == _plain(name):
            return name, _difference(sent, name)
    return None


def _plain(name: str) -> str:
    """The name without regard to normal form, capitals, widths, kinds and numbers of spaces, and invisible characters."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(_visible(folded).split())


def _visible(text: str) -> str:
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def _difference(sent: str, name: str) -> str:
    """What to say of two names that are plainly the same: the first that explains it."""
    if unicodedata.normalize("NFC", sent) == unicodedata.normalize("NFC", name):
        return "by its Unicode normal form: an accent is a character of its own in one of them"
    if _visible(sent) == _visible(name):
        return f"by an invisible character ({_code_point(_odd_ones_out(sent, name))})"
    if " ".join(sent.split()) == " ".join(name.split()):
        odd = [character for character in _odd_ones_out(sent, name) if character != " "]
        return f"by {_named(odd[0])} in place of a space" if odd else "by the number of spaces"
    if sent.casefold() == name.casefold():
        return "by capitals"
    return "by characters that look alike, or by several of spaces, capitals and accents"


def _odd_ones_out(sent: str, name: str) -> list[str]:
    """The characters that one has more of than the other: invisible ones first, then those furthest from ASCII."""
    counted = {character for character in sent + name if sent.count(character) != name.count(character)}
    return sorted(counted, key=lambda character: (unicodedata.category(character) != "Cf", -ord(character)))


def _code_point(characters: list[str]) -> str:
    return f"U+{ord(characters[0]):04X}"


def _named(character: str) -> str:
    name = unicodedata.name(character, "").lower()
    return f"a {name}" if name else f"the character U+{ord(character):04X}"
