"""What Salesforce's log-in says when it refuses, as data: the reason, and advice for whoever reads it."""
# ruff: noqa: E501  (a table: one error a line)

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LoginError:
    """`reason` as OAuthFailed's; `words` for the end user, and for the builder where only they can mend it."""

    reason: str
    words: str


_BUILDER: Final = "This has to be put right in the integration's settings: "
_SETTINGS_OF_APP: Final = " in Salesforce's External Client App Manager"

BY_DESCRIPTION: Final[tuple[tuple[str, LoginError], ...]] = (
    ("end-user denied", LoginError("access_denied", "You did not allow access in Salesforce, so nothing was connected.")),
    ("authorization code", LoginError("code_expired", "The log-in took too long or its page was loaded twice. Start again.")),
    ("code challenge", LoginError("pkce_failed", "The log-in could not be matched with its beginning (PKCE). Start again.")),
    ("code verifier", LoginError("pkce_failed", "The log-in could not be matched with its beginning (PKCE). Start again.")),
    ("invalid verifier", LoginError("pkce_failed", "The log-in could not be matched with its beginning (PKCE). Start again.")),
    ("admin approved", LoginError("not_approved", "Your Salesforce administrator has not yet approved this app for you. Ask them to add your profile or permission set to the app's policies.")),
    ("not installed", LoginError("app_not_installed", "The app is not installed in this Salesforce org, or the org is of another kind than the integration expects (production, sandbox). Ask your administrator to install it, or choose the right kind of org.")),
    ("blocked", LoginError("app_blocked", "Your Salesforce administrator has blocked this app. Ask them to unblock it under Connected Apps OAuth Usage.")),
    ("ip restricted", LoginError("not_approved", "Salesforce does not allow this log-in from our network address. The administrator can relax the IP restrictions in the app's policies.")),
    ("authentication failure", LoginError("provider_error", "Salesforce refused the log-in. Check user name and password, and whether the user may use the API.")),
)  # fmt: skip
"""Looked for in the description, in this order, before the error's own code."""

BY_CODE: Final[dict[str, LoginError]] = {
    "access_denied": LoginError("access_denied", "You did not allow access in Salesforce, so nothing was connected."),
    "invalid_client_id": LoginError("wrong_client", _BUILDER + "Salesforce does not know this consumer key. A new app takes up to ten minutes to work; a sandbox knows only apps of its own or installed there."),
    "invalid_client": LoginError("wrong_client", _BUILDER + "Salesforce refuses the consumer secret. Copy it again" + _SETTINGS_OF_APP + "."),
    "invalid_client_credentials": LoginError("wrong_client", _BUILDER + "Salesforce refuses the consumer secret. Copy it again" + _SETTINGS_OF_APP + "."),
    "redirect_uri_mismatch": LoginError("redirect_mismatch", _BUILDER + "the app's callback URL is not exactly the redirect URL shown there. Copy it" + _SETTINGS_OF_APP + "."),
    "redirect_uri_missing": LoginError("redirect_mismatch", _BUILDER + "the app has no callback URL. Enter the redirect URL shown there" + _SETTINGS_OF_APP + "."),
    "invalid_scope": LoginError("scope_refused", _BUILDER + "the app does not allow one of the scopes asked for. Allow api, refresh_token and id" + _SETTINGS_OF_APP + "."),
    "app_not_found": LoginError("app_not_installed", "The app is not installed in this Salesforce org, or the org is of another kind than the integration expects (production, sandbox)."),
    "oauth_app_blocked": LoginError("app_blocked", "Your Salesforce administrator has blocked this app. Ask them to unblock it under Connected Apps OAuth Usage."),
    "oauth_app_access_denied": LoginError("not_approved", "Your Salesforce administrator has not yet approved this app for you."),
    "invalid_app_access": LoginError("not_approved", "Your Salesforce administrator has not yet approved this app for you."),
    "oauth_approval_error_generic": LoginError("not_approved", "Salesforce could not approve the app for you. Since September 2025 a user needs the permission “Approve Uninstalled Connected Apps”, or the administrator installs the app first."),
    "inactive_user": LoginError("user_inactive", "This Salesforce user is inactive. Log in as another, or ask the administrator."),
    "inactive_org": LoginError("user_inactive", "This Salesforce org is inactive."),
    "unsupported_grant_type": LoginError("wrong_client", _BUILDER + "the app does not allow the authorization code flow. Switch it on" + _SETTINGS_OF_APP + "."),
    "invalid_request": LoginError("provider_error", "Salesforce did not understand the log-in. Start again."),
    "invalid_grant": LoginError("code_expired", "Salesforce no longer accepts this log-in. Start again."),
}  # fmt: skip

LATER: Final = frozenset({"rate_limit_exceeded", "server_error", "temporarily_unavailable", "unknown_error"})
"""Trying again later helps."""
CLIENT_REFUSED: Final = frozenset(
    {"invalid_client_id", "invalid_client", "invalid_client_credentials", "unsupported_grant_type"}
)
"""At a refresh: the app's key or secret, not the user's log-in, is refused."""


def explain(code: str, description: str) -> LoginError:
    """What a refusal means. Salesforce's own words are added where ours can not be sure."""
    said = description.lower()
    for part, found in BY_DESCRIPTION:
        if part in said:
            return found
    found_by_code = BY_CODE.get(code.lower())
    if found_by_code and found_by_code.reason != "provider_error":
        return found_by_code
    if code.lower() in LATER:
        return LoginError("unavailable", "Salesforce can not log anybody in just now. Try again in a few minutes.")
    own_words = ": ".join(part for part in (code, description) if part)[:300] or "no reason given"
    return LoginError("provider_error", f"Salesforce refused the log-in ({own_words}).")
