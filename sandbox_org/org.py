"""The org: everything that the endpoints share, opened from one data folder."""

import json

from sandbox_org import ids
from sandbox_org.accounts import Account, Accounts
from sandbox_org.clock import now, stamp
from sandbox_org.counting import CallCounts
from sandbox_org.cursors import Cursors
from sandbox_org.database import Database
from sandbox_org.describing import DESCRIBE_DIR, SObject, load_catalogue
from sandbox_org.faults import FaultBox
from sandbox_org.oauth.apps import Apps
from sandbox_org.oauth.codes import BrowserSessions, Codes
from sandbox_org.oauth.tokens import TokenVault
from sandbox_org.record import Record
from sandbox_org.settings import Settings
from sandbox_org.store import RecordStore
from sandbox_org.switches import Switches
from sandbox_org.validating import Validator

NAME = "Sandbox org"
BUILT_IN_NAMES = ("Ana", "Admin")
LASTING_OBJECTS = ("User", "Organization")


class Org:
    """One org of one data folder: its records, people, apps, tokens, switches and faults."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        ids.use_instance(settings.instance)
        self.database = Database(settings.database_file)
        self.catalogue = load_catalogue()
        self.store = RecordStore(self.database)
        self.validators = {name: Validator(sobject) for name, sobject in self.catalogue.objects.items()}
        self.id = self._ensure_organization()
        self.accounts = Accounts(self.database, self.store, self.catalogue.objects["User"])
        self.apps = Apps(self.database)
        self.tokens = TokenVault(self.database, self.id)
        self.faults = FaultBox()
        self.counts = CallCounts()
        self.switches = Switches()
        self.cursors = Cursors()
        self.codes = Codes()
        self.sessions = BrowserSessions()
        names = () if self.accounts.find(settings.username) else BUILT_IN_NAMES
        self.accounts.ensure(settings.username, settings.password, *names)
        self.apps.ensure_built_in(settings.client_id, settings.client_secret, settings.redirect_uris)
        self.database.commit()

    @property
    def built_in_account(self) -> Account:
        account = self.accounts.find(self.settings.username)
        assert account is not None, "the built-in account is made at every start"
        return account

    def sobject(self, name: str) -> SObject | None:
        return self.catalogue.find(name)

    def reset(self, *, keep_grants: bool) -> None:
        """Back to the first minute: no records but users, no faults, switches and counters as they were."""
        self.store.forget(name for name in self.catalogue.objects if name not in LASTING_OBJECTS)
        self.faults.clear()
        self.counts.reset()
        self.cursors.clear()
        self.switches = Switches()
        if not keep_grants:
            self.tokens.forget()
        self.database.commit()

    def close(self) -> None:
        self.database.close()

    def _ensure_organization(self) -> str:
        sobject = self.catalogue.objects["Organization"]
        existing = self.store.in_order("Organization", limit=1)
        if existing:
            own_id = str(existing[0].body["Id"])
            if ids.number_of(own_id) is None:
                raise SystemExit(f"This data folder holds the org {own_id}: SANDBOX_INSTANCE must be {own_id[3:6]}.")
            return own_id
        recorded: Record = json.loads((DESCRIBE_DIR / "_organization.json").read_text())
        moment = stamp(now())
        own: Record = {
            "Id": self.store.next_id(sobject),
            "Name": NAME,
            "InstanceName": "SBX1",
            "TrialExpirationDate": None,
            **dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), moment),
            **dict.fromkeys(("CreatedById", "LastModifiedById"), None),
        }
        body = {**recorded, **own}
        del body["attributes"]
        self.store.insert(sobject, {name: value for name, value in body.items() if value is not None})
        return str(body["Id"])
