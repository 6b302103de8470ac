"""What every page of the popup shares: one look, headers that keep the opener reachable, words instead of codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string

from integrations.models import Integration


@dataclass(frozen=True)
class Faces:
    """Who meets whom in this popup. `icon` is the provider's, a path below the static folder."""

    app_name: str
    icon: str


@dataclass(frozen=True)
class Answer:
    """A button that posts. `action` is the address, "?" the page's own."""

    label: str
    action: str
    csrf_token: str


@dataclass(frozen=True)
class PopupPage:
    """What a popup shows and does. `message` is posted to the opener if its origin is `origin`; "" posts nothing."""

    title: str
    text: str
    tone: str = "info"
    """"info", "success" or "error"."""
    advice: Sequence[str] = ()
    detail: str = ""
    """The provider's own words, where there are any."""
    message: Mapping[str, Any] | None = None
    origin: str = ""
    closes: bool = False
    waits: bool = False
    """Whether the page only waits for the next address."""
    faces: Faces | None = None
    answer: Answer | None = None
    """The button that goes on, where there is a question."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """What that button posts."""
    goes_to: str = ""
    """Where the page sends the window at once. A page does it, and no redirect, since `form-action` would stop a form's
    redirect to another host."""


def faces_of(integration: Integration) -> Faces:
    return Faces(integration.project.name, f"connect/integrations/{integration.provider_key}.svg")


def popup_response(page: PopupPage, *, status: int = 200) -> HttpResponse:
    """Render a popup's page. Rendered without the request: no session and no dashboard has a say here."""
    data = {"message": page.message, "origin": page.origin, "closes": page.closes, "waits": page.waits}
    response = HttpResponse(render_to_string("connect_portal/popup.html", {"page": page, "data": data}), status=status)
    # With the default (same-origin) the popup would lose its opener, and the SDK would wait forever (protocol, 3.2).
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    # The address holds the user token, or the provider's code. Under no-referrer a form comes from the origin "null".
    response.headers["Referrer-Policy"] = "no-referrer" if page.answer is None else "strict-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
