"""The base of every error that Isthmus raises on purpose."""

from typing import Any, ClassVar


class IsthmusError(Exception):
    """An error with a stable `code`, a message that says what to do, and ids (never secrets) in `ids`."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    status: ClassVar[int] = 400
    """The HTTP status that a door answers with."""
    retry_after_seconds: ClassVar[int] = 0
    """What the answer's `Retry-After` says; 0: it has none."""

    def __init__(self, message: str = "", **ids: Any) -> None:
        self.message = message or (self.__doc__ or self.code).strip().splitlines()[0]
        self.ids = ids
        super().__init__(self.message)


class NotFound(IsthmusError):
    """There is no such thing here."""

    code, status = "not_found", 404


class Conflict(IsthmusError):
    """That does not fit with what is already there."""

    code, status = "conflict", 409


class Invalid(IsthmusError):
    """The input is not valid."""

    code, status = "invalid", 422
