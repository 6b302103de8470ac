"""Addresses of requests as a log may keep them: without the query, and without parts of the path that open something.

The SDK's popups carry the user's token in the query, and `/oauth/callback` the provider's code; links in mails (new password,
an invitation) carry their token in the path.
"""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote_plus

from django.http import HttpRequest
from django.urls import Resolver404, resolve

_HIDDEN = "…"
_UNROUTED = "(no route)"
_SHORT = 16
"""A shorter text opens nothing, and stands in other texts by chance."""
_MANY = 50
"""So many fields of a query are looked for in a line, so that no caller can make lines costly."""
_BEHIND_HOST = re.compile(r"(://[^\s/?#'\"]*+)[/?#][^\s'\"]*+")


@dataclass(frozen=True, slots=True)
class LogAddress:
    """What a log may tell of a request's address."""

    method: str
    path: str
    _whole_path: str
    _secrets: tuple[str, ...]
    """Texts of the address that no line may hold, the longest first."""

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Keep the fixed parts and the ids of the path; other captured parts get their name in the route: `/join/<token>/`.

        A path without a route is not told: it may be a link that somebody has mistyped.
        """
        captured = _captured(request)
        path = _UNROUTED if captured is None else request.path
        for value, name in captured or ():
            path = re.sub(rf"(?<![^/-]){re.escape(value)}(?![^/-])", f"<{name}>", path)
        query = request.META.get("QUERY_STRING", "")
        fields = [unquote_plus(field.partition("=")[2]) for field in query.split("&", _MANY)[:_MANY]]
        secrets = {text for text in (query, *fields, *(value for value, _ in captured or ())) if len(text) >= _SHORT}
        return cls(request.method or "", path, request.path, tuple(sorted(secrets, key=len, reverse=True)))

    def cleaned(self, text: str) -> str:
        """Return `text` with the path as it may be told, and without anything else of this or another address but hosts."""
        if len(self._whole_path) > 1:
            text = text.replace(self._whole_path, self.path).replace(_escaped(self._whole_path), self.path)
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN).replace(_escaped(secret), _HIDDEN)
        return _BEHIND_HOST.sub(r"\1", text)  # such as the `Referer` that a refusal quotes


def _captured(request: HttpRequest) -> list[tuple[str, str]] | None:
    """Return what the route has captured and is no id, the longest first, each with its name; None: no route."""
    match = request.resolver_match
    try:
        match = match or resolve(request.path_info)
    except Resolver404:
        return None
    named = [*match.kwargs.items(), *((str(place), value) for place, value in enumerate(match.args))]
    values = [(value, name) for name, value in named if isinstance(value, str) and value]
    return sorted(values, key=lambda each: len(each[0]), reverse=True)


def _escaped(text: str) -> str:
    """As Django writes texts of a request into its lines."""
    return text.encode("unicode_escape").decode("ascii")
