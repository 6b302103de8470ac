"""What every dashboard page shows around its content."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from projects.models import Project, Role
from projects.navigation import menu_for


def dashboard(request: HttpRequest) -> dict[str, Any]:
    """The current project and what the user may do in it, the user's projects, the menu, this deployment's address."""
    project = getattr(request, "project", None)
    member = getattr(request, "member", None)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"base_url": settings.BASE_URL}
    return {
        "base_url": settings.BASE_URL,
        "project": project,
        "member": member,
        "may_build": member is not None and member.may(Role.BUILDER),
        "may_admin": member is not None and member.may(Role.ADMIN),
        "may_own": member is not None and member.may(Role.OWNER),
        "my_projects": Project.objects.for_user(user).order_by("name"),
        "menu": menu_for(request.path),
    }
