"""Records at rest: one row each, a JSON body of its non-null fields beside the columns that searches need."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox_org import ids
from sandbox_org.database import Database
from sandbox_org.deriving import PERSONS
from sandbox_org.describing import EXTERNAL_ID, SObject
from sandbox_org.record import Record


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as found: its number in creation order, its body, and whether it lies in the recycle bin."""

    seq: int
    body: Record
    is_deleted: bool


def folded(value: Any) -> str | None:
    """Text as the search columns hold it: lower case, since the org compares text without regard to case."""
    return value.lower() if isinstance(value, str) else None


def name_column(object_name: str, body: Record) -> str | None:
    """What the `name` column holds: nothing for people, who are looked up by their last name."""
    return None if object_name in PERSONS else folded(body.get("Name"))


class RecordStore:
    """All records of the org. A record's number is part of its id, so a look-up by id is one by primary key."""

    def __init__(self, database: Database) -> None:
        self.database = database
        used = database.read("SELECT max(seq) FROM record").fetchone()[0] or 0
        kept = database.read("SELECT value FROM meta WHERE key = 'last_seq'").fetchone()
        self.last_seq = max(used, int(kept[0]) if kept else 0)

    def next_id(self, sobject: SObject) -> str:
        """A fresh id. The record that takes it is to be inserted next."""
        self.last_seq += 1
        return ids.make_id(sobject.key_prefix, self.last_seq)

    def insert(self, sobject: SObject, body: Record) -> None:
        self.database.write(
            "INSERT INTO record (seq, object, body, created_by, created, modstamp, external_id, email, name) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                ids.number_of(body["Id"]),
                sobject.name,
                orjson.dumps(body).decode(),
                body.get("CreatedById"),
                body["CreatedDate"],
                body["SystemModstamp"],
                folded(body.get(EXTERNAL_ID)),
                folded(body.get("Email")),
                name_column(sobject.name, body),
            ),
        )

    def update(self, sobject: SObject, seq: int, body: Record, *, is_deleted: bool = False) -> None:
        self.database.write(
            "UPDATE record SET body = ?, modstamp = ?, deleted = ?, external_id = ?, email = ?, name = ? WHERE seq = ?",
            (
                orjson.dumps(body).decode(),
                body["SystemModstamp"],
                int(is_deleted),
                folded(body.get(EXTERNAL_ID)),
                folded(body.get("Email")),
                name_column(sobject.name, body),
                seq,
            ),
        )

    def find(self, record_id: str, object_name: str | None = None) -> StoredRecord | None:
        """The record of an 18-character id, in the recycle bin or not; None where this org never had it."""
        seq = ids.number_of(record_id)
        if seq is None:
            return None
        row = self.database.read("SELECT seq, body, deleted, object FROM record WHERE seq = ?", (seq,)).fetchone()
        if row is None or (object_name and row[3] != object_name):
            return None
        body = orjson.loads(row[1])
        return StoredRecord(row[0], body, bool(row[2])) if body["Id"] == record_id else None

    def matching(self, object_name: str, column: str, value: str, limit: int = 10) -> list[StoredRecord]:
        """Living records whose search column (`external_id`, `email`, `name`) holds `value` in any case."""
        rows = self.database.read(
            f"SELECT seq, body FROM record WHERE object = ? AND {column} = ? AND deleted = 0 ORDER BY seq LIMIT ?",
            (object_name, value.lower(), limit),
        )
        return [StoredRecord(row[0], orjson.loads(row[1]), False) for row in rows]

    def exists(self, record_id: str) -> bool:
        """Whether a living record has that 18-character id."""
        seq = ids.number_of(record_id)
        if seq is None:
            return False
        return self.database.read("SELECT 1 FROM record WHERE seq = ? AND deleted = 0", (seq,)).fetchone() is not None

    def counts(self) -> dict[str, int]:
        """How many living records each object has."""
        return dict(self.database.read("SELECT object, living FROM tally WHERE living > 0"))

    def count(self, object_name: str) -> int:
        row = self.database.read("SELECT living FROM tally WHERE object = ?", (object_name,)).fetchone()
        return int(row[0]) if row else 0

    def in_order(self, object_name: str, *, since_seq: int = 0, limit: int = -1) -> list[StoredRecord]:
        """Living records in the order of their creation, after number `since_seq`."""
        rows = self.database.read(
            "SELECT seq, body FROM record WHERE object = ? AND deleted = 0 AND seq > ? ORDER BY seq LIMIT ?",
            (object_name, since_seq, limit),
        )
        return [StoredRecord(row[0], orjson.loads(row[1]), False) for row in rows]

    def newest(self, object_name: str, limit: int) -> list[StoredRecord]:
        rows = self.database.read(
            "SELECT seq, body FROM record WHERE object = ? AND deleted = 0 ORDER BY seq DESC LIMIT ?",
            (object_name, limit),
        )
        return [StoredRecord(row[0], orjson.loads(row[1]), False) for row in rows]

    def forget(self, object_names: Iterable[str]) -> None:
        """Delete every record of these objects for good. Their ids are never given out again."""
        self.database.write(
            "INSERT INTO meta VALUES ('last_seq', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (str(self.last_seq),),
        )
        for name in object_names:
            self.database.write("DELETE FROM record WHERE object = ?", (name,))
            self.database.write("DELETE FROM tally WHERE object = ?", (name,))
