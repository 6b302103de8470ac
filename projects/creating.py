"""Making a project."""

from django.db import transaction

from projects import auditing
from projects.errors import TooManyProjects
from projects.models import Member, Project, Role, User

FIRST_ORIGINS = ["http://localhost:*", "http://127.0.0.1:*"]
"""A new project may be tried from any page on the builder's own machine; its real origins are added in Settings."""

MAX_OWNED_PROJECTS = 100
"""Of one account. Sign-up may be open to anybody, and each project has its own keys, users and lists."""


def create_project(name: str, *, owner: User | None) -> Project:
    """Make a project; `owner` becomes its first member. Without one (a command makes it) it has no member yet.

    Raises TooManyProjects where `owner` owns MAX_OWNED_PROJECTS.
    """
    with transaction.atomic():
        if owner:
            _require_room(owner)
        project = Project.objects.create(name=name.strip()[:120], allowed_origins=list(FIRST_ORIGINS))
        if owner:
            Member.objects.create(project=project, user=owner, role=Role.OWNER)
        auditing.record(project, "project.created", by=owner, target=project.name)
    return project


def _require_room(owner: User) -> None:
    User.objects.select_for_update().get(pk=owner.pk)  # two requests of one account count one after the other
    if Member.objects.owners().filter(user=owner).count() >= MAX_OWNED_PROJECTS:
        raise TooManyProjects(
            f"An account owns at most {MAX_OWNED_PROJECTS} projects. Make somebody else owner of one and leave it, "
            "or go on in one that you have.",
            user_id=owner.pk,
        )
