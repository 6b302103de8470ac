"""What every dashboard page shows around its content."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from projects.models import Project
from projects.navigation import menu_for


def dashboard(request: HttpRequest) -> dict[str, Any]:
    """The current project, the user's other projects, the menu, and this deployment's address."""
    project = getattr(request, "project", None)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"base_url": settings.BASE_URL}
    return {
        "base_url": settings.BASE_URL,
        "project": project,
        "member": getattr(request, "member", None),
        "my_projects": Project.objects.for_user(user).order_by("name"),
        "menu": menu_for(request.path),
    }
