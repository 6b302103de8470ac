"""How an account gets connected: what the SDK asks for, the log-in's start, and what follows its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self

from django.db import transaction
from django.utils import timezone

from connect_portal.errors import BadRequest, IntegrationInactive, NotBuiltYet, OriginNotAllowed
from connect_portal.selecting import find_credential, find_integration
from integrations.connecting import redirect_uri, start_oauth
from integrations.models import Credential, CredentialStatus, Integration, OAuthAttempt
from lib import json_bounds
from projects.models import ConnectedUser, Project
from projects.origins import is_allowed
from workflows.engine import pausing
from workflows.engine.parking import resume_parked
from workflows.switching import apply_defaults, ensure_lane

SESSION_LIFE = timedelta(minutes=15)
MAX_SESSION_CHARACTERS = 120
MAX_IDENTIFIER_CHARACTERS = 255


@dataclass(frozen=True)
class OAuthStart:
    """The query of a `build-oauth` call. `posts_message`: whether the callback page tells its opener (protocol, 3.4)."""

    integration: str
    origin: str
    session_id: str = ""
    posts_message: bool = False
    install_options: Mapping[str, Any] = field(default_factory=dict)
    redirect_url: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str], *, session_id: str, posts_message: bool = False) -> Self:
        """From the query, which names the integration by id and by type. Raises BadRequest."""
        return cls(
            integration=query.get("integrationId") or query.get("action") or "",
            origin=query.get("originForPostMessage", ""),
            session_id=_session(session_id),
            posts_message=posts_message,
            install_options=_install_options(query.get("installOptions") or "{}"),
            redirect_url=query.get("redirectUrl", ""),
        )


def _install_options(text: str) -> dict[str, Any]:
    """Read what of the SDK's `installOptions` is needed at the log-in's end. Nothing else is stored until then.

    Raises BadRequest.
    """
    try:
        given = json_bounds.read(text.encode())
    except (json_bounds.BadJson, UnicodeEncodeError) as exc:
        raise BadRequest("`installOptions` is not JSON that can be read.") from exc
    if not isinstance(given, dict):
        raise BadRequest("`installOptions` must be a JSON object.")
    kept: dict[str, Any] = {
        name: _identifier(given[name], name)
        for name in ("selectedCredentialId", "externalId")
        if given.get(name) not in (None, "")
    }
    if given.get("allowMultipleCredentials"):
        kept["allowMultipleCredentials"] = True
    return kept


_UNREADABLE: Final = "\N{REPLACEMENT CHARACTER}"
"""What an address has in the place of NUL and of bytes that are not UTF-8: ids with such could be taken for one another."""


def _session(given: object) -> str:
    """The id by which the SDK polls for the log-in's end. Raises BadRequest as for any id, and for an unreadable one."""
    session_id = _identifier(given, "oauthMetaKeyId")
    if _UNREADABLE in session_id:
        raise BadRequest("`oauthMetaKeyId` has a character that can not be read. Use letters, digits and hyphens.")
    return session_id[:MAX_SESSION_CHARACTERS]


def _identifier(given: object, name: str) -> str:
    """An id of the app's or the SDK's. Raises BadRequest for what is no text, or too long, or can not be kept."""
    if not isinstance(given, str) or len(given) > MAX_IDENTIFIER_CHARACTERS or not given.isprintable():
        raise BadRequest(f"`{name}` must be a text of at most {MAX_IDENTIFIER_CHARACTERS} printable characters.")
    return given


def check_origin(project: Project, origin: str) -> None:
    """Raises OriginNotAllowed, with what to do about it."""
    if not is_allowed(origin, project.allowed_origins):
        raise OriginNotAllowed(
            f"Pages of {origin or 'an unknown origin'} may not use {project.name}'s Connect Portal. "
            "An admin of the project can add the origin under Settings > Allowed origins.",
            origin=origin,
        )


def installable(project: Project, selector: str) -> Integration:
    """The project's integration, if end users may connect it now. Raises IntegrationNotFound, IntegrationInactive."""
    integration = find_integration(project, selector)
    if not integration.is_active:
        raise IntegrationInactive(integration=integration.pk)
    return integration


def start(user: ConnectedUser, wanted: OAuthStart) -> str:
    """Begin the log-in; gives the provider's address to send the popup to.

    Raises: OriginNotAllowed, IntegrationNotFound, IntegrationInactive, IntegrationIncomplete, CredentialNotFound.
    """
    check_origin(user.project, wanted.origin)
    integration = installable(user.project, wanted.integration)
    if wanted.redirect_url and wanted.redirect_url != redirect_uri():
        raise NotBuiltYet(
            "overrideRedirectUrl is not built yet: leave it out, and the log-in ends at Isthmus' own callback."
        )
    options = dict(wanted.install_options)
    if selector := options.get("selectedCredentialId"):
        options["selectedCredentialId"] = str(find_credential(user, str(selector), integration).pk)
    return start_oauth(
        integration,
        user,
        session_id=wanted.session_id,
        origin=wanted.origin,
        posts_message=wanted.posts_message,
        install_options=options,
    )


def settle(credential: Credential) -> None:
    """Give an account that has been connected, or connected again, its lane and its switches, and let its parked runs go on.

    Within the transaction that stores the credential (integrations.connecting.finish_oauth).
    """
    with transaction.atomic():
        ensure_lane(credential)
        for configuration in credential.configurations.all():
            apply_defaults(configuration)
        resume_parked(credential.pk)
        pausing.look_again(credential.pk, now=timezone.now())


def start_again(attempt: OAuthAttempt) -> str:
    """Begin a log-in for another account beside the one whose renewal has come back from another org; gives the address.

    Raises BadRequest where that is not what has happened, or the SDK's call allows no second account.
    """
    if not may_be_added(attempt):
        raise BadRequest("There is no other account to add. Close this window and press Connect again.")
    options = {name: value for name, value in attempt.install_options.items() if name != "selectedCredentialId"}
    return start_oauth(
        attempt.integration,
        attempt.user,
        session_id=attempt.session_id,
        origin=attempt.origin,
        posts_message=attempt.posts_message,
        install_options=options,
    )


def may_be_added(attempt: OAuthAttempt) -> bool:
    """Whether the account of a refused log-in may become a second one of the user's."""
    is_other = (attempt.error or {}).get("reason") == "other_org"
    return is_other and bool(attempt.install_options.get("allowMultipleCredentials"))


def credential_of_session(user: ConnectedUser, session_id: str) -> Credential | None:
    """The account that the log-in under this session id has connected; None while it has not.

    The id comes from a weak generator of the SDK's, so that it counts only together with the user and for a short while.
    """
    attempt = (
        OAuthAttempt.objects.filter(user=user, session_id=session_id, created_at__gt=timezone.now() - SESSION_LIFE)
        .filter(credential__status=CredentialStatus.VALID, credential__removed_at__isnull=True)
        .exclude(session_id="")
        .select_related("credential")
        .order_by("-created_at")
        .first()
    )
    return attempt.credential if attempt else None


def forget_session(user: ConnectedUser, session_id: str) -> None:
    OAuthAttempt.objects.filter(user=user, session_id=session_id).update(session_id="")
