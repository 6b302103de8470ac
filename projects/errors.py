"""What can go wrong on the ground floor."""

from lib.errors import Conflict, IsthmusError


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


class TooManyProjects(Conflict):
    """An account owns a limited number of projects."""

    code = "too_many_projects"


class TooManySigningKeys(Conflict):
    """A project has a limited number of valid signing keys."""

    code = "too_many_signing_keys"


class InvitationRefused(IsthmusError):
    """This invitation is not valid any more: it was withdrawn, replaced or taken up, or its week is over."""

    code, status = "invitation_refused", 410


class BodyTimeout(IsthmusError):
    """The request's body did not come in time, so nothing was done. Send it again."""

    code, status, retryable = "body_timeout", 408, True


class BodyIncomplete(IsthmusError):
    """The request's body ended before its declared length."""

    code, status = "body_incomplete", 400


class DatabaseUnavailable(IsthmusError):
    """The database does not answer, so this was not accepted. Try again in a few seconds, with the same Idempotency-Key."""

    code, status, retryable = "database_unavailable", 503, True
    retry_after_seconds = 5


class DatabaseReadOnly(IsthmusError):
    """The database takes no writes at the moment; nothing was stored. Try again later."""

    code, status, retryable = "database_read_only", 503, True
    retry_after_seconds = 30


class DiskFull(IsthmusError):
    """The database's disk is full; nothing was stored. Try again later."""

    code, status, retryable = "disk_full", 503, True
    retry_after_seconds = 60
