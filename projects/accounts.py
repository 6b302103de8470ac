"""How dashboard accounts are made."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from projects.errors import InvitationRefused
from projects.membership import open_invitation
from projects.models import User

INVITATION_SESSION_KEY = "invitation"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up can be closed once the company's people are in (SIGN_UP_OPEN=false); who was invited still may."""

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Send the link to the account's own address, whichever of its addresses was typed.

        Others may be there without a proof, and belong to whoever made the account before its address's owner came.
        """
        super().send_password_reset_mail(user, user.email, context)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGN_UP_OPEN) or bool(_invitation_token(request))

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Lead who came by an invitation back to it, also when a mail had to be confirmed in between."""
        if token := _invitation_token(request):
            return reverse("projects:join", args=[token])
        return str(super().get_login_redirect_url(request))


def _invitation_token(request: HttpRequest) -> str:
    """Return what the link holds by which this browser came; "" when it came by none, or the link is used up."""
    token = str(request.session.get(INVITATION_SESSION_KEY, ""))
    try:
        open_invitation(token)
    except InvitationRefused:
        return ""
    return token
