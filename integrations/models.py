"""Providers switched on in projects, and the end users' accounts at them."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, TypedDict

from django.db import models
from django.utils import timezone

from integrations.querysets import AccountLoginQuerySet, ConfigurationQuerySet, CredentialQuerySet, IntegrationQuerySet
from lib.encryption import decrypt, encrypt
from projects.models import ConnectedUser, Project

if TYPE_CHECKING:
    from integrations.providers.base import Provider


class Tokens(TypedDict):
    """What the provider's token endpoint gave; never in history, logs or pages."""

    access_token: str
    refresh_token: str


class Integration(models.Model):
    """A provider switched on in a project, with the OAuth app's credentials."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="integrations")
    provider_key = models.CharField(max_length=60)
    """For example "salesforce": the `type` that the SDK sees."""
    is_active = models.BooleanField(default=False)
    client_id = models.CharField(max_length=512, blank=True)
    client_secret_sealed = models.TextField(blank=True)
    scopes = models.JSONField(default=list, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    """The provider's own settings; for Salesforce {"environment": "production"|"sandbox"|"my_domain", "domain": str}."""
    description = models.CharField(max_length=200, blank=True)
    """The short text that the portal shows."""
    overview = models.TextField(blank=True)
    accent_color = models.CharField(max_length=9, blank=True)
    api_reserve_percent = models.PositiveSmallIntegerField(default=20)
    """How much of an org's daily API limit is left to the customer."""
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = IntegrationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "provider_key"], name="one_integration_per_provider")]

    def __str__(self) -> str:
        return self.provider.name

    @property
    def provider(self) -> Provider:
        from integrations.providers import registry

        return registry.provider(self.provider_key)

    @property
    def client_secret(self) -> str:
        return (
            decrypt(self.client_secret_sealed, bound_to=f"integration:{self.pk}") if self.client_secret_sealed else ""
        )

    @client_secret.setter
    def client_secret(self, plain: str) -> None:
        self.client_secret_sealed = encrypt(plain, bound_to=f"integration:{self.pk}") if plain else ""

    @property
    def is_complete(self) -> bool:
        """Whether an end user could connect: the OAuth app is known."""
        return bool(self.client_id and self.client_secret_sealed)


class CredentialStatus(models.TextChoices):
    VALID = "VALID", "Connected"
    INVALID = "INVALID", "Needs to be connected again"
    PENDING = "PENDING", "Being connected"


class Credential(models.Model):
    """One account of a connected user at the provider."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="credentials")
    user = models.ForeignKey(ConnectedUser, on_delete=models.CASCADE, related_name="credentials")
    external_id = models.CharField(max_length=255, null=True, blank=True)
    status = models.CharField(max_length=10, choices=CredentialStatus.choices, default=CredentialStatus.PENDING)
    status_reason = models.CharField(max_length=300, blank=True)
    """Why it is not valid, in words for the end user."""
    unreachable_since = models.DateTimeField(null=True, blank=True)
    """Since when no connection to the provider's hosts has come about; None: the last one did. It is valid all the same."""
    unreachable_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    """Why, in words, with the host."""
    provider_id = models.CharField(max_length=120, blank=True)
    """The account at the provider; for Salesforce the 18-character org id."""
    provider_data = models.JSONField(default=dict, blank=True)
    """Not secret; for Salesforce {"instance_url", "user_id", "username", "display_name", "org_name", "identity_url"}."""
    tokens_sealed = models.TextField(blank=True)
    tokens_version = models.PositiveIntegerField(default=0)
    """Counts refreshes, so that two workers with the same stale token refresh once."""
    refreshed_at = models.DateTimeField(null=True, blank=True)
    refresh_holder = models.UUIDField(null=True, blank=True)
    """Who is refreshing. Found set by the next one, it says that a refresh began and never ended."""
    refresh_held_until = models.DateTimeField(null=True, blank=True)
    api_used = models.PositiveIntegerField(null=True, blank=True)
    api_limit = models.PositiveIntegerField(null=True, blank=True)
    api_checked_at = models.DateTimeField(null=True, blank=True)
    api_reserve_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    """Overrides the integration's reserve."""
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    """Set when the end user disconnected: the tokens are gone, the history stays."""

    objects = CredentialQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["integration", "user", "external_id"],
                condition=models.Q(removed_at__isnull=True),
                name="one_credential_per_external_id",
            )
        ]
        indexes = [models.Index(fields=["user", "integration"], name="credential_by_user")]

    def __str__(self) -> str:
        return str(self.provider_data.get("username") or self.provider_id or self.pk)

    @property
    def tokens(self) -> Tokens:
        if not self.tokens_sealed:
            return {"access_token": "", "refresh_token": ""}
        opened: Tokens = json.loads(decrypt(self.tokens_sealed, bound_to=f"credential:{self.pk}"))
        return opened

    @tokens.setter
    def tokens(self, plain: Tokens | None) -> None:
        self.tokens_sealed = encrypt(json.dumps(plain), bound_to=f"credential:{self.pk}") if plain else ""


class AccountLogin(models.Model):
    """Whose account a credential acts with, from a log-in on until the next one that is somebody else's."""

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="logins", db_index=False)
    provider_id = models.CharField(max_length=120)
    """The org's id."""
    user_id = models.CharField(max_length=120, blank=True)
    """The user's id at the provider."""
    username = models.CharField(max_length=255, blank=True)
    since = models.DateTimeField(default=timezone.now)

    objects = AccountLoginQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["credential", "since"], name="login_by_credential")]

    def __str__(self) -> str:
        return self.username or self.user_id or self.provider_id


class ApiUsage(models.Model):
    """An org's count of API calls in one slot of ten minutes, as it said last: forecasts and charts are made of these."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="+", db_index=False)
    provider_id = models.CharField(max_length=120)
    since = models.DateTimeField()
    """When the slot began."""
    api_used = models.PositiveIntegerField()
    api_limit = models.PositiveIntegerField()
    own_calls = models.PositiveIntegerField(default=0)
    """Isthmus's calls in the slot."""
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["integration", "provider_id", "since"], name="one_api_usage_per_slot")
        ]
        indexes = [models.Index(fields=["since"], name="api_usage_by_age")]


class Configuration(models.Model):
    """A credential's settings; which workflows are on, with which values, stands in workflows.WorkflowSetting."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="configurations")
    is_default = models.BooleanField(default=True)
    external_id = models.CharField(max_length=255, null=True, blank=True)
    meta = models.JSONField(default=dict, blank=True)
    shared_settings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConfigurationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credential"], condition=models.Q(is_default=True), name="one_default_configuration"
            ),
            models.UniqueConstraint(
                fields=["credential", "external_id"],
                condition=models.Q(external_id__isnull=False),
                name="one_configuration_per_external_id",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id or str(self.pk)


class OAuthAttempt(models.Model):
    """One log-in at the provider under way: what we must remember between the redirect and the callback."""

    state_hash = models.CharField(primary_key=True, max_length=64)
    """SHA-256 of the `state` parameter, lower-case hex: the table alone lets nobody finish another's log-in."""
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(ConnectedUser, on_delete=models.CASCADE, related_name="+")
    verifier_sealed = models.TextField()
    session_id = models.CharField(max_length=120, blank=True)
    """The SDK's `oauthMetaKeyId` (or, in its older versions, `sessionId`), by which it polls for the end."""
    posts_message = models.BooleanField(default=False)
    """Whether the callback page also posts the result to its opener (connect-protocol.md, 3.4)."""
    origin = models.CharField(max_length=300, blank=True)
    redirect_uri = models.CharField(max_length=500)
    login_url = models.CharField(max_length=300)
    install_options = models.JSONField(default=dict, blank=True)
    credential = models.ForeignKey(Credential, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """The outcome."""
    error = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "session_id"], name="attempt_by_session")]

    @property
    def verifier(self) -> str:
        """PKCE's secret, which the token endpoint asks for."""
        return decrypt(self.verifier_sealed, bound_to=f"oauth-attempt:{self.state_hash}")

    @verifier.setter
    def verifier(self, plain: str) -> None:
        self.verifier_sealed = encrypt(plain, bound_to=f"oauth-attempt:{self.state_hash}")


class DescribedObject(models.Model):
    """A describe kept per org, so that forms and validations need no call each time."""

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="described_objects")
    name = models.CharField(max_length=80)
    """The object's API name; "" for the list of objects."""
    body = models.JSONField()
    fetched_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["credential", "name"], name="one_describe_per_object")]
