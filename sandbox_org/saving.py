"""Records come to be, change and go: every write of every endpoint passes through here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox_org import duplicates
from sandbox_org.clock import now, stamp
from sandbox_org.deriving import complete_new, derive
from sandbox_org.describing import EXTERNAL_ID, SObject
from sandbox_org.record import Record
from sandbox_org.rest.errors import RecordError, RecordRefused, refuse
from sandbox_org.store import StoredRecord

if TYPE_CHECKING:
    from sandbox_org.org import Org

LOOKUP_COLUMNS = {EXTERNAL_ID: "external_id", "Email": "email", "Name": "name"}


class SeveralMatches(Exception):
    """An upsert whose key more than one record has; nothing was written."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(", ".join(ids))
        self.ids = list(ids)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a write did: the record's id, and whether it is new."""

    id: str
    is_new: bool


class Writer:
    """Saves in the name of one user, with the options of one call.

    Its methods raise RecordRefused with all that is wrong with the record, or values.ValueUnreadable.
    """

    def __init__(self, org: "Org", user_id: str, *, allow_duplicates: bool, is_locked: bool) -> None:
        self._org = org
        self._user_id = user_id
        self._allow_duplicates = allow_duplicates
        self._is_locked = is_locked
        self._stamp = stamp(now())

    def create(self, sobject: SObject, sent: Record) -> Saved:
        """Save a new record."""
        if not sobject.is_writable:
            raise refuse("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {sobject.label}")
        if sent.get("Id") or sent.get("id"):
            raise refuse("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",))
        sent = {key: value for key, value in sent.items() if key not in ("Id", "id")}
        values = self._org.validators[sobject.name].for_create(sent, self._org.store)
        self._check_rules(sobject, values, None)
        self._check_lock(self._user_id)
        body: Record = {
            "Id": "",
            **sobject.creation_defaults,
            **values,
            "CreatedDate": self._stamp,
            "CreatedById": self._user_id,
            "LastModifiedDate": self._stamp,
            "LastModifiedById": self._user_id,
            "SystemModstamp": self._stamp,
        }
        if "OwnerId" in sobject.fields:
            body.setdefault("OwnerId", self._user_id)
        body["Id"] = self._org.store.next_id(sobject)
        complete_new(sobject, body)
        self._org.store.insert(sobject, body)
        return Saved(body["Id"], is_new=True)

    def update(self, sobject: SObject, stored: StoredRecord, sent: Record) -> Saved:
        """Change a living record."""
        if stored.is_deleted:
            raise refuse("ENTITY_IS_DELETED", "entity is deleted", status=404)
        if sobject.name == "Lead" and stored.body.get("IsConverted"):
            raise refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        values = self._org.validators[sobject.name].for_update(sent, self._org.store)
        body = {**stored.body, **values}
        self._check_rules(sobject, body, stored)
        self._check_lock(body["Id"])
        body["LastModifiedDate"] = body["SystemModstamp"] = self._stamp
        body["LastModifiedById"] = self._user_id
        derive(sobject, body, changed=values)
        self._org.store.update(sobject, stored.seq, {name: value for name, value in body.items() if value is not None})
        return Saved(body["Id"], is_new=False)

    def upsert(
        self, sobject: SObject, field_name: str, value: str, sent: Record, *, update_only: bool = False
    ) -> Saved:
        """Change the record whose key field holds `value`, or make one. Raises SeveralMatches besides."""
        found = self.find_by_key(sobject, field_name, value)
        if len(found) > 1:
            raise SeveralMatches([each.body["Id"] for each in found])
        if found:
            return self.update(sobject, found[0], sent)
        if update_only or field_name == "Id":
            raise refuse("NOT_FOUND", "The requested resource does not exist", None, status=404)
        return self.create(sobject, {**sent, field_name: value})

    def delete(self, sobject: SObject, stored: StoredRecord) -> None:
        """Put a record into the recycle bin."""
        if stored.is_deleted:
            raise refuse("ENTITY_IS_DELETED", "entity is deleted", status=404)
        self._check_lock(stored.body["Id"])
        body = {**stored.body, "IsDeleted": True, "SystemModstamp": self._stamp, "LastModifiedDate": self._stamp}
        self._org.store.update(sobject, stored.seq, body, is_deleted=True)

    def find_by_key(self, sobject: SObject, field_name: str, value: str) -> list[StoredRecord]:
        """The living records whose external-id or lookup field holds `value`."""
        if field_name == "Id":
            stored = self._org.store.find(value, sobject.name)
            return [stored] if stored and not stored.is_deleted else []
        return self._org.store.matching(sobject.name, LOOKUP_COLUMNS[field_name], value)

    def is_poisoned(self, sobject: SObject, records: Sequence[Record]) -> bool:
        """Whether one of a chunk's records makes the org's trigger fail for all of them."""
        poison = self._org.switches.chunk_poison
        return poison is not None and any(poison.hits(sobject.name, record) for record in records)

    def poison_error(self) -> RecordError:
        poison = self._org.switches.chunk_poison
        assert poison is not None, "asked only where is_poisoned said so"
        return RecordError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", poison.message)

    def _check_rules(self, sobject: SObject, body: Record, stored: StoredRecord | None) -> None:
        errors = self._org.switches.broken_rules(sobject.name, body)
        if errors:
            raise RecordRefused(errors)
        if self.is_poisoned(sobject, [body]):
            raise RecordRefused([self.poison_error()])
        key = body.get(EXTERNAL_ID)
        if key is not None:
            for other in self._org.store.matching(sobject.name, "external_id", str(key), limit=2):
                if stored is None or other.seq != stored.seq:
                    message = f"{EXTERNAL_ID} duplicates value on record with id: {other.body['Id'][:15]}"
                    raise refuse("DUPLICATE_VALUE", f"duplicate value found: {message}")
        duplicates.check(self._org, sobject, body, stored, allow_save=self._allow_duplicates)

    def _check_lock(self, record_id: str) -> None:
        if self._is_locked:
            message = f"unable to obtain exclusive access to this record or 1 records: {record_id[:15]}"
            raise refuse("UNABLE_TO_LOCK_ROW", message)
