"""What can go wrong on the ground floor."""

from lib.errors import IsthmusError


class TokenRefused(IsthmusError):
    """The user token was refused; `code` says why and the message says what to do."""

    code, status = "token_refused", 401

    def __init__(self, code: str, message: str, **ids: object) -> None:
        super().__init__(message, **ids)
        self.code = code  # type: ignore[misc]


class PermissionMissing(IsthmusError):
    """Your role in this project does not allow that; ask an admin of the project."""

    code, status = "permission_missing", 403


class LastOwner(IsthmusError):
    """A project needs an owner: make somebody else owner first."""

    code, status = "last_owner", 409


class InvitationRefused(IsthmusError):
    """This invitation is not valid any more: it was withdrawn, replaced or taken up, or its week is over."""

    code, status = "invitation_refused", 410
