"""Tenants, their members, signing keys and end users."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from lib.ids import time_ordered_id
from projects.querysets import (
    AuditQuerySet,
    ConnectedUserQuerySet,
    InvitationQuerySet,
    MemberQuerySet,
    ProjectQuerySet,
    SigningKeyQuerySet,
)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A dashboard account. End users of the customers' apps are ConnectedUser, never this."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_account_per_email")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name or self.email.partition("@")[0]


class PayloadPolicy(models.TextChoices):
    """What happens to an event whose payload does not have the example's shape."""

    ACCEPT = "accept", "Accept it"
    WARN = "warn", "Accept it with a warning in the receipt"
    REJECT = "reject", "Reject it"


class Project(models.Model):
    """A tenant: one product of one company. Everything else belongs to one project."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    allowed_origins = models.JSONField(default=list, blank=True)
    """Origins whose pages may frame the portal and receive its messages: "https://app.acme.com", "http://localhost:*"."""
    payload_policy = models.CharField(max_length=10, choices=PayloadPolicy.choices, default=PayloadPolicy.ACCEPT)
    max_token_hours = models.PositiveIntegerField(default=24, db_default=24)
    """The longest life of a user token, from its `iat` to its `exp`; longer ones are refused."""
    parked_days = models.PositiveIntegerField(default=7, db_default=7)
    """How long events are kept for an account that has to be connected again."""
    created_at = models.DateTimeField(default=timezone.now)

    objects = ProjectQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    BUILDER = "builder", "Builder"
    VIEWER = "viewer", "Viewer"


ROLE_RANK = {Role.VIEWER: 0, Role.BUILDER: 1, Role.ADMIN: 2, Role.OWNER: 3}


class Member(models.Model):
    """A dashboard user's role in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.BUILDER)
    created_at = models.DateTimeField(default=timezone.now)

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_membership_per_user")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"

    def may(self, role: Role) -> bool:
        """Whether this member has at least the rights of `role`."""
        return ROLE_RANK[Role(self.role)] >= ROLE_RANK[role]


class Invitation(models.Model):
    """A place in a project that is kept for whoever signs in with this e-mail address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    """In lower case."""
    role = models.CharField(max_length=10, choices=Role.choices)
    invited_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "email"], name="one_invitation_per_email")]

    def __str__(self) -> str:
        return self.email


class SigningKey(models.Model):
    """The public half of an RSA key pair; the app keeps the private half, which is never stored here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="signing_keys")
    name = models.CharField(max_length=120, blank=True)
    public_key = models.TextField()
    """PEM, SubjectPublicKeyInfo."""
    fingerprint = models.CharField(max_length=64)
    """SHA-256 of the DER public key, lower-case hex."""
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = SigningKeyQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "fingerprint"], name="one_key_per_fingerprint")]

    def __str__(self) -> str:
        return self.name or self.fingerprint[:16]


class ConnectedUser(models.Model):
    """An end user of the customer's app, known by the user token's `sub`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="connected_users")
    external_id = models.CharField(max_length=255)
    """The token's `sub`."""
    meta = models.JSONField(default=dict, blank=True)
    name = models.CharField(max_length=255, blank=True)
    """Copy of `meta.Name`, to search by."""
    email = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    objects = ConnectedUserQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "external_id"], name="one_connected_user_per_sub")]
        indexes = [models.Index(fields=["project", "-last_seen_at", "-id"], name="connected_user_by_last_seen")]

    def __str__(self) -> str:
        return self.external_id


class AuditEntry(models.Model):
    """Who changed what and when; written in the same transaction as the change."""

    id = models.UUIDField(primary_key=True, default=time_ordered_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="audit_entries")
    actor = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """None: the change came from a command or from the API."""
    action = models.CharField(max_length=60)
    """For example "signing_key.revoked"."""
    target = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = AuditQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["project", "-at"], name="audit_by_project")]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
