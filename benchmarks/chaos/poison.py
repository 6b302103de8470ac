"""Inputs that real systems send and that have harmed others somewhere: one kind each, and what may become of it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

EVENT_NAME = "Lead Created"
MEGABYTE = 1_000_000
_LARGE = 12345678901234567890123
_TEMPLATE_CHARACTERS = 5_000
"""A list of so many items, joined by a text of so many characters, is 25 MB: more than a rendering may come to."""

Ending = str
"""What became of an event: "refused", "failed", "asked", "succeeded", "open", "crashed" (a 500), "unanswered"."""


@dataclass
class Draft:
    """A request before it is sent. `body` stands instead of `name` and `payload` once it is set."""

    number: int
    payload: Any
    key: str | bytes
    name: Any = EVENT_NAME
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def encoded(self) -> bytes:
        """Write the body as JSON; a text `RAW:…` stands there without its quotes."""
        if self.body is not None:
            return self.body
        written = json.dumps({"name": self.name, "payload": self.payload})
        return re.sub(r'"RAW:([^"]*)"', r"\1", written).encode()


@dataclass(frozen=True)
class Poison:
    """One kind. `spoil` changes a healthy draft; `endings` are those that harm nobody."""

    name: str
    spoil: Callable[[Draft], None]
    endings: frozenset[Ending]
    kept: str = ""
    """The text that `trigger.code` has to arrive as, where the run succeeds."""


def healthy_payload(number: int, user_name: str) -> dict[str, Any]:
    """The payload of event `number`: a value for each type of field, and an argument for each filter."""
    return {
        "user": user_name,
        "first_name": f"{number}",
        "last_name": f"Lind {number}",
        "email": f"bo.{number}@lind.example",
        "company": "Lind & Daughters",
        "key": f"key-{number}",
        "code": f"0{number}",
        "employees": 12,
        "factor": "2",
        "revenue": 1250.5,
        "parts": 2,
        "at": "2026-03-09T14:05:00+01:00",
        "day": "2026-03-09",
        "urgent": True,
        "tags": ["math", "poetry", "math"],
        "glue": ", ",
        "since": "9 March 2026",
        "notes": "<p>Wrote the <b>first</b> program.</p>",
        "width": 80,
    }


_REFUSED = frozenset({"refused"})
_FAILS = frozenset({"failed"})
_FAILS_OR_REFUSED = frozenset({"refused", "failed"})
_FAILS_OR_NOT = frozenset({"failed", "succeeded"})
_ANY = frozenset({"refused", "failed", "succeeded"})
"""Where more than one answer is right: the neighbours are what is looked at."""


def _values(**changes: Any) -> Callable[[Draft], None]:
    """Give a function that puts `changes` into the payload."""

    def spoil(draft: Draft) -> None:
        draft.payload |= changes

    return spoil


def _nested(levels: int, opening: str = "[", closing: str = "]") -> Callable[[Draft], None]:
    return _values(deep=f"RAW:{opening * levels}{closing * levels}")


def _nested_objects(draft: Draft) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = {"a": deep}
    draft.payload["deep"] = deep


def _upsert_key(draft: Draft) -> None:
    draft.payload["key"] = 12345678901234567890 * 10**6 + draft.number


def _key(text: str, encoding: str, draft: Draft) -> None:
    draft.key = f"{text}{draft.number}".encode(encoding)


def _without(*names: str) -> Callable[[Draft], None]:
    def spoil(draft: Draft) -> None:
        for name in names:
            del draft.payload[name]

    return spoil


def _every_field(value: Any, draft: Draft) -> None:
    """Put `value` everywhere but into the number, by which the event is known, and the user, who orders it."""
    draft.payload |= dict.fromkeys(set(draft.payload) - {"user", "first_name", "key"}, value)


def _sized(total: int, draft: Draft) -> None:
    """Make the body `total` bytes long."""
    draft.payload["notes"] = ""
    draft.payload["notes"] = "x" * (total - len(draft.encoded()))


def _encoded(encoding: str, draft: Draft) -> None:
    draft.payload["company"] = "Søn & Døtre"
    draft.body = json.dumps({"name": draft.name, "payload": draft.payload}, ensure_ascii=False).encode(encoding)


def _gzipped(draft: Draft) -> None:
    draft.body, draft.headers["Content-Encoding"] = gzip.compress(draft.encoded()), "gzip"


def _gzip_bomb(draft: Draft) -> None:
    draft.body = gzip.compress(b'{"name": "' + b" " * (50 * MEGABYTE) + b'"}')
    draft.headers["Content-Encoding"] = "gzip"


def _said_to_be_gzip(draft: Draft) -> None:
    draft.headers["Content-Encoding"] = "gzip"


def _body(body: bytes, draft: Draft) -> None:
    draft.body = body


def _surrogate_bytes(draft: Draft) -> None:
    draft.body = draft.encoded().replace(b"Lind & Daughters", b"\xed\xa0\x80")


def _half(draft: Draft) -> None:
    written = draft.encoded()
    draft.body = written[: len(written) // 2]


def _named(name: Any, draft: Draft) -> None:
    draft.name = name


def _payload(payload: Any, draft: Draft) -> None:
    draft.payload = payload


def _nul_in_a_name(draft: Draft) -> None:
    draft.payload["a\x00b"] = 1


_NUMBERS_OF_ALL_SORTS: dict[str, Any] = {
    "NaN as text": "NaN",
    "infinity as text": "-Infinity",
    "underscores": "1_250",
    "Arabic digits": "١٢٣",
    "a word": "twelve",
    "5,000 digits as text": "9" * 5_000,
}

KINDS: tuple[Poison, ...] = (
    # Numbers.
    Poison("number past 64 bits out of a filter", _values(employees="9" * 20, factor="10"), _FAILS),
    Poison("number of 190 digits out of a filter", _values(employees="9" * 95, factor="9" * 95), _FAILS),
    Poison("integer past 64 bits for a number field", _values(employees=10**30, factor=1), _FAILS_OR_REFUSED),
    Poison("integer of 64 bits and one", _values(employees=2**64, factor=1), _FAILS_OR_REFUSED),
    Poison("integer past 64 bits for a text field", _values(code=_LARGE), _ANY, kept=f"{_LARGE}"),
    Poison("integer past 64 bits as external id", _upsert_key, _ANY),
    Poison("integer of 5,000 digits", _values(code=f"RAW:{'7' * 5_000}"), _ANY),
    Poison("1e400", _values(revenue="RAW:1e400"), _REFUSED),
    Poison("-1e400 within a list", _values(tags=["a", "RAW:-1e400"]), _REFUSED),
    Poison("the largest double, doubled", _values(employees="RAW:1.7976931348623157e308"), _FAILS_OR_REFUSED),
    Poison("NaN, bare", _values(revenue="RAW:NaN"), _REFUSED),
    Poison("division by zero", _values(parts=0), _FAILS_OR_NOT),
    *(Poison(f"number: {name}", _values(employees=text), _FAILS) for name, text in _NUMBERS_OF_ALL_SORTS.items()),
    # Depth and size.
    Poison("nested 300 levels", _nested(300), _REFUSED),
    Poison("nested 254 levels", _nested(254), _ANY),
    Poison("nested 1,020 levels", _nested(1_020), _REFUSED),
    Poison("nested 100,000 levels", _nested(100_000), _REFUSED),
    Poison("objects nested 300 levels", _nested_objects, _REFUSED),
    Poison("a body of 1 MB, just allowed", partial(_sized, MEGABYTE), _ANY),
    Poison("a body of 1 MB and a byte", partial(_sized, MEGABYTE + 1), _REFUSED),
    Poison("twenty thousand fields", lambda draft: draft.payload.update(dict.fromkeys(map(str, range(20_000)))), _ANY),
    Poison(
        "a template that renders 25 MB",
        _values(tags=[f"{n}" for n in range(_TEMPLATE_CHARACTERS)], glue="y" * _TEMPLATE_CHARACTERS),
        _FAILS,
    ),
    Poison("a text field of 40,000 characters", _values(notes="x" * 40_000, width=40_000), _FAILS),
    # Times.
    Poison("the first hour of time, east", _values(at="0001-01-01T00:00:00+01:00"), _FAILS_OR_NOT),
    Poison("the last hour of time, west", _values(at="9999-12-31T23:59:59-05:00"), _FAILS_OR_NOT),
    Poison("the first second of time", _values(at="0001-01-01T00:00:00"), _FAILS_OR_NOT),
    Poison("the first day of time", _values(day="0001-01-01", since="0001-01-01"), _FAILS_OR_NOT),
    Poison("the last day of time", _values(day="9999-12-31", since="9999-12-31T23:59:59-14:00"), _FAILS_OR_NOT),
    Poison("Unix seconds past the end of time", _values(since=10**15), _FAILS_OR_REFUSED),
    Poison("a date in words that is none", _values(at="the day after", day="31 February", since="soon"), _FAILS),
    # Characters.
    Poison("idempotency key in UTF-8", partial(_key, "commande-é-", "utf-8"), _ANY),
    Poison("idempotency key in Latin-1", partial(_key, "commande-é-", "latin-1"), _ANY),
    Poison("idempotency key with a dash of print", partial(_key, "order–", "utf-8"), _ANY),
    Poison("idempotency key of 5,000 characters", partial(_key, "k" * 5_000, "ascii"), _REFUSED),
    Poison("NUL in a text", _values(company="a\x00b"), _REFUSED),
    Poison("NUL in a field's name", _nul_in_a_name, _REFUSED),
    Poison("NUL deep inside", _values(tags=[[[{"a": "\x00"}]]]), _REFUSED),
    Poison("lone surrogate, escaped", _values(company="\ud800"), _REFUSED),
    Poison("lone surrogate, in bytes", _surrogate_bytes, _REFUSED),
    Poison("UTF-16", partial(_encoded, "utf-16"), _REFUSED),
    Poison("Latin-1", partial(_encoded, "latin-1"), _REFUSED),
    Poison("gzip", _gzipped, _ANY),
    Poison("gzip that is none", _said_to_be_gzip, _REFUSED),
    Poison("gzip of 50 MB", _gzip_bomb, _REFUSED),
    # Shapes.
    Poison("a list in every field", partial(_every_field, ["a", 1, None]), _FAILS),
    Poison("an object in every field", partial(_every_field, {"a": {"b": [1]}}), _FAILS),
    Poison("false in every field", partial(_every_field, False), _FAILS_OR_NOT),
    Poison("a number in every field", partial(_every_field, -1.5), _FAILS_OR_NOT),
    Poison("a word in every field", partial(_every_field, "word"), _FAILS),
    Poison("null in every field", partial(_every_field, None), _FAILS_OR_NOT),
    Poison("text where a list is expected", _values(tags="math, poetry"), _FAILS_OR_NOT),
    Poison("a list of lists where texts are", _values(tags=[[1, [2]], {"a": 1}, None]), _FAILS_OR_NOT),
    Poison("filters on null", _values(tags=None, since=None, notes=None, employees=None), _FAILS_OR_NOT),
    Poison("filters by null", _values(glue=None, width=None, factor=None, parts=None), _FAILS_OR_NOT),
    Poison("required field empty", _values(last_name="", company=""), _FAILS_OR_NOT),
    Poison("required field blank", _values(last_name="  \t", company=" "), _FAILS_OR_NOT),
    Poison("required field null", _values(last_name=None, company=None), _FAILS_OR_NOT),
    Poison("required field missing", _without("last_name", "company"), _FAILS_OR_NOT),
    Poison("payload is a list", partial(_payload, [1]), _REFUSED),
    Poison("payload is a text", partial(_payload, "Lind"), _REFUSED),
    Poison("name is a number", partial(_named, 5), _REFUSED),
    Poison("name of 100,000 characters", partial(_named, "n" * 100_000), _REFUSED),
    Poison("name with NUL", partial(_named, "Lead\x00Created"), _REFUSED),
    Poison("body cut in half", _half, _REFUSED),
    Poison("body empty", partial(_body, b""), _REFUSED),
    Poison("body null", partial(_body, b"null"), _REFUSED),
    Poison("body of brackets", partial(_body, b"[" * 900_000), _REFUSED),
)
BY_NAME = {kind.name: kind for kind in KINDS}
