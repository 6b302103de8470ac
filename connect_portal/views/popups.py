"""The log-in's popup: the nonce page, the direct start of older SDKs, and the callback that the provider sends it to."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connect_portal import installing, popup_cookies
from connect_portal.opener import is_opened_by, shown_name
from connect_portal.views.pages import Answer, PopupPage, faces_of, popup_response
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

_PARAMETERS: Final = (
    "action",
    "integrationId",
    "originForPostMessage",
    "userToken",
    "sessionId",
    "oauthMetaKeyId",
    "installOptions",
    "redirectUrl",
)
"""What of the SDK's query counts here."""


@require_http_methods(["GET", "POST"])
def nonce(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """The popup's first page: sets the cookie, tells the opener, and waits to be sent to the provider.

    What would keep the log-in from starting is said here, in words and to the opener: the SDK only logs it.
    """
    asked = _asked(request)
    origin = asked.get("originForPostMessage", "")
    integration: Integration | None = None
    try:
        user = _user(asked, project_id)
        installing.check_origin(user.project, origin)
        integration = installing.installable(user.project, asked.get("integrationId") or asked.get("action", ""))
        if not integration.is_complete:
            raise IntegrationIncomplete(integration=integration.pk)
    except IsthmusError as exc:
        return _refused(exc, integration, origin, project_id)
    if not _may_go_on(request, origin):
        return _question(request, user, integration, asked)
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


@require_http_methods(["GET", "POST"])
def build_oauth(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """The start in SDK versions up to 2.0.6: the popup comes here at once, and is sent on to the provider."""
    asked = _asked(request)
    session_id = asked.get("sessionId") or asked.get("oauthMetaKeyId") or ""
    origin = asked.get("originForPostMessage", "")
    integration: Integration | None = None
    try:
        user = _user(asked, project_id)
        installing.check_origin(user.project, origin)
        wanted = installing.OAuthStart.read(asked, session_id=session_id, posts_message=True)
        integration = installing.installable(user.project, wanted.integration)
        if not _may_go_on(request, origin):
            return _question(request, user, integration, asked)
        address = installing.start(user, wanted)
    except IsthmusError as exc:
        return _refused(exc, integration, origin, project_id)
    response = _to_provider(address, integration, is_form=request.method == "POST")
    popup_cookies.set_cookie(response, user_id=user.pk, integration_id=integration.pk)
    return response


@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the popup: finishes the log-in, tells the opener, and closes the window."""
    query = request.GET
    attempt = OAuthAttempt.objects.filter(state_hash=hash_of(query.get("state", ""))).first()
    try:
        if attempt and not _is_this_browsers(request, attempt):
            log.warning("oauth.other_browser", extra={"integration": attempt.integration_id})
            raise OAuthFailed("This log-in began in another browser.", reason="other_browser")
        attempt = finish_oauth(
            state=query.get("state", ""),
            code=query.get("code", ""),
            error=query.get("error", ""),
            error_description=query.get("error_description", ""),
            settle=installing.settle,
        )
        if attempt.credential is None:
            raise OAuthFailed("The log-in ended without a connected account.", reason="provider_error")
    except IsthmusError as exc:
        return _failed(request, exc, getattr(exc, "attempt", None) or attempt)
    return _connected(attempt)


@require_POST
def add_account(request: HttpRequest) -> HttpResponse:
    """Begin a log-in for another account, when a renewal has come back from another org and the person wants both."""
    attempt = OAuthAttempt.objects.filter(state_hash=hash_of(request.POST.get("state", ""))).first()
    try:
        if attempt is None or not _is_this_browsers(request, attempt):
            raise OAuthFailed("This log-in is over. Start again.", reason="state_unknown")
        address = installing.start_again(attempt)
    except IsthmusError as exc:
        return popup_response(failed_page(exc), status=exc.status)
    response = _to_provider(address, attempt.integration, is_form=True)
    popup_cookies.set_cookie(response, user_id=attempt.user_id, integration_id=attempt.integration_id)
    return response


def _is_this_browsers(request: HttpRequest, attempt: OAuthAttempt) -> bool:
    return popup_cookies.is_set(request, user_id=attempt.user_id, integration_id=attempt.integration_id)


def _asked(request: HttpRequest) -> dict[str, str]:
    """What the SDK has written into the popup's address, or what the question's form has brought back of it."""
    given = request.POST if request.method == "POST" else request.GET
    return {name: given[name] for name in _PARAMETERS if name in given}


def _user(asked: Mapping[str, str], project_id: UUID) -> ConnectedUser:
    return connected_user(verify_user_token(asked.get("userToken", ""), project_id))


def _may_go_on(request: HttpRequest, origin: str) -> bool:
    """Whether a log-in may begin in this browser without a question: the app's own page has opened the window, or the person
    has answered the question (a POST, which only our own page can make: Django's CSRF check)."""
    return request.method == "POST" or is_opened_by(request, origin)


def _question(
    request: HttpRequest, user: ConnectedUser, integration: Integration, asked: Mapping[str, str]
) -> HttpResponse:
    """Ask whether to connect an account for that user: who sends a browser here by a link means their own."""
    provider, app = integration.provider.name, integration.project.name
    log.info("oauth.asked", extra={"integration": str(integration.pk), "user": str(user.pk)})
    page = PopupPage(
        title=f"Connect {provider} to {app} as {shown_name(user)}?",
        text=f"Continue only if you pressed Connect in {app} yourself, and this is your account there.",
        advice=[
            f"Did you follow a link that somebody sent you? Then close this window: they would work with your {provider}."
        ],
        faces=faces_of(integration),
        asked=asked,
        answer=Answer("Continue", "?", get_token(request)),
    )
    return popup_response(page)


def _to_provider(address: str, integration: Integration, *, is_form: bool) -> HttpResponse:
    if is_form:
        return popup_response(
            PopupPage(
                title=f"Opening {integration.provider.name}",
                text=f"You will log in at {integration.provider.name} and come back by yourself.",
                waits=True,
                faces=faces_of(integration),
                goes_to=address,
            )
        )
    response = HttpResponseRedirect(address)
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


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


def _failed(request: HttpRequest, exc: IsthmusError, attempt: OAuthAttempt | None) -> HttpResponse:
    if attempt is None:
        return popup_response(failed_page(exc), status=400)
    more = _told(exc, attempt.integration, attempt.origin)
    if reason_of(exc) == "other_org" and _is_this_browsers(request, attempt) and installing.may_be_added(attempt):
        more["asked"] = {"state": request.GET.get("state", "")}
        more["answer"] = Answer("Add as another account", reverse("connect_portal:add-account"), get_token(request))
    return popup_response(failed_page(exc, integration=attempt.integration, **more), status=400)


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
