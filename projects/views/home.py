"""The first page."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from projects.permissions import ProjectRequest, member_required


@require_safe
@member_required
def home(request: ProjectRequest) -> HttpResponse:
    """Lead a member to the integrations; `member_required` leads everybody else to a project or to the log-in."""
    return redirect("/integrations/")
