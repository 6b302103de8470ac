"""SOQL text to `syntax.Query`, by recursive descent."""

from sandbox_org.soql.conditions import ConditionParser
from sandbox_org.soql.errors import SoqlError
from sandbox_org.soql.lexer import tokenise
from sandbox_org.soql.syntax import Aggregate, Condition, FieldGroup, Ordering, Path, Query

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "MIN", "MAX", "AVG"})
CLAUSES = frozenset(
    [
        "FROM",
        "WHERE",
        "GROUP",
        "HAVING",
        "ORDER",
        "LIMIT",
        "OFFSET",
        "FOR",
        "WITH",
        "USING",
        "AND",
        "OR",
        "NOT",
        "ASC",
        "DESC",
        "NULLS",
        "UPDATE",
        "ALL",
        "LIKE",
        "IN",
    ]
)
MOST_CHARACTERS = 100_000
MOST_OFFSET = 2000


def parse(source: str) -> Query:
    """The query of `source`. Raises: SoqlError, MALFORMED_QUERY in most cases."""
    if not source.strip():
        raise SoqlError("MALFORMED_QUERY", "SOQL statements cannot be empty or null")
    if len(source) > MOST_CHARACTERS:
        raise SoqlError("QUERY_TOO_COMPLICATED", f"SOQL statements cannot be longer than {MOST_CHARACTERS} characters.")
    parser = _Parser(source)
    if not parser.current.is_word("SELECT"):
        raise SoqlError("MALFORMED_QUERY", f"unexpected token: '{parser.current.text}'")
    query = parser.query()
    if parser.current.kind != "end":
        raise parser.unexpected()
    return query


class _Parser(ConditionParser):
    """Reads one text's tokens from left to right."""

    def __init__(self, source: str) -> None:
        super().__init__(source, tokenise(source))

    def query(self) -> Query:
        start = self.expect_word("SELECT").position
        select = [self._item()]
        while self.take_mark(","):
            select.append(self._item())
        self.expect_word("FROM")
        name = self.expect_name()
        self._alias()
        if self.take_word("USING"):
            self.expect_word("SCOPE")
            self.expect_name()
        where = self.condition() if self.take_word("WHERE") else None
        if self.take_word("WITH"):
            self.expect_name()
        group_by, having = self._grouping()
        order_by = self._ordering()
        limit = self._count() if self.take_word("LIMIT") else None
        offset = self._count() if self.take_word("OFFSET") else 0
        if offset > MOST_OFFSET:
            message = f"Maximum SOQL offset allowed is {MOST_OFFSET}"
            raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", message)
        while self.take_word("FOR"):
            self.expect_name()
        return Query(
            source=self.source,
            select=tuple(select),
            object_name=name.text,
            object_position=name.position,
            position=start,
            where=where,
            group_by=group_by,
            having=having,
            order_by=order_by,
            limit=limit,
            offset=offset,
        )

    def _item(self) -> Path | Aggregate | FieldGroup | Query:
        if self.current.is_mark("("):
            self.advance()
            nested = self.query()
            self.expect_mark(")")
            return nested
        item = self.operand()
        alias = self._alias()
        if alias is None or isinstance(item, FieldGroup):
            return item
        if isinstance(item, Path):
            return Path(item.names, item.position, alias)
        return Aggregate(item.function, item.path, item.position, alias)

    def operand(self) -> Path | Aggregate | FieldGroup:
        """A field, or a function of one."""
        if self.current.is_word(*CLAUSES):
            raise self.unexpected()
        name = self.expect_name()
        if not self.current.is_mark("("):
            return Path(tuple(name.text.split(".")), name.position)
        self.advance()
        function = name.text.upper()
        if function == "FIELDS":
            kind = self.expect_name()
            self.expect_mark(")")
            return FieldGroup(kind.text.upper(), name.position)
        path = None
        if not self.current.is_mark(")"):
            inner = self.expect_name()
            path = Path(tuple(inner.text.split(".")), inner.position)
        self.expect_mark(")")
        if function == "TOLABEL" and path is not None:
            return path
        if function not in AGGREGATES or (path is None and function != "COUNT"):
            raise self.unexpected(name)
        return Aggregate(function, path, name.position)

    def _alias(self) -> str | None:
        if self.current.kind == "name" and not self.current.is_word(*CLAUSES) and "." not in self.current.text:
            return self.advance().text
        return None

    def _grouping(self) -> tuple[tuple[Path, ...], Condition | None]:
        if not self.take_word("GROUP"):
            return (), None
        self.expect_word("BY")
        paths = [self._path()]
        while self.take_mark(","):
            paths.append(self._path())
        having = self.condition() if self.take_word("HAVING") else None
        return tuple(paths), having

    def _ordering(self) -> tuple[Ordering, ...]:
        if not self.take_word("ORDER"):
            return ()
        self.expect_word("BY")
        orderings = [self._one_ordering()]
        while self.take_mark(","):
            orderings.append(self._one_ordering())
        return tuple(orderings)

    def _one_ordering(self) -> Ordering:
        by = self.operand()
        if isinstance(by, FieldGroup):
            raise self.unexpected()
        descending = bool(self.take_word("DESC"))
        if not descending:
            self.take_word("ASC")
        nulls_last = False
        if self.take_word("NULLS"):
            if not self.current.is_word("FIRST", "LAST"):
                raise self.unexpected()
            nulls_last = self.advance().is_word("LAST")
        return Ordering(by, descending, nulls_last)

    def _path(self) -> Path:
        name = self.expect_name()
        return Path(tuple(name.text.split(".")), name.position)

    def _count(self) -> int:
        token = self.advance()
        if token.kind != "number" or not token.text.isdigit():
            raise self.unexpected(token)
        return int(token.text)
