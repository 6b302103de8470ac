"""Short messages for a page that htmx changes; a page that is loaded anew uses Django's messages."""

from typing import Literal, TypeVar

from django.http import HttpResponse
from django_htmx.http import trigger_client_event

Answer = TypeVar("Answer", bound=HttpResponse)


def toast(response: Answer, text: str, level: Literal["success", "info", "warning", "error"] = "success") -> Answer:
    """Give `response`, which now also shows `text` in the corner of the page."""
    trigger_client_event(response, "toast", {"text": text, "level": level})
    return response
