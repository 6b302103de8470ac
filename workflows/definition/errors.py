"""What can be wrong with a definition, and with filling in its templates."""

from __future__ import annotations

from typing import ClassVar


class DefinitionRoomError(ValueError):
    """Base of this room's errors. None of them goes away by trying again."""

    code: ClassVar[str] = "definition_error"
    retryable: ClassVar[bool] = False


class DefinitionError(DefinitionRoomError):
    """A definition does not have the shape of one. `pointer` is a JSON pointer (RFC 6901) to the place."""

    code = "definition_invalid"

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"{pointer or '/'}: {message}")
        self.pointer = pointer
        self.message = message


class NotText(DefinitionError):
    """A value that must be text is something else."""

    code = "definition_not_text"


class TemplateError(DefinitionRoomError):
    """A template cannot be read.

    `position` counts characters from the start of `source`, the string that holds the mistake; `input` says which
    input that is (`fields.LastName`), empty when the template stands alone.
    """

    code = "template_invalid"

    def __init__(self, message: str, position: int, source: str, input: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.source = source
        self.input = input


class RenderError(DefinitionRoomError):
    """A template could not be filled in with this run's data. `filter` is None when no filter was at fault."""

    code = "template_failed"

    def __init__(self, path: str, filter: str | None, message: str, input: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.filter = filter
        self.message = message
        self.input = input


class RenderLimitExceeded(RenderError):
    """The filled-in value, or the work to make it, is larger than we allow."""

    code = "template_too_large"
