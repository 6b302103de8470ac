"""What went wrong with a log-in, in the end user's words: what happened, and what they can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from connect_portal.views.pages import PopupPage, faces_of
from integrations.models import Integration
from lib.errors import IsthmusError


@dataclass(frozen=True)
class Words:
    title: str
    text: str
    advice: tuple[str, ...] = ()


_TRY_AGAIN: Final = "Close this window and press Connect again."
_ASK_SUPPORT: Final = "If it happens again, tell the people who run {app}."

WORDS: Final = {
    "access_denied": Words(
        "{provider} was not connected",
        "You did not allow access, or your {provider} administrator does not let you.",
        (_TRY_AGAIN, "Choose Allow on {provider}'s page. If there is no such page, ask your {provider} administrator."),
    ),
    "state_expired": Words(
        "The log-in took too long",
        "A log-in has to be finished within ten minutes, for your safety.",
        (_TRY_AGAIN,),
    ),
    "state_unknown": Words(
        "This log-in is over",
        "It was finished before, or this page was opened a second time.",
        ("Close this window and look whether your account is connected.", "If not, press Connect again."),
    ),
    "other_browser": Words(
        "This log-in began elsewhere",
        "It can be finished only in the window in which it began.",
        (_TRY_AGAIN, "If your browser blocks all cookies, allow them for this site."),
    ),
    "wrong_client": Words(
        "{app}'s {provider} app is not set up correctly",
        "{provider} does not accept the app's key or secret. This is not your fault.",
        ("Tell the people who run {app}: the consumer key or secret of their integration is wrong.",),
    ),
    "redirect_mismatch": Words(
        "{app}'s {provider} app is not set up correctly",
        "{provider} does not know the address to come back to. This is not your fault.",
        (
            "Tell the people who run {app}: their {provider} app lacks the callback URL from their integration's settings.",
        ),
    ),
    "integration_incomplete": Words(
        "{provider} is not set up yet",
        "{app} has not entered the key of its {provider} app. This is not your fault.",
        ("Tell the people who run {app}: the integration's settings lack the consumer key or secret.",),
    ),
    "integration_inactive": Words(
        "{provider} can not be connected now",
        "{app} has switched this integration off.",
        ("Try again later, or ask the people who run {app}.",),
    ),
    "origin_not_allowed": Words(
        "This page may not connect accounts",
        "The page that opened this window is not on the project's list of allowed origins.",
        ("If this is your page: add its origin in Isthmus under Settings, Allowed origins.",),
    ),
    "provider_unavailable": Words(
        "{provider} does not answer",
        "{provider} could not be reached, or said that it is down.",
        ("Close this window, wait a minute, and press Connect again.",),
    ),
}
_TOKEN_REFUSED: Final = Words(
    "Your session has ended",
    "The page that opened this window has not proved who you are.",
    ("Close this window, reload the page that you came from, and press Connect again.",),
)
_UNKNOWN: Final = Words(
    "{provider} was not connected", "The log-in did not end with a connection.", (_TRY_AGAIN, _ASK_SUPPORT)
)


def failed_page(exc: IsthmusError, *, integration: Integration | None = None, **more: Any) -> PopupPage:
    """The popup's page for `exc`; `more` as in PopupPage. The raiser's own words stand below ours."""
    reason = getattr(exc, "reason", exc.code)
    fallback = _TOKEN_REFUSED if exc.status == 401 else _UNKNOWN
    words = WORDS.get(reason, fallback)
    names = {
        "provider": integration.provider.name if integration else "The account",
        "app": integration.project.name if integration else "the app",
    }
    return PopupPage(
        title=words.title.format(**names),
        text=words.text.format(**names),
        advice=[line.format(**names) for line in words.advice],
        detail="" if exc.message == words.text else exc.message,
        tone="error",
        faces=faces_of(integration) if integration else None,
        **more,
    )
