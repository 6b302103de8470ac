"""Which workflows an event starts, for which of the user's accounts, and why the others do not start."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from integrations.models import CredentialStatus
from workflows import user_settings
from workflows.engine.rendering import stored_definition
from workflows.intake.directory import Account, Listener


class SkipReason(StrEnum):
    """Why a workflow that listens did not start."""

    NOT_CONNECTED = "not_connected"
    SWITCHED_OFF = "switched_off"
    NOT_DEPLOYED = "not_deployed"
    SETTING_MISSING = "setting_missing"
    CREDENTIAL_INVALID = "credential_invalid"
    INTEGRATION_INACTIVE = "integration_inactive"
    NO_SUCH_ACCOUNT = "no_such_account"


ADVICE = {
    SkipReason.NOT_CONNECTED: "The user has not connected {provider}. Open the Connect Portal for them.",
    SkipReason.SWITCHED_OFF: "The user has not switched this workflow on: in the Connect Portal, or through your app.",
    SkipReason.NOT_DEPLOYED: "The workflow has never been deployed, or was undeployed. Deploy it in the editor.",
    SkipReason.SETTING_MISSING: "The user has not filled in a required setting in the portal: {detail}.",
    SkipReason.CREDENTIAL_INVALID: "The user's connection to {provider} is no longer valid; they reconnect in the portal.",
    SkipReason.NO_SUCH_ACCOUNT: (
        "The user has connected {provider}, but {detail}. Send the id or the external id of one of the user's, or leave the "
        "header out."
    ),
    SkipReason.INTEGRATION_INACTIVE: "The integration with {provider} is switched off. An admin can switch it on.",
}


@dataclass(frozen=True, slots=True)
class Start:
    """A run to be made. It is made parked where its account has to be connected again first."""

    listener: Listener
    version_id: int
    account: Account

    @property
    def is_parked(self) -> bool:
        return self.account.status == CredentialStatus.INVALID


@dataclass(frozen=True, slots=True)
class Skip:
    """A workflow that listens and does not start."""

    listener: Listener
    reason: SkipReason
    detail: str = ""

    @property
    def message(self) -> str:
        return ADVICE[self.reason].format(provider=self.listener.provider_name, detail=self.detail)


def parked_message(start: Start, *, days: int) -> str:
    """Why a parked run waits, and for how long."""
    kept = "a day" if days == 1 else f"{days} days"
    return (
        f"The user's connection to {start.listener.provider_name} is no longer valid; the run goes on when they have "
        f"reconnected in the portal, and is kept for {kept}."
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the user's accounts the app named; empty strings: all of them.

    An id is a UUID, or the external id that the app gave (with or without "ext:"). Source: connect-protocol.md, 2.0.2.
    """

    credential: str = ""
    configuration: str = ""

    def admits(self, account: Account) -> bool:
        return self._admits_credential(account) and _names(
            self.configuration, account.configuration_id, account.configuration_external_id
        )

    def misses(self, accounts: Iterable[Account]) -> str:
        """Which header names none of these, said in words."""
        if any(self._admits_credential(account) for account in accounts):
            return f"the header X-Paragon-Configuration-Id names no configuration of it: “{_cut(self.configuration)}”"
        return f"the header X-Paragon-Credential names none of the accounts: “{_cut(self.credential)}”"

    def _admits_credential(self, account: Account) -> bool:
        return _names(self.credential, account.credential_id, account.credential_external_id)


NOT_SELECTED = Selection()
"""All of them."""


def _names(selector: str, row_id: UUID, external_id: str | None) -> bool:
    return not selector or selector.lower() == str(row_id) or selector.removeprefix("ext:") == external_id


def _cut(selector: str) -> str:
    return selector if len(selector) <= _MAX_SHOWN else f"{selector[:_MAX_SHOWN]}…"


_MAX_SHOWN = 80
"""Characters of a header's value in a message."""


def plan(
    listeners: Iterable[Listener], accounts: Sequence[Account], selection: Selection, *, parks: bool = True
) -> tuple[list[Start], list[Skip]]:
    """Decide for every workflow that listens. It is skipped only when it starts for none of the user's accounts.

    `parks`: whether events are kept for accounts that have to be connected again; else they are skipped there.
    """
    admitted = [account for account in accounts if selection.admits(account)]
    starts: list[Start] = []
    skips: list[Skip] = []
    for listener in listeners:
        own = [account for account in admitted if account.integration_id == listener.integration_id]
        found, skip = _decide(listener, own, parks=parks)
        if skip and skip.reason is SkipReason.NOT_CONNECTED:
            passed_over = [account for account in accounts if account.integration_id == listener.integration_id]
            if passed_over:
                skip = Skip(listener, SkipReason.NO_SUCH_ACCOUNT, selection.misses(passed_over))
        starts += found
        if skip and not found:
            skips.append(skip)
    return starts, skips


def _decide(listener: Listener, accounts: Sequence[Account], *, parks: bool) -> tuple[list[Start], Skip | None]:
    if listener.version_id is None:
        return [], Skip(listener, SkipReason.NOT_DEPLOYED)
    if not listener.is_active:
        return [], Skip(listener, SkipReason.INTEGRATION_INACTIVE)
    starts: list[Start] = []
    skip = Skip(listener, SkipReason.NOT_CONNECTED)
    for account in accounts:
        reason = _reason_not_to_start(listener, account, parks=parks)
        if reason is None:
            starts.append(Start(listener, listener.version_id, account))
        else:
            skip = Skip(listener, *reason)
    return starts, skip


def _reason_not_to_start(listener: Listener, account: Account, *, parks: bool) -> tuple[SkipReason, str] | None:
    if account.status != CredentialStatus.VALID and not (parks and account.status == CredentialStatus.INVALID):
        return SkipReason.CREDENTIAL_INVALID, ""
    is_on, values = account.switches.get(listener.id, (False, {}))
    if not is_on:
        return SkipReason.SWITCHED_OFF, ""
    assert listener.version_id is not None
    if missing := user_settings.missing_titles(stored_definition(listener.version_id), values, account.shared_settings):
        return SkipReason.SETTING_MISSING, ", ".join(missing)
    return None
