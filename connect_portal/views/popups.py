"""The log-in's popup: the nonce page, the direct start of older SDKs, and the callback that the provider sends it to."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET

from connect_portal import installing, popup_cookies
from connect_portal.views.pages import PopupPage, faces_of, popup_response
from connect_portal.views.words import failed_page, reason_of
from integrations.connecting import finish_oauth, hash_of
from integrations.errors import IntegrationIncomplete, OAuthFailed
from integrations.models import Integration, OAuthAttempt
from lib.errors import IsthmusError
from projects.connected_users import connected_user
from projects.models import ConnectedUser
from projects.origins import is_allowed
from projects.user_tokens import verify_user_token

log = logging.getLogger("isthmus.oauth")


@require_GET
def nonce(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """The popup's first page: sets the cookie, tells the opener, and waits to be sent to the provider.

    What would keep the log-in from starting is said here, in words and to the opener: the SDK only logs it.
    """
    origin = request.GET.get("originForPostMessage", "")
    integration: Integration | None = None
    try:
        user = _user(request, project_id)
        installing.check_origin(user.project, origin)
        integration = installing.installable(
            user.project, request.GET.get("integrationId") or request.GET.get("action", "")
        )
        if not integration.is_complete:
            raise IntegrationIncomplete(integration=integration.pk)
    except IsthmusError as exc:
        return _refused(exc, integration, origin, project_id)
    response = popup_response(
        PopupPage(
            title=f"Opening {integration.provider.name}",
            text=f"You will log in at {integration.provider.name} and come back by yourself.",
            message={"type": "oauth-nonce-loaded"},
            origin=origin,
            waits=True,
            faces=faces_of(integration),
        )
    )
    popup_cookies.set_cookie(response, user_id=user.pk, integration_id=integration.pk)
    return response


@require_GET
def build_oauth(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """The start in SDK versions up to 2.0.6: the popup comes here at once, and is sent on to the provider."""
    session_id = request.GET.get("sessionId") or request.GET.get("oauthMetaKeyId") or ""
    origin = request.GET.get("originForPostMessage", "")
    integration: Integration | None = None
    try:
        user = _user(request, project_id)
        installing.check_origin(user.project, origin)
        wanted = installing.OAuthStart.read(request.GET, session_id=session_id, posts_message=True)
        integration = installing.installable(user.project, wanted.integration)
        response = HttpResponseRedirect(installing.start(user, wanted))
    except IsthmusError as exc:
        return _refused(exc, integration, origin, project_id)
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    popup_cookies.set_cookie(response, user_id=user.pk, integration_id=integration.pk)
    return response


@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the popup: finishes the log-in, tells the opener, and closes the window."""
    query = request.GET
    attempt = OAuthAttempt.objects.filter(state_hash=hash_of(query.get("state", ""))).first()
    try:
        if attempt and not popup_cookies.is_set(
            request, user_id=attempt.user_id, integration_id=attempt.integration_id
        ):
            log.warning("oauth.other_browser", extra={"integration": attempt.integration_id})
            raise OAuthFailed("This log-in began in another browser.", reason="other_browser")
        attempt = finish_oauth(
            state=query.get("state", ""),
            code=query.get("code", ""),
            error=query.get("error", ""),
            error_description=query.get("error_description", ""),
        )
        if attempt.credential is None:
            raise OAuthFailed("The log-in ended without a connected account.", reason="provider_error")
    except IsthmusError as exc:
        return _failed(exc, getattr(exc, "attempt", None) or attempt)
    installing.settle(attempt.credential)
    return _connected(attempt)


def _user(request: HttpRequest, project_id: UUID) -> ConnectedUser:
    return connected_user(verify_user_token(request.GET.get("userToken", ""), project_id))


def _connected(attempt: OAuthAttempt) -> HttpResponse:
    name = attempt.integration.provider.name
    message = {
        "type": "oauth_success_callback",
        "credential": {
            "integrationId": str(attempt.integration_id),
            "payload": {"credentialId": str(attempt.credential_id)},
        },
    }
    page = PopupPage(
        title=f"{name} is connected",
        text="This window closes by itself.",
        tone="success",
        message=message
        if attempt.posts_message
        else None,  # newer SDKs ask for the session instead; both would count twice
        origin=attempt.origin if attempt.posts_message else "",
        closes=True,
        faces=faces_of(attempt.integration),
    )
    return popup_response(page)


def _failed(exc: IsthmusError, attempt: OAuthAttempt | None) -> HttpResponse:
    if attempt is None:
        return popup_response(failed_page(exc), status=400)
    page = failed_page(exc, integration=attempt.integration, **_told(exc, attempt.integration, attempt.origin))
    return popup_response(page, status=400)


def _refused(exc: IsthmusError, integration: Integration | None, origin: str, project_id: UUID) -> HttpResponse:
    """The log-in does not even start. The opener hears of it only if it is one of the project's own pages."""
    log.info("oauth.refused", extra={"reason": exc.code, "project": project_id})
    if integration is None:
        return popup_response(failed_page(exc), status=exc.status)
    return popup_response(
        failed_page(exc, integration=integration, **_told(exc, integration, origin)), status=exc.status
    )


def _told(exc: IsthmusError, integration: Integration, origin: str) -> dict[str, Any]:
    """The error as the opener hears it; nothing for an origin that is not (or no longer) allowed."""
    if not is_allowed(origin, integration.project.allowed_origins):
        return {}
    reason = reason_of(exc)
    message: dict[str, Any] = {
        "type": "oauth_error_callback",
        "error": reason,
        "integrationId": str(integration.pk),
        "errorResponse": {
            "message": failed_page(exc, integration=integration).text,
            "code": reason,
            "status": 400,
            "meta": {},
        },
    }
    return {"message": message, "origin": origin}
