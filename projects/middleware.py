"""Which project a dashboard request is about, and at which address this deployment is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from projects.models import Member

SESSION_KEY = "project"


class BaseUrlMiddleware:
    """Makes whatever the account pages take from the request's address that of BASE_URL: links in mails, and the key by which
    failed log-ins are counted. The `Host` header is the caller's, who may write any port, and any allowed name, into it.

    It stands behind CsrfViewMiddleware, which still compares the header with `Origin`. Our own pages never ask the request
    where they are; they take settings.BASE_URL.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        arguments: Sequence[Any],
        named: Mapping[str, Any],
    ) -> None:
        if not request.path.startswith("/accounts/"):
            return
        base = urlsplit(settings.BASE_URL)
        request.META["HTTP_HOST"] = base.netloc
        request.META["HTTP_X_FORWARDED_PROTO"] = base.scheme


class CurrentProjectMiddleware:
    """Sets `request.project` and `request.member`: the project chosen last, else the oldest of the user's, else None."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.member = request.project = None  # type: ignore[attr-defined]
        if "sessionid" in request.COOKIES and request.user.is_authenticated:
            member = _current_member(request)
            if member:
                request.member, request.project = member, member.project  # type: ignore[attr-defined]
        return self.get_response(request)


def _current_member(request: HttpRequest) -> Member | None:
    mine = Member.objects.filter(user=request.user).select_related("project")  # type: ignore[misc]
    chosen = request.session.get(SESSION_KEY)
    return (mine.filter(project_id=chosen).first() if chosen else None) or mine.order_by("created_at", "pk").first()
