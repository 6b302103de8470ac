"""Connecting an account: from the Connect button to a credential with its default configuration.

The `state` that goes round through the browser is 256 random bits, of which we keep only the hash; it is good once and
for ten minutes, and belongs to one user. What the SDK wants to know afterwards stands in the OAuthAttempt.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from integrations import revocation, saving
from integrations.errors import IntegrationIncomplete, OAuthFailed, ProviderUnavailable
from integrations.models import Credential, Integration, OAuthAttempt
from projects.models import ConnectedUser

log = logging.getLogger(__name__)

GOOD_FOR: Final = timedelta(minutes=10)
MAX_CODE_CHARACTERS: Final = 2_000


def redirect_uri() -> str:
    """Where providers send the end user's browser back to; it has to be entered in the OAuth app, letter for letter."""
    return f"{settings.BASE_URL}/oauth/callback"


def start_oauth(
    integration: Integration,
    user: ConnectedUser,
    *,
    session_id: str = "",
    origin: str = "",
    posts_message: bool = False,
    install_options: Mapping[str, Any] | None = None,
) -> str:
    """The provider's log-in page for this user. Raises IntegrationIncomplete.

    `session_id`, `origin` and `posts_message` are the SDK's, `install_options` as in its `POST /sdk/credentials`.
    """
    if not integration.is_complete or not integration.is_active:
        raise IntegrationIncomplete(
            f"{integration.provider.name} is not set up yet: an admin enters the app's key and secret and switches it on.",
            integration_id=str(integration.pk),
        )
    state = secrets.token_urlsafe(32)
    request = integration.provider.authorization_request(integration, state=state, redirect_uri=redirect_uri())
    login = urlsplit(request.url)
    attempt = OAuthAttempt(
        state_hash=hash_of(state),
        integration=integration,
        user=user,
        session_id=session_id[:120],
        origin=origin[:300],
        posts_message=posts_message,
        redirect_uri=redirect_uri(),
        login_url=f"{login.scheme}://{login.netloc}",
        install_options=dict(install_options or {}),
        expires_at=timezone.now() + GOOD_FOR,
    )
    attempt.verifier = request.code_verifier
    attempt.save(force_insert=True)
    return request.url


def finish_oauth(
    *,
    state: str,
    code: str = "",
    error: str = "",
    error_description: str = "",
    settle: Callable[[Credential], object] = lambda credential: None,
) -> OAuthAttempt:
    """What the callback brought, made into a valid credential: `attempt.credential`, with its default configuration.

    `settle` does what else an account needs that is connected now (its lane, its switches, its parked runs), in the one
    transaction that stores the credential: there is all of it or nothing. The code is exchanged before, outside of it.

    A callback page loaded again gives the first one's outcome. Raises OAuthFailed, with `attempt` where the state was known.
    """
    attempt = (
        OAuthAttempt.objects.select_related("integration__project", "user").filter(state_hash=hash_of(state)).first()
    )
    if attempt is None:
        raise OAuthFailed("This log-in is not one that was started here. Start again.", reason="state_unknown")
    if not _claim(attempt):
        return _outcome_of_used(attempt)
    try:
        if error or not code or len(code) > MAX_CODE_CHARACTERS:
            raise _refused(attempt, error, error_description)
        if timezone.now() > attempt.expires_at:
            raise OAuthFailed("The log-in took longer than ten minutes. Start again.", reason="state_expired")
        _connect(attempt, code, settle)
    except OAuthFailed as failure:
        raise _failed(attempt, failure) from failure.__cause__
    except ProviderUnavailable as unavailable:
        words = f"The log-in could not be finished: {unavailable.message}"
        raise _failed(attempt, OAuthFailed(words, reason="unavailable")) from unavailable
    return attempt


def hash_of(state: str) -> str:
    """What an attempt is found by."""
    return hashlib.sha256(state.encode()).hexdigest()


def _claim(attempt: OAuthAttempt) -> bool:
    """Use the state up; False when an earlier callback did."""
    attempt.used_at = timezone.now()
    return bool(OAuthAttempt.objects.filter(pk=attempt.pk, used_at__isnull=True).update(used_at=attempt.used_at))


def _outcome_of_used(attempt: OAuthAttempt) -> OAuthAttempt:
    attempt.refresh_from_db(fields=["credential", "error"])
    if attempt.credential is not None:
        return attempt
    found = attempt.error or {"message": "This log-in was used already. Start again.", "reason": "state_used"}
    failure = OAuthFailed(str(found["message"]), reason=str(found["reason"]))
    failure.attempt = attempt
    raise failure


def _refused(attempt: OAuthAttempt, error: str, description: str) -> OAuthFailed:
    reason, words = attempt.integration.provider.explain_refusal(_shown(error, 200), _shown(description, 300))
    return OAuthFailed(words, reason=reason)


def _shown(text: str, most: int) -> str:
    """The callback's own words, which anybody may have written there: bounded, and without what no page shows or database
    keeps."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[:most]).split())


def _connect(attempt: OAuthAttempt, code: str, settle: Callable[[Credential], object]) -> None:
    integration = attempt.integration
    grant = integration.provider.exchange_code(
        integration,
        code=code,
        code_verifier=attempt.verifier,
        redirect_uri=attempt.redirect_uri,
        login_url=attempt.login_url,
    )
    try:
        with transaction.atomic():
            credential = saving.save_credential(integration, attempt.user, grant, attempt.install_options)
            settle(credential)
            OAuthAttempt.objects.filter(pk=attempt.pk).update(credential=credential)
    except OAuthFailed:
        revocation.revoke_unused(integration, attempt.user, grant)
        raise
    attempt.credential = credential
    log.info("oauth.finished", extra={"credential": str(credential.pk), "integration": str(integration.pk)})


def _failed(attempt: OAuthAttempt, failure: OAuthFailed) -> OAuthFailed:
    """Write the failure down for whoever polls, and give it the attempt."""
    attempt.error = {"reason": failure.reason, "message": failure.message}
    attempt.save(update_fields=["error"])
    failure.attempt = attempt
    log.warning(
        "oauth.failed", extra={"integration": str(attempt.integration_id), "reason": failure.reason, **failure.ids}
    )
    return failure
