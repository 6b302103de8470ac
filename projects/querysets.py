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

    def memberless(self) -> Self:
        """Projects that nobody has a role in: commands make such, people never do."""
        return self.filter(members__isnull=True)


class MemberQuerySet(models.QuerySet["Member"]):
    def for_project(self, project: Project) -> Self:
        return self.filter(project=project)

    def owners(self) -> Self:
        return self.filter(role="owner")

    def for_list(self) -> Self:
        """In the order in which they came, with their accounts."""
        return self.select_related("user").order_by("created_at", "pk")


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

    def for_list(self) -> Self:
        """Valid keys first, then the newest, with the people who made and revoked them."""
        return self.select_related("created_by", "revoked_by").order_by(
            models.F("revoked_at").desc(nulls_first=True), "-created_at"
        )


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

    def narrowed(self, *, person: str, action: str) -> Self:
        """Entries of one person (an account's id) and of one action; empty words narrow nothing."""
        found = self
        if person:
            found = found.filter(actor_id=int(person)) if person.isdecimal() and len(person) < 19 else found.none()
        return found.filter(action=action) if action else found

    def newest_first(self) -> Self:
        return self.select_related("actor").order_by("-at", "-pk")

    def actions(self) -> list[str]:
        """The names of the actions that occur, in order."""
        return list(self.order_by("action").values_list("action", flat=True).distinct())
