"""Hides secrets in texts and in JSON values, in whatever form a program may have written them."""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, quote_plus

MASK: Final = "••••••"
_SHORT: Final = 4
"""A shorter secret is hidden only where it stands as a word: elsewhere every text would be full of it."""
_CUT: Final = 6
"""So many first characters stand for the whole, since texts are cut off; at a text's end, _CUT_AT_END are enough."""
_CUT_AT_END: Final = 3
_LONGEST: Final = 20_000
"""Of a longer secret, so many first characters are looked for."""


class Mask:
    """Replaces each of its secrets by dots: as it is, in other case, cut off, escaped or encoded. The longest goes first."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple({secret[:_LONGEST].strip() for secret in secrets} - {""})

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def __repr__(self) -> str:
        return f"<Mask of {len(self._secrets)}>"  # a mask in a log line must not tell what it hides

    def text(self, text: str) -> str:
        """Return `text` with every secret in it replaced."""
        if not self._secrets or not text:
            return text
        shown: list[str] = []
        end = 0
        for found in self._heads.finditer(text):
            if found.start() >= end:
                shown += (text[end : found.start()], MASK)
                end = self._end_of(text, found)
        return self._without_cut_end("".join((*shown, text[end:])))

    def value(self, value: Any, *, but: frozenset[str] = frozenset()) -> Any:
        """Return a JSON value with every secret in its texts replaced, and numbers that are one; `but` the values of these
        keys, which programs read."""
        if not self._secrets:
            return value
        match value:
            case str():
                return self.text(value)
            case dict():
                return {key: item if key in but else self.value(item, but=but) for key, item in value.items()}
            case list() | tuple():
                return [self.value(item, but=but) for item in value]
            case bool() | None:
                return value
            case int() | float():
                return MASK if self._is_number_of(value) else value
            case _:
                return value

    @cached_property
    def _forms(self) -> frozenset[str]:
        return frozenset(form for secret in self._secrets for form in _forms_of(secret))

    @cached_property
    def _by_head(self) -> dict[str, list[str]]:
        """The forms by their first characters in lower case."""
        found: dict[str, list[str]] = {}
        for form in self._forms:
            found.setdefault(form[:_CUT].lower(), []).append(form)
        return found

    @cached_property
    def _heads(self) -> re.Pattern[str]:
        heads = sorted({form[:_CUT] for form in self._forms}, key=len, reverse=True)
        return re.compile("|".join(map(_pattern_of, heads)), re.IGNORECASE)

    def _end_of(self, text: str, found: re.Match[str]) -> int:
        """Return where the longest form ends that begins at `found`, also when only its beginning is there."""
        lengths = (_shared(text, found.start(), form) for form in self._by_head.get(found[0].lower(), ()))
        return found.start() + max(len(found[0]), *lengths, 0)

    def _without_cut_end(self, text: str) -> str:
        """Replace a beginning of a secret with which the text breaks off."""
        end = text.rstrip(" .…'\"”’)")
        for secret in self._secrets:
            for length in range(min(_CUT, len(secret)) - 1, _CUT_AT_END - 1, -1):
                if len(secret) >= _CUT and end.lower().endswith(secret[:length].lower()):
                    return end[:-length] + MASK + text[len(end) :]
        return text

    def _is_number_of(self, value: float) -> bool:
        written = {str(value), str(int(value)) if isinstance(value, float) and value.is_integer() else ""}
        return any(secret in written or _as_number(secret) == value for secret in self._secrets)


NOTHING: Final = Mask(())


def _pattern_of(head: str) -> str:
    return re.escape(head) if len(head) >= _SHORT else rf"(?<!\w){re.escape(head)}(?!\w)"


def _shared(text: str, start: int, form: str) -> int:
    """Return how many characters of `form` stand in `text` from `start` on."""
    count = 0
    for one, other in zip(text[start : start + len(form)], form, strict=False):
        if one != other and one.lower() != other.lower():
            break
        count += 1
    return count


def _as_number(secret: str) -> float | None:
    try:
        return float(secret) if len(secret) <= 40 else None
    except ValueError:
        return None


def _forms_of(secret: str) -> Iterator[str]:
    """Yield the secret as programs write it: in JSON, in Python, in SQL, in addresses, in HTML, in base64, in
    hexadecimal; some of them twice over, as a proxy or a page within a page does."""
    lines, without_spaces = " ".join(secret.split()), "".join(secret.split())
    yield from (secret.upper(), secret.lower())  # of which some letters make two
    for text in {
        secret,
        lines,
        without_spaces,
        unicodedata.normalize("NFC", secret),
        unicodedata.normalize("NFD", secret),
    }:
        yield text
        for in_json in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
            yield in_json
            yield json.dumps(in_json)[1:-1]
        yield from (repr(text)[1:-1], ascii(text)[1:-1], repr(text.encode(errors="replace"))[2:-1])
        yield from (text.replace("'", "''"), text.replace("'", "\\'"), text.replace('"', '""'))
        yield quote(quote(text, safe="", errors="replace"), safe="")
        yield from (quote(text, safe="", errors="replace"), quote(text, errors="replace"))
        yield quote_plus(text, errors="replace")
        in_html = html.escape(text)
        yield from (in_html, in_html.replace("&#x27;", "&#39;"), in_html.replace("&#x27;", "&apos;"))
        yield from (html.escape(text, quote=False), html.escape(in_html))
    if len(secret) >= _SHORT:
        yield secret.encode(errors="replace").hex()
        yield from _forms_in_base64(secret.encode(errors="replace"))


def _forms_in_base64(secret: bytes) -> Iterator[str]:
    """Yield what base64 makes of the secret alone and within other text: three ways, by where it begins in a group of three.

    Characters that the text before or after it shares are left out; so is a form of fewer than _SHORT characters.
    """
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(secret).decode()
        yield encode(secret).decode().rstrip("=")
        for before, shared in ((0, 0), (1, 2), (2, 3)):
            encoded = encode(bytes(before) + secret).decode().rstrip("=")
            inner = encoded[shared : len(encoded) - (1 if (before + len(secret)) % 3 else 0)]
            if len(inner) >= _SHORT:
                yield inner
