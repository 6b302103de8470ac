"""How dashboard accounts are made."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from projects.errors import InvitationRefused
from projects.membership import open_invitation

INVITATION_SESSION_KEY = "invitation"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up can be closed once the company's people are in (SIGN_UP_OPEN=false); who was invited still may."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGN_UP_OPEN) or _is_invited(request)


def _is_invited(request: HttpRequest) -> bool:
    try:
        open_invitation(request.session.get(INVITATION_SESSION_KEY, ""))
    except InvitationRefused:
        return False
    return True
