"""Making, changing and deleting App Events."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from projects import auditing
from projects.models import Project, User
from workflows.app_events.listening import listeners
from workflows.errors import AppEventInUse
from workflows.models import AppEvent
from workflows.naming import refusing_taken_names


def create_app_event(
    project: Project, *, name: str, description: str, example: dict[str, Any], by: User | None
) -> AppEvent:
    """Raises: NameTaken."""
    with refusing_taken_names(taken(name)):
        app_event = AppEvent.objects.create(project=project, name=name, description=description, example=example)
        auditing.record(project, "app_event.created", by=by, target=name, id=str(app_event.pk))
    return app_event


def change_app_event(
    app_event: AppEvent, *, name: str, description: str, example: dict[str, Any], by: User | None
) -> None:
    """Change an App Event. Raises: AppEventInUse for another name, when workflows listen to the present one; NameTaken."""
    with refusing_taken_names(taken(name)):
        if name != app_event.name:
            _must_be_unused(app_event)
        app_event.name, app_event.description, app_event.example = name, description, example
        app_event.save(update_fields=["name", "description", "example", "updated_at"])
        auditing.record(app_event.project, "app_event.changed", by=by, target=name, id=str(app_event.pk))


def taken(name: str) -> str:
    return f"There is an App Event “{name}” already."


def delete_app_event(app_event: AppEvent, *, by: User | None) -> None:
    """Delete an App Event that no workflow listens to. Raises: AppEventInUse."""
    with transaction.atomic():
        _must_be_unused(app_event)
        auditing.record(app_event.project, "app_event.deleted", by=by, target=app_event.name, id=str(app_event.pk))
        app_event.delete()


def _must_be_unused(app_event: AppEvent) -> None:
    if used_by := [listener.workflow.name for listener in listeners(app_event)]:
        raise AppEventInUse(
            f"“{app_event.name}” starts {_listed(used_by)}. Choose another App Event there first.",
            app_event_id=str(app_event.pk),
        )


def _listed(names: list[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
