"""What sets of ground-floor rows know."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from projects.models import AuditEntry, ConnectedUser, Invitation, Member, Project, SigningKey, User


class ProjectQuerySet(models.QuerySet["Project"]):
    def for_user(self, user: User) -> Self:
        return self.filter(members__user=user)


class MemberQuerySet(models.QuerySet["Member"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(project=project)

    def owners(self) -> Self:
        return self.filter(role="owner")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(project=project)

    def open(self, now: datetime) -> Self:
        """Invitations that may still be taken up."""
        return self.filter(expires_at__gt=now)


class SigningKeyQuerySet(models.QuerySet["SigningKey"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(project=project)

    def valid(self) -> Self:
        return self.filter(revoked_at__isnull=True)


class ConnectedUserQuerySet(models.QuerySet["ConnectedUser"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(project=project)

    def matching(self, text: str) -> Self:
        """Users whose id or metadata contains `text`."""
        return self.filter(
            models.Q(external_id__icontains=text) | models.Q(name__icontains=text) | models.Q(email__icontains=text)
        )


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(project=project)
