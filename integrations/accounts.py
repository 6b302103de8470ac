"""Which of the accounts that a credential has acted with was in force at a moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from integrations.models import AccountLogin, Credential


def used_accounts(credential: Credential, moments: Iterable[datetime]) -> list[str]:
    """Name the accounts in force at `moments`, each once and in the order of the log-ins.

    What was before the first log-in that is noted counts as that one's. A credential with none noted has its name of today.
    """
    logins = list(AccountLogin.objects.of_credential(credential))
    if not logins:
        return [str(credential)]
    in_force = {_in_force(logins, moment).pk for moment in moments}
    return list(dict.fromkeys(str(login) for login in logins if login.pk in in_force))


def _in_force(logins: list[AccountLogin], moment: datetime) -> AccountLogin:
    begun = [login for login in logins if login.since <= moment]
    return begun[-1] if begun else logins[0]
