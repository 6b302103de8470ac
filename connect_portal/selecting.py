"""Which account and configuration a request is about.

A selector is a UUID, `ext:<external id>` or a plain external id, in this order, and counts only among the token's own
user's rows: whatever belongs to somebody else is not found. Source: connect-protocol.md, 2.0.2 and 8.7.
"""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from connect_portal.errors import ConfigurationNotFound, IntegrationNotFound, SeveralAccounts
from connect_portal.reading import main_credential
from integrations.errors import CredentialNotFound
from integrations.models import Configuration, Credential, Integration
from projects.models import ConnectedUser, Project

CREDENTIAL_HEADER = "X-Paragon-Credential"
CONFIGURATION_HEADER = "X-Paragon-Configuration-Id"


def find_integration(project: Project, selector: str) -> Integration:
    """The project's integration by its id or by its type ("salesforce"). Raises IntegrationNotFound."""
    mine = Integration.objects.for_project(project).select_related("project")
    by_id = as_uuid(selector)
    found = mine.filter(pk=by_id).first() if by_id else mine.filter(provider_key=selector).first()
    if found is None:
        raise IntegrationNotFound(integration=selector)
    return found


def find_credential(user: ConnectedUser, selector: str, integration: Integration | None = None) -> Credential:
    """The user's account that `selector` names, of `integration` if one is given. Raises CredentialNotFound."""
    mine = Credential.objects.for_connected_user(user).present().select_related("integration")
    if integration is not None:
        mine = mine.filter(integration=integration)
    by_id = as_uuid(selector)
    found = mine.filter(pk=by_id).first() if by_id else None
    found = found or mine.filter(external_id=selector.removeprefix("ext:")).order_by("created_at").first()
    if found is None:
        raise CredentialNotFound("This user has no connected account of that id.", credential=selector)
    return found


def chosen_credential(user: ConnectedUser, selector: str, integration: Integration) -> Credential:
    """The account of `integration` that `selector` names; with none named, the user's main one. Raises CredentialNotFound.

    An open portal puts its own account into this header for calls about other integrations too, so that a selector of
    another integration counts as none.
    """
    if selector:
        with suppress(CredentialNotFound):
            return find_credential(user, selector, integration)
        find_credential(user, selector)  # another integration's: passed over; nobody's: raises
    mine = Credential.objects.for_connected_user(user).present().select_related("integration")
    found = main_credential(list(mine.filter(integration=integration).order_by("created_at")))
    if found is None:
        raise CredentialNotFound(f"This user has not connected {integration.provider.name}.")
    return found


def only_credential(user: ConnectedUser, integration: Integration) -> Credential:
    """The user's one account of `integration`. Raises CredentialNotFound for none, SeveralAccounts for more."""
    mine = Credential.objects.for_connected_user(user).present().select_related("integration")
    found = list(mine.filter(integration=integration)[:2])
    if not found:
        raise CredentialNotFound(f"This user has not connected {integration.provider.name}.")
    if len(found) > 1:
        raise SeveralAccounts()
    return found[0]


def find_configuration(credential: Credential, selector: str) -> Configuration:
    """The credential's configuration that `selector` names; with none named, its default. Raises ConfigurationNotFound."""
    mine = credential.configurations.default_first()
    if not selector:
        found = mine.first()
    else:
        by_id = as_uuid(selector)
        found = (mine.filter(pk=by_id).first() if by_id else None) or mine.filter(
            external_id=selector.removeprefix("ext:")
        ).first()
    if found is None:
        raise ConfigurationNotFound(configuration=selector)
    return found


def as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
