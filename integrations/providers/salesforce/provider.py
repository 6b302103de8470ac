"""Salesforce as a provider: the one object that the rest of the product knows it by."""

from __future__ import annotations

from collections.abc import Mapping

from integrations.models import Credential, Integration
from integrations.providers.base import Action, AuthorizationRequest, Connection, Grant, ObjectSchemas, Provider
from integrations.providers.salesforce.actions import actions
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
        raise NotImplementedError

    def authorization_request(self, integration: Integration, *, state: str, redirect_uri: str) -> AuthorizationRequest:
        raise NotImplementedError

    def exchange_code(
        self, integration: Integration, *, code: str, code_verifier: str, redirect_uri: str, login_url: str
    ) -> Grant:
        raise NotImplementedError

    def connect(self, credential: Credential) -> Connection:
        raise NotImplementedError

    def refresh(self, credential: Credential, *, stale_version: int) -> Credential:
        raise NotImplementedError

    def revoke(self, credential: Credential) -> None:
        raise NotImplementedError

    def schemas(self, project: Project, credential: Credential | None = None) -> ObjectSchemas:
        return BuiltInSchemas()
