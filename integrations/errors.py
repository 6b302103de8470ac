"""What can go wrong between us and a provider."""

from typing import Any

from lib.errors import IsthmusError


class ProviderError(IsthmusError):
    """The provider answered with an error, or not at all."""

    code, status = "provider_error", 502


class ProviderUnavailable(ProviderError):
    """The provider could not be reached, or said that it is down; trying again later helps."""

    code, retryable = "provider_unavailable", True


class CredentialRevoked(ProviderError):
    """The provider refused our refresh token; only the end user can mend it, by connecting again."""

    code, retryable, status = "credential_revoked", False, 409


class CredentialNotFound(ProviderError):
    """This user has no such account connected."""

    code, status = "credential_not_found", 404


class OAuthFailed(ProviderError):
    """The log-in at the provider did not end with a connection; the message says why and what to do."""

    code, status = "oauth_failed", 400

    def __init__(self, message: str, *, reason: str = "oauth_failed", **ids: Any) -> None:
        super().__init__(message, **ids)
        self.reason = reason
        """Stable: access_denied, state_expired, state_unknown, wrong_client, redirect_mismatch, provider_error."""


class IntegrationIncomplete(ProviderError):
    """The integration's settings are not complete: an admin has to enter the OAuth app's key and secret."""

    code, status = "integration_incomplete", 409
