"""A query's text cut into tokens."""

import re
from dataclasses import dataclass

from sandbox_org.soql.errors import located

TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
  | (?P<date>\d{4}-\d\d-\d\d)
  | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::\d+)?)
  | (?P<operator><=|>=|!=|<>|=|<|>)
  | (?P<mark>[(),])
    """,
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the query: its kind, its text as written, and where it stands."""

    kind: str
    text: str
    position: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "name" and self.text.upper() in words

    def is_mark(self, mark: str) -> bool:
        return self.kind == "mark" and self.text == mark


def tokenise(source: str) -> list[Token]:
    """The tokens of a query, the last one of kind `end`. Raises: SoqlError (MALFORMED_QUERY)."""
    tokens = []
    position = 0
    while position < len(source):
        match = TOKEN.match(source, position)
        if match is None:
            character = source[position]
            if character == "'":
                raise located("MALFORMED_QUERY", source, position, "unterminated string literal")
            raise located("MALFORMED_QUERY", source, position, f"unexpected token: '{character}'")
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append(Token(kind, match[0], position))
        position = match.end()
    tokens.append(Token("end", "<EOF>", len(source)))
    return tokens


def unescaped(literal: str, *, for_like: bool = False) -> str:
    r"""The text of a quoted literal. A LIKE pattern keeps `\%` and `\_`, which it reads itself."""

    def replaced(match: re.Match[str]) -> str:
        character = match[1]
        if for_like and character in "%_\\":
            return match[0]
        return ESCAPED.get(character, character)

    return ESCAPE.sub(replaced, literal[1:-1])
