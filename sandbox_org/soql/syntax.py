"""The parts of a parsed query, as written: names are not looked up yet."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Path:
    """A field as named: `LastName`, `Owner.Name`."""

    names: tuple[str, ...]
    position: int
    alias: str | None = None

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`COUNT(Id) total`; `path` is None for a bare `COUNT()`."""

    function: str
    path: Path | None
    position: int
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)`, `FIELDS(CUSTOM)`."""

    kind: str
    position: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in a condition. `kind` is string, number, boolean, null, date, datetime or period.

    `value` is the text (a string's unescaped), a number, a boolean or None; a period (`LAST_N_DAYS:7`) is (name, n).
    """

    kind: str
    value: Any
    position: int
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`; `right` is one literal, a list of them, or a query (semi-join)."""

    left: Path | Aggregate
    operator: str
    right: "Literal | tuple[Literal, ...] | Query"
    position: int


@dataclass(frozen=True, slots=True)
class Not:
    operand: "Condition"


@dataclass(frozen=True, slots=True)
class Both:
    """Conditions joined by `AND`, or by `OR`."""

    word: str
    operands: "tuple[Condition, ...]"


Condition = Comparison | Not | Both


@dataclass(frozen=True, slots=True)
class Ordering:
    by: Path | Aggregate
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query, or one within another."""

    source: str
    select: "tuple[Path | Aggregate | FieldGroup | Query, ...]"
    object_name: str
    object_position: int
    position: int = 0
    where: Condition | None = None
    group_by: tuple[Path, ...] = ()
    having: Condition | None = None
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def is_bare_count(self) -> bool:
        first = self.select[0]
        return len(self.select) == 1 and isinstance(first, Aggregate) and first.path is None

    @property
    def is_aggregate(self) -> bool:
        return bool(self.group_by) or any(isinstance(item, Aggregate) for item in self.select)
