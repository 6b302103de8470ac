"""How dashboard accounts are made."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

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
        return bool(settings.SIGN_UP_OPEN) or _is_invited(request)


def _is_invited(request: HttpRequest) -> bool:
    try:
        open_invitation(request.session.get(INVITATION_SESSION_KEY, ""))
    except InvitationRefused:
        return False
    return True
