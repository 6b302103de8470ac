"""What can go wrong between us and a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lib.errors import IsthmusError

if TYPE_CHECKING:
    from integrations.models import OAuthAttempt


class ProviderError(IsthmusError):
    """The provider answered with an error, or not at all."""

    code, status = "provider_error", 502


class ProviderUnavailable(ProviderError):
    """The provider could not be reached, or said that it is down; trying again later helps."""

    code, retryable = "provider_unavailable", True


class NeverSent(ProviderUnavailable):
    """No connection to the provider came about, so nothing was sent: trying again is safe."""

    code = "never_sent"


class AnswerLost(ProviderUnavailable):
    """The request was sent and no whole answer came: whether it happened is not known."""

    code = "answer_lost"

    def __init__(self, message: str = "", *, timed_out: bool = False, **ids: Any) -> None:
        super().__init__(message, **ids)
        self.timed_out = timed_out
        """Whether we stopped waiting: the provider may still be at it."""


class ClientRefused(ProviderUnavailable):
    """The provider refuses the OAuth app's key or secret; an admin of the project can mend it in the settings."""

    code = "client_refused"


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
        """Stable: access_denied, state_expired, state_unknown, state_used, wrong_client, redirect_mismatch, code_expired,
        pkce_failed, scope_refused, no_refresh_token, app_not_installed, app_blocked, not_approved, user_inactive,
        external_id_taken, credential_unknown, too_many_accounts, other_org, unavailable, provider_error."""
        self.attempt: OAuthAttempt | None = None
        """The log-in that failed, when its state was known: the popup then knows whom to tell."""


class IntegrationIncomplete(ProviderError):
    """The integration's settings are not complete: an admin has to enter the OAuth app's key and secret."""

    code, status = "integration_incomplete", 409
