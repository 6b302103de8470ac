"""The first page."""

from django.http import HttpResponse
from django.shortcuts import redirect

from projects.permissions import ProjectRequest, member_required


@member_required
def home(request: ProjectRequest) -> HttpResponse:
    """Lead a member to the integrations; `member_required` leads everybody else to a project or to the log-in."""
    return redirect("/integrations/")
