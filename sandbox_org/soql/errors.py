"""What is wrong with a query, in the org's words and with its way of pointing at the place."""

WINDOW = 60


class SoqlError(Exception):
    """A query that the org refuses, with the error code of the reply."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def located(code: str, source: str, position: int, message: str) -> SoqlError:
    """An error that shows the text around `position` with a caret under it, and names row and column."""
    row = source.count("\n", 0, position) + 1
    column = position - (source.rfind("\n", 0, position) + 1) + 1
    line_start = position - (column - 1)
    line_end = source.find("\n", position)
    start = max(line_start, position - WINDOW)
    text = source[start : min(len(source) if line_end < 0 else line_end, position + WINDOW)]
    caret = " " * (position - start) + "^"
    return SoqlError(code, f"\n{text}\n{caret}\nERROR at Row:{row}:Column:{column}\n{message}")
