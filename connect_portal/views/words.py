"""What went wrong with a log-in, in the end user's words: what happened, and what they can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from connect_portal.views.pages import PopupPage, faces_of
from integrations.errors import OAuthFailed
from integrations.models import Integration
from lib.errors import IsthmusError


@dataclass(frozen=True)
class Words:
    """`text` "": the raiser's own words, which then are written for the end user."""

    title: str
    text: str = ""
    advice: tuple[str, ...] = ()


_AGAIN: Final = "Close this window and press Connect again."
_TELL: Final = "Tell the people who run {app}, and show them the details below."

_NOT_CONNECTED: Final = Words("{provider} was not connected", advice=(_AGAIN,))
_TOO_LATE: Final = Words("The log-in took too long", advice=(_AGAIN,))
_OVER: Final = Words(
    "This log-in is over", advice=("Look whether your account is connected; if it is not, press Connect again.",)
)
_NOT_LET: Final = Words(
    "{provider} does not let this app in",
    advice=("Once your {provider} administrator has done that, press Connect again.",),
)
_SET_UP: Final = Words(
    "{app}’s connection to {provider} is not set up correctly",
    "{provider} does not accept the settings that {app} has entered. This is not your fault.",
    (_TELL,),
)
_UNAVAILABLE: Final = Words(
    "{provider} does not answer", advice=("Close this window, wait a minute, and press Connect again.",)
)
_SESSION: Final = Words(
    "Your session has ended",
    "The page that opened this window could not prove who you are.",
    ("Close this window, reload the page that you came from, and press Connect again.",),
)

WORDS: Final = {
    "access_denied": Words(
        "{provider} was not connected", advice=("To connect, press Connect again and choose Allow.",)
    ),
    "state_expired": _TOO_LATE,
    "code_expired": _TOO_LATE,
    "pkce_failed": _TOO_LATE,
    "state_unknown": _OVER,
    "state_used": _OVER,
    "other_browser": Words(
        "This log-in began elsewhere",
        "It can be finished only in the browser in which it began.",
        (_AGAIN, "If your browser blocks all cookies, allow them for this site."),
    ),
    "other_org": Words(
        "That is another {provider} account",
        advice=(
            "To renew the connection, press Connect again and log in to the account that is connected. If {provider} "
            "does not ask which, log out of {provider} in this browser first.",
            "To use the other one instead, disconnect the account that is connected; what waits for it ends then.",
        ),
    ),
    "too_many_accounts": Words("{provider} was not connected", advice=("Then press Connect again.",)),
    "not_approved": _NOT_LET,
    "app_blocked": _NOT_LET,
    "app_not_installed": _NOT_LET,
    "wrong_client": _SET_UP,
    "redirect_mismatch": _SET_UP,
    "scope_refused": _SET_UP,
    "no_refresh_token": _SET_UP,
    "integration_incomplete": Words(
        "{provider} is not set up yet",
        "{app} has not entered the key of its {provider} app. This is not your fault.",
        (_TELL,),
    ),
    "integration_inactive": Words(
        "{provider} can not be connected now",
        "{app} has switched this integration off.",
        ("Ask the people who run {app}.",),
    ),
    "integration_not_found": Words("There is nothing to connect here", "The app has no such integration.", (_TELL,)),
    "origin_not_allowed": Words(
        "This page may not connect accounts",
        "The page that opened this window is not on the project’s list of allowed origins.",
        ("If it is your page: add its origin in Isthmus, under Settings.",),
    ),
    "unavailable": _UNAVAILABLE,
    "provider_unavailable": _UNAVAILABLE,
}


def failed_page(exc: IsthmusError, *, integration: Integration | None = None, **more: Any) -> PopupPage:
    """The popup's page for `exc`; `more` as in PopupPage. The raiser's words stand as the text, or below it as details."""
    words = WORDS.get(reason_of(exc)) or (_SESSION if exc.status == 401 else _NOT_CONNECTED)
    names = {
        "provider": integration.provider.name if integration else "Your account",
        "app": integration.project.name if integration else "the app",
    }
    return PopupPage(
        title=words.title.format(**names),
        text=words.text.format(**names) or exc.message,
        advice=[line.format(**names) for line in words.advice],
        detail=exc.message if words.text else "",
        tone="error",
        faces=faces_of(integration) if integration else None,
        **more,
    )


def reason_of(exc: IsthmusError) -> str:
    return exc.reason if isinstance(exc, OAuthFailed) else exc.code
