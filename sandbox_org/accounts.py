"""The people who can log in: a username and password each, and a User record that owns what they create."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sandbox_org.clock import now, stamp
from sandbox_org.database import Database
from sandbox_org.deriving import derive
from sandbox_org.describing import SObject
from sandbox_org.record import Record
from sandbox_org.store import RecordStore


@dataclass(frozen=True, slots=True)
class Account:
    user_id: str
    username: str
    password_hash: str

    def has_password(self, password: str) -> bool:
        return hmac.compare_digest(self.password_hash, _hashed(password))


class Accounts:
    """All accounts of the org; the first is the built-in one."""

    def __init__(self, database: Database, store: RecordStore, user_object: SObject) -> None:
        self._database = database
        self._store = store
        self._user_object = user_object
        rows = database.read("SELECT user_id, username, password FROM account ORDER BY rowid")
        self._by_username = {row[1]: Account(*row) for row in rows}
        self._by_id = {account.user_id: account for account in self._by_username.values()}

    def all(self) -> list[Account]:
        return list(self._by_username.values())

    def find(self, username: str) -> Account | None:
        return self._by_username.get(username.strip().lower())

    def by_id(self, user_id: str) -> Account | None:
        return self._by_id.get(user_id)

    def check(self, username: str, password: str, security_token: str = "") -> Account | None:
        """The account of these credentials, the security token glued behind the password or not; else None."""
        account = self.find(username)
        if account is None:
            return None
        if account.has_password(password):
            return account
        if security_token and password.endswith(security_token):
            return account if account.has_password(password.removesuffix(security_token)) else None
        return None

    def ensure(self, username: str, password: str, first_name: str = "", last_name: str = "") -> tuple[Account, bool]:
        """The account of that username with that password, made where there is none: (account, whether it is new)."""
        username = username.strip().lower()
        known = self._by_username.get(username)
        user_id = known.user_id if known else self._create_user(username, first_name, last_name)
        account = Account(user_id, username, _hashed(password))
        self._database.write(
            "INSERT INTO account VALUES (?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET password = excluded.password",
            (account.user_id, account.username, account.password_hash),
        )
        self._by_username[username] = self._by_id[user_id] = account
        if known and (first_name or last_name):
            self._rename(user_id, first_name, last_name)
        return account, known is None

    def _rename(self, user_id: str, first_name: str, last_name: str) -> None:
        stored = self._store.find(user_id)
        if stored is not None:
            names = {"FirstName": first_name or None, "LastName": last_name or stored.body["LastName"]}
            body = {**stored.body, **names, "SystemModstamp": stamp(now())}
            derive(self._user_object, body, changed=names)
            self._store.update(
                self._user_object, stored.seq, {name: value for name, value in body.items() if value is not None}
            )

    def _create_user(self, username: str, first_name: str, last_name: str) -> str:
        user_id = self._store.next_id(self._user_object)
        local_part = username.partition("@")[0]
        moment = stamp(now())
        body: Record = {
            **self._user_object.creation_defaults,
            "Id": user_id,
            "Username": username,
            "Email": username,
            "FirstName": first_name or None,
            "LastName": last_name or local_part,
            "Name": f"{first_name} {last_name or local_part}".strip(),
            "Alias": local_part[:8],
            "CommunityNickname": f"{local_part[:30]}.{secrets.randbelow(10**6)}",
            "IsActive": True,
            "UserType": "Standard",
            "TimeZoneSidKey": "America/Los_Angeles",
            "LocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US",
            "EmailEncodingKey": "UTF-8",
            "CreatedDate": moment,
            "LastModifiedDate": moment,
            "SystemModstamp": moment,
            "CreatedById": user_id,
            "LastModifiedById": user_id,
        }
        self._store.insert(self._user_object, {name: value for name, value in body.items() if value is not None})
        return user_id


def _hashed(password: str) -> str:
    """A plain digest is enough for passwords that stand in the documentation; it keeps logins of tests fast."""
    return hashlib.sha256(password.encode()).hexdigest()
