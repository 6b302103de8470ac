"""The WHERE and HAVING half of the parser, and the small steps over tokens that both halves take."""

from abc import ABC, abstractmethod

from sandbox_org.soql.errors import SoqlError, located
from sandbox_org.soql.lexer import Token, unescaped
from sandbox_org.soql.periods import is_period
from sandbox_org.soql.syntax import Aggregate, Both, Comparison, Condition, FieldGroup, Literal, Not, Path, Query

MOST_NESTING = 50


class ConditionParser(ABC):
    """Walks over the tokens of one query."""

    def __init__(self, source: str, tokens: list[Token]) -> None:
        self.source = source
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @abstractmethod
    def query(self) -> Query:
        """A query within this one."""

    @abstractmethod
    def operand(self) -> Path | Aggregate | FieldGroup:
        """The left side of a comparison."""

    @property
    def current(self) -> Token:
        return self._tokens[self._at]

    def advance(self) -> Token:
        token = self.current
        if token.kind != "end":
            self._at += 1
        return token

    def take_word(self, word: str) -> Token | None:
        return self.advance() if self.current.is_word(word) else None

    def take_mark(self, mark: str) -> Token | None:
        return self.advance() if self.current.is_mark(mark) else None

    def expect_word(self, word: str) -> Token:
        if not self.current.is_word(word):
            raise self.unexpected()
        return self.advance()

    def expect_mark(self, mark: str) -> Token:
        if not self.current.is_mark(mark):
            raise self.unexpected()
        return self.advance()

    def expect_name(self) -> Token:
        if self.current.kind != "name":
            raise self.unexpected()
        return self.advance()

    def unexpected(self, token: Token | None = None) -> SoqlError:
        token = token or self.current
        return located("MALFORMED_QUERY", self.source, token.position, f"unexpected token: '{token.text}'")

    def condition(self) -> Condition:
        """Comparisons joined by AND or by OR; mixing the two takes parentheses, as in the real grammar."""
        self._depth += 1
        if self._depth > MOST_NESTING:
            raise located("MALFORMED_QUERY", self.source, self.current.position, "conditions are nested too deeply")
        operands = [self._negation()]
        word = self.current.text.upper() if self.current.is_word("AND", "OR") else ""
        while word and self.take_word(word):
            operands.append(self._negation())
        if self.current.is_word("AND", "OR"):
            raise self.unexpected()
        self._depth -= 1
        return operands[0] if len(operands) == 1 else Both(word, tuple(operands))

    def _negation(self) -> Condition:
        if self.take_word("NOT"):
            return Not(self._negation())
        if self.take_mark("("):
            inner = self.condition()
            self.expect_mark(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Comparison:
        left = self.operand()
        if isinstance(left, FieldGroup):
            raise self.unexpected()
        token = self.current
        if token.kind == "operator":
            self.advance()
            operator = "!=" if token.text == "<>" else token.text
            return Comparison(left, operator, self._literal(), token.position)
        if self.take_word("LIKE"):
            return Comparison(left, "LIKE", self._literal(for_like=True), token.position)
        if self.current.is_word("INCLUDES", "EXCLUDES"):
            operator = self.advance().text.upper()
            return Comparison(left, operator, self._literals(), token.position)
        if self.take_word("NOT"):
            self.expect_word("IN")
            return Comparison(left, "NOT IN", self._set(), token.position)
        self.expect_word("IN")
        return Comparison(left, "IN", self._set(), token.position)

    def _set(self) -> tuple[Literal, ...] | Query:
        if self._tokens[self._at + 1 : self._at + 2] and self._tokens[self._at + 1].is_word("SELECT"):
            self.expect_mark("(")
            nested = self.query()
            self.expect_mark(")")
            return nested
        return self._literals()

    def _literals(self) -> tuple[Literal, ...]:
        self.expect_mark("(")
        literals = [self._literal()]
        while self.take_mark(","):
            literals.append(self._literal())
        self.expect_mark(")")
        return tuple(literals)

    def _literal(self, *, for_like: bool = False) -> Literal:
        token = self.advance()
        text, place = token.text, token.position
        match token.kind:
            case "string":
                return Literal("string", unescaped(text, for_like=for_like), place, text)
            case "number":
                value = float(text) if any(mark in text for mark in ".eE") else int(text)
                return Literal("number", value, place, text)
            case "date" | "datetime":
                return Literal(token.kind, text, place, text)
            case "name" if token.is_word("TRUE", "FALSE"):
                return Literal("boolean", token.is_word("TRUE"), place, text)
            case "name" if token.is_word("NULL"):
                return Literal("null", None, place, text)
            case "name" if is_period(text):
                name, _, count = text.upper().partition(":")
                return Literal("period", (name, int(count) if count else None), place, text)
        raise self.unexpected(token)
