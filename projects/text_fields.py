"""Form fields for text that other people read: no characters that are not seen and change what is."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029"
"""Control characters, halves of surrogate pairs, and Unicode's own separators of lines and paragraphs."""
_TURNING = r"\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates: they show the text after them in another order than it is stored."""


class LineField(forms.CharField):
    """One line of text."""

    unseen = re.compile(rf"[\t\n\r{_CONTROLS}{_TURNING}]")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators.insert(0, self._refuse_unseen)

    def _refuse_unseen(self, text: str) -> None:
        if found := self.unseen.search(text):
            raise ValidationError(
                f"Character {found.start() + 1} (U+{ord(found[0]):04X}) can not be seen. Remove it.",
                code="unseen_character",
            )


class LinesField(LineField):
    """Text of several lines."""

    widget = forms.Textarea
    unseen = re.compile(rf"[{_CONTROLS}{_TURNING}]")
