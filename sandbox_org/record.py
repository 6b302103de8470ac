"""The shape of a record's body: fields by their proper names, nulls left out, datetimes as `clock` writes them."""

from typing import Any

Record = dict[str, Any]
