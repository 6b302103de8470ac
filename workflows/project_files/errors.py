"""What can be wrong with a project file."""

from __future__ import annotations

from collections.abc import Sequence

from lib.errors import Invalid


class BadProjectFile(Invalid):
    """The project file is not valid. `problems` lists what is wrong with it, each with its line, in sentences."""

    code = "bad_project_file"

    def __init__(self, message: str, *, problems: Sequence[str] = ()) -> None:
        super().__init__(message, problems=list(problems))
