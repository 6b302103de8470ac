"""Settings > Audit log."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from projects import audit_words
from projects.models import AuditEntry, User
from projects.permissions import ProjectRequest, member_required

PAGE = 50


@require_GET
@member_required
def audit(request: ProjectRequest) -> HttpResponse:
    """Who changed what and when, newest first; `person` (an account's id) and `action` narrow it down."""
    every = AuditEntry.objects.for_project(request.project)
    person, action = request.GET.get("person", ""), request.GET.get("action", "")
    page = Paginator(every.narrowed(person=person, action=action).newest_first(), PAGE).get_page(
        request.GET.get("page")
    )
    lines = [
        {
            "entry": entry,
            "who": audit_words.who(entry),
            "sentence": audit_words.sentence(entry),
            "details": audit_words.details(entry),
        }
        for entry in page
    ]
    context = {
        "page": page,
        "lines": lines,
        "person": person,
        "action": action,
        "people": User.objects.filter(pk__in=every.values("actor")).order_by("email"),
        "actions": [(name, audit_words.action_words(name)) for name in every.actions()],
    }
    return render(request, "projects/audit.html", context)
