"""The page for a request that Django refused before any view of ours could: what is wrong with it, and what to do."""

from dataclasses import dataclass

from django.core.exceptions import (
    DisallowedHost,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, HttpResponseBadRequest
from django.template.loader import render_to_string


@dataclass(frozen=True)
class Words:
    title: str
    advice: str
    leads_home: bool = True


TOO_MUCH = Words(
    "This is too much to read",
    "It is larger than 2 MB, or has more than 1,000 fields. Nothing was changed. Go back: what you typed is still there. "
    "Make it shorter and send it again.",
)
ANOTHER_HOST = Words(
    "Isthmus does not answer here",
    "It does not know itself by this host name. Use the address that you were given; who runs it names its addresses in "
    "ALLOWED_HOSTS.",
    leads_home=False,
)
DAMAGED = Words(
    "This could not be read",
    "The request is damaged, or is none that a page of Isthmus sends. Nothing was changed. Go back, reload the page and try "
    "again.",
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBadRequest:
    """Answer with the page. It is rendered without the request, of which nothing is known to be good."""
    match exception:
        case DisallowedHost():
            words = ANOTHER_HOST
        case RequestDataTooBig() | TooManyFieldsSent() | TooManyFilesSent():
            words = TOO_MUCH
        case _:
            words = DAMAGED
    return HttpResponseBadRequest(render_to_string("400.html", {"words": words}))
