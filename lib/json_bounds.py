"""JSON from outside: the one bound on what is taken, so that whatever was read can be stored and written again.

Both databases, and every writer between a door and Salesforce, keep all that stands within these bounds as it came:
nesting up to MAX_DEPTH; whole numbers of 64 bits; numbers with a fraction or an exponent whose digits a double keeps; and
any character but NUL (PostgreSQL stores none) and half a surrogate pair (it has no UTF-8). The rest is refused in words.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

import orjson

from lib.errors import IsthmusError

MAX_DEPTH = 100
"""Levels of lists and objects, the outermost included. orjson writes 254, and a stored value stands within others."""
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1
"""What orjson reads and writes as whole numbers; it reads those beyond as floats, which have other digits."""
_MAX_DOUBLE_DIGITS = 767
"""No double has more significant digits when it is written out in full. Source: IEEE 754, binary64."""
_MAX_SHOWN = 120
"""Characters of a path or a number in a message."""

Path = tuple["Path", str | int] | None
"""The way to a value: the way to what holds it, and its key or index there. None: the whole."""


class BadJson(IsthmusError):
    """The text is not JSON, or holds what can not be kept. `ids` may name the place: `at`."""

    code, status = "bad_json", 400


def read(raw: bytes) -> Any:
    """Read JSON whose values can all be written again. Raises BadJson with a sentence that says what to change.

    A usual text costs no walk in Python: its bytes show that nothing in it can be out of bounds.
    """
    raw = raw.removeprefix(_BYTE_ORDER_MARK)  # a reader may ignore the mark. Source: RFC 8259, section 8.1
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise _diagnosed(raw, exc) from exc
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _check_depth(value)
    shapes = raw.translate(_NUMBER_SHAPES)
    if _LONG_NUMBER in shapes or _TINY_NUMBER in shapes or _WHOLE_WITH_EXPONENT in shapes:
        _read_with_numbers_as_written(raw)
    if b"\\u0000" in raw and _ESCAPED_NUL.search(raw):
        raise _no_character("\x00", _place(value, lambda item: isinstance(item, str) and "\x00" in item))
    return value


def check(value: Any) -> None:
    """Check a value that was read in another way, for example from YAML. Raises BadJson, also for what JSON does not have."""
    _check_depth(value)
    _check_characters(value)
    for path, item in _items(value):
        match item:
            case bool() | None | str() | list():
                pass
            case dict():
                if any(not isinstance(key, str) for key in item):
                    raise BadJson(f"{_at(path)} has a key that is not text. Put it in quotes.", at=_shown(path))
            case int() if not MIN_INTEGER <= item <= MAX_INTEGER:
                raise _no_number("" if item.bit_length() > _MAX_SHOWN else str(item), path)
            case float() if not math.isfinite(item):
                raise _no_number(str(item), path)
            case int() | float():
                pass
            case _:
                raise BadJson(f"{_at(path)} is a {type(item).__name__}, which JSON does not have.", at=_shown(path))


def _check_depth(value: Any) -> None:
    """Look level by level, so that no depth is too much for the check itself."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, dict | list)
        ]
    if level:
        raise _too_deep()


def _too_deep() -> BadJson:
    return BadJson(f"The JSON is nested more than {MAX_DEPTH} levels deep. Send it flatter, or the deep part as text.")


# A number is suspicious when it has 17 digits and points in a row (a double keeps any 15 digits), 16 digits and no point
# before an exponent, or an exponent of hundreds below zero. All digits and points are made a 0 first, since a search for a
# fixed text is quick.
_NUMBER_SHAPES = bytes(
    ord("0") if chr(code) in "0123456789." else ord("e") if chr(code) in "eE" else code for code in range(256)
)
_LONG_NUMBER = b"0" * 17
_WHOLE_WITH_EXPONENT = b"0" * 16 + b"e"
_TINY_NUMBER = b"0e-000"


class _Unkept:
    """A number that can not be kept, where it stood; `text` is how it was written."""

    def __init__(self, text: str) -> None:
        self.text = text


def _read_with_numbers_as_written(raw: bytes) -> Any:
    """Read the text once more, with a look at each number as it is written. Raises BadJson.

    This reader is Python's: slower, and it recurs, so it raises RecursionError at a depth of about 1,000.
    """
    unkept: list[_Unkept] = []

    def refuse(text: str) -> _Unkept:
        unkept.append(_Unkept(text))
        return unkept[-1]

    value = json.loads(
        raw,
        parse_int=lambda text: 0 if unkept or keeps_integer(text) else refuse(text),
        parse_float=lambda text: 0.0 if unkept or keeps_float(text) else refuse(text),
        parse_constant=lambda text: None if unkept else refuse(text),
    )
    if unkept:
        raise _no_number(unkept[0].text, _place(value, lambda item: item is unkept[0]))
    return value


def keeps_integer(text: str) -> bool:
    """Whether a whole number, as it is written, stays itself when it is stored and read again."""
    return len(text) <= 18 or (len(text) <= 20 and MIN_INTEGER <= int(text) <= MAX_INTEGER)


def keeps_float(text: str) -> bool:
    """Whether the double nearest to `text`, written with as many digits, is `text` again."""
    nearest = float(text)
    if repr(nearest) == text:
        return True
    digits = text.replace("E", "e").partition("e")[0].replace(".", "").strip("-0")
    if math.isinf(nearest) or not nearest or not digits:
        return not digits
    if len(digits) <= _DIGITS_OF_ANY_DOUBLE and abs(nearest) > _SMALLEST_OF_FULL_PRECISION:
        return True
    return len(digits) <= _MAX_DOUBLE_DIGITS and Decimal(f"{nearest:.{len(digits) - 1}e}") == Decimal(text)


_DIGITS_OF_ANY_DOUBLE = 15
_SMALLEST_OF_FULL_PRECISION = 2.3e-308


def _no_number(text: str, path: Path) -> BadJson:
    """`text` as the number was written; "" when that is too long to be said."""
    shown = f": {_cut(text)}" if text else ""
    if text.endswith(("NaN", "Infinity", "nan", "inf")):
        words = f"is {text}, which JSON has no number for. Send null, or text in quotes."
    elif "e" in text.lower() and math.isinf(float(text)):
        words = f"is a number too large{shown}. Numbers go up to 1.7e308; send it as text, in quotes."
    else:
        words = f"is a number whose digits can not all be kept{shown}. Send it as text, in quotes."
    return BadJson(f"{_at(path)} {words}", at=_shown(path))


_UNKEPT_CHARACTER = re.compile("[\x00\ud800-\udfff]")
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
"""Not a written-out backslash that u0000 follows."""


def _check_characters(value: Any) -> None:
    """Look at every text and key."""
    for path, item in _items(value):
        if isinstance(item, str) and (found := _UNKEPT_CHARACTER.search(item)):
            raise _no_character(found[0], path)


def _no_character(character: str, path: Path) -> BadJson:
    what = (
        "holds a NUL character (\\u0000), which no database keeps. Leave it out."
        if character == "\x00"
        else f"holds half a character (\\u{ord(character):04x} without its other half). Leave it out."
    )
    return BadJson(f"{_at(path)} {what}", at=_shown(path))


_MAX_LOOKED_AT = 20_000
"""Values among which a place is looked for: the words of a refusal must not cost more than the reading."""


def _place(value: Any, is_meant: Callable[[Any], bool]) -> Path:
    """The way to the first value or key that is meant; None, the whole, when it is not among the first."""
    return next((path for path, item in islice(_items(value), _MAX_LOOKED_AT) if is_meant(item)), None)


def _items(value: Any) -> Iterator[tuple[Path, Any]]:
    """Give every value within `value`, in order and without recursion, with the way to it; each key too, on its value's."""
    yield None, value
    left: list[tuple[Path, Iterator[tuple[Any, Any]]]] = [(None, _children(value))]
    while left:
        way, children = left[-1]
        for key, child in children:
            path = (way, key)
            if not isinstance(key, int):
                yield path, key
            yield path, child
            if isinstance(child, dict | list):
                left.append((path, _children(child)))
                break
        else:
            left.pop()


def _children(value: Any) -> Iterator[tuple[Any, Any]]:
    match value:
        case dict():
            return iter(value.items())
        case list():
            return iter(enumerate(value))
        case _:
            return iter(())


def _at(path: Path) -> str:
    return f"`{_shown(path)}`" if path else "The JSON"


def _shown(path: Path) -> str:
    """`payload.lines[3].id`"""
    steps: list[str] = []
    while path is not None:
        path, step = path
        steps.append(f"[{step}]" if isinstance(step, int) else f".{_cut(str(step))}")
    return _cut("".join(reversed(steps)).removeprefix("."))


def _cut(text: str) -> str:
    """What a message can hold of the text: not too much, and characters that can be written."""
    shown = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
    return _UNKEPT_CHARACTER.sub("�", shown)


_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GZIP_MARK = b"\x1f\x8b"


def _diagnosed(raw: bytes, exc: orjson.JSONDecodeError) -> BadJson:
    """What is wrong with a text that orjson does not read, for whoever has to mend its sender."""
    if words := _other_encoding(raw):
        return BadJson(words)
    try:
        value = _read_with_numbers_as_written(raw)
        _check_depth(value)
        _check_characters(value)
    except BadJson as found:
        return found
    except RecursionError:
        return _too_deep()
    except ValueError:
        pass  # not JSON to this reader either; orjson's words say where
    return BadJson(f"The text is not JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}.")


def _other_encoding(raw: bytes) -> str:
    """What to do about a text that is not UTF-8; "" when it is."""
    if raw.startswith(_GZIP_MARK):
        return "The text is compressed with gzip. Say so in the header `Content-Encoding: gzip`, or send it as it is."
    if (guess := json.detect_encoding(raw)) not in ("utf-8", "utf-8-sig"):
        return f"The text looks like {guess[:6].upper()}. Send it in UTF-8."
    try:
        raw.decode()
    except UnicodeDecodeError as exc:
        byte = raw[exc.start]
        meant = bytes([byte]).decode("cp1252", "replace")
        likely = f" It may be Latin-1 or Windows-1252, where that is “{meant}”." if meant.isprintable() else ""
        return f"The text is not UTF-8: byte 0x{byte:02X} at position {exc.start}.{likely} Send it in UTF-8."
    return ""
