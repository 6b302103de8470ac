"""Which project a dashboard request is about."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from projects.models import Member

SESSION_KEY = "project"


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
