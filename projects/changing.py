"""Changing a project's settings."""

from django.db import transaction

from projects import auditing
from projects.models import Project, User


def change_project(
    project: Project,
    *,
    name: str,
    allowed_origins: list[str],
    payload_policy: str,
    max_token_hours: int,
    parked_days: int,
    by: User | None,
) -> bool:
    """Store the settings and record what changed; False when nothing did."""
    wanted = {
        "name": name,
        "allowed_origins": allowed_origins,
        "payload_policy": payload_policy,
        "max_token_hours": max_token_hours,
        "parked_days": parked_days,
    }
    with transaction.atomic():
        project.refresh_from_db()
        changes = {
            field: {"before": getattr(project, field), "after": value}
            for field, value in wanted.items()
            if getattr(project, field) != value
        }
        if not changes:
            return False
        for field, value in wanted.items():
            setattr(project, field, value)
        project.save(update_fields=list(wanted))
        auditing.record(project, "project.changed", by=by, target=name, **changes)
    return True
