"""Making a project."""

from django.db import transaction

from projects import auditing
from projects.models import Member, Project, Role, User

FIRST_ORIGINS = ["http://localhost:*", "http://127.0.0.1:*"]
"""A new project may be tried from any page on the builder's own machine; its real origins are added in Settings."""


def create_project(name: str, *, owner: User | None) -> Project:
    """Make a project; `owner` becomes its first member. Without one (a command makes it) it has no member yet."""
    with transaction.atomic():
        project = Project.objects.create(name=name.strip()[:120], allowed_origins=list(FIRST_ORIGINS))
        if owner:
            Member.objects.create(project=project, user=owner, role=Role.OWNER)
        auditing.record(project, "project.created", by=owner, target=project.name)
    return project
