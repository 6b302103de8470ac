"""Salesforce as a provider: the one object that the rest of the product knows it by."""

from __future__ import annotations

from collections.abc import Mapping

from integrations.errors import CredentialRevoked
from integrations.models import Credential, CredentialStatus, Integration
from integrations.providers.base import JSON, Action, AuthorizationRequest, Grant, ObjectSchemas, Provider
from integrations.providers.salesforce import hosts, login, login_errors, pool
from integrations.providers.salesforce.actions import actions
from integrations.providers.salesforce.client import SalesforceConnection
from integrations.providers.salesforce.describe import BuiltInSchemas
from projects.models import Project


class SalesforceProvider(Provider):
    key = "salesforce"
    name = "Salesforce"
    description = "Create and update leads, contacts, accounts and any other record in your users' Salesforce."
    brand_color = "#057ACF"
    categories = ("CRM",)
    default_scopes = ("api", "refresh_token", "id")

    @property
    def actions(self) -> Mapping[str, Action]:
        return actions()

    def login_url(self, integration: Integration) -> str:
        return hosts.login_url(integration.settings)

    def default_settings(self) -> dict[str, JSON]:
        return {"environment": hosts.PRODUCTION, "domain": ""}

    def checked_settings(self, chosen: Mapping[str, JSON]) -> dict[str, JSON]:
        return hosts.checked(chosen)

    def explain_refusal(self, error: str, description: str) -> tuple[str, str]:
        found = login_errors.explain(error, description)
        return found.reason, found.words

    def authorization_request(self, integration: Integration, *, state: str, redirect_uri: str) -> AuthorizationRequest:
        scopes = list(integration.scopes or self.default_scopes)
        return login.authorization_request(integration, state=state, redirect_uri=redirect_uri, scopes=scopes)

    def exchange_code(
        self, integration: Integration, *, code: str, code_verifier: str, redirect_uri: str, login_url: str
    ) -> Grant:
        return login.exchange_code(
            integration, code=code, code_verifier=code_verifier, redirect_uri=redirect_uri, login_url=login_url
        )

    def connect(self, credential: Credential) -> SalesforceConnection:
        is_usable = credential.status == CredentialStatus.VALID and credential.tokens_sealed
        if not is_usable or credential.removed_at is not None:
            raise CredentialRevoked(credential.status_reason, credential_id=str(credential.pk))
        return pool.connection_for(credential)

    def renew(self, credential: Credential) -> Grant:
        return login.renew(credential)

    def revoke(self, credential: Credential) -> None:
        pool.drop(credential.pk)
        login.revoke(credential)

    def schemas(self, project: Project, credential: Credential | None = None) -> ObjectSchemas:
        """An org's record types, given one of the project's connected accounts; else the standard objects."""
        if credential is None or credential.integration.project_id != project.pk:
            return BuiltInSchemas()
        try:
            return self.connect(credential).schemas
        except CredentialRevoked:
            return BuiltInSchemas()
