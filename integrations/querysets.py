"""What sets of integrations, credentials and configurations know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from integrations.models import AccountLogin, Configuration, Credential, Integration
    from projects.models import ConnectedUser, Project


class IntegrationQuerySet(models.QuerySet["Integration"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(project=project)

    def active(self) -> Self:
        return self.filter(is_active=True)


class CredentialQuerySet(models.QuerySet["Credential"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(integration__project=project)

    def for_connected_user(self, user: ConnectedUser) -> Self:
        return self.filter(user=user)

    def present(self) -> Self:
        """Credentials that the end user has not disconnected."""
        return self.filter(removed_at__isnull=True)

    def valid(self) -> Self:
        return self.present().filter(status="VALID")

    def idle_since(self, moment: datetime) -> models.QuerySet[Credential, tuple[UUID, int]]:
        """(id, tokens_version) of the valid ones that were last refreshed before `moment`, the longest idle first."""
        return self.valid().filter(refreshed_at__lt=moment).order_by("refreshed_at").values_list("pk", "tokens_version")


class AccountLoginQuerySet(models.QuerySet["AccountLogin"]):
    def of_credential(self, credential: Credential) -> Self:
        """The accounts that a credential has acted with, in their order."""
        return self.filter(credential=credential).order_by("since", "pk")


class ConfigurationQuerySet(models.QuerySet["Configuration"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(credential__integration__project=project)

    def present(self) -> Self:
        return self.filter(credential__removed_at__isnull=True)

    def default_first(self) -> Self:
        return self.order_by("-is_default", "created_at")
