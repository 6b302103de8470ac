"""What a project has and its file has not: named, or removed as the dashboard would remove it."""

from __future__ import annotations

from integrations import activating
from integrations.models import Integration
from projects.models import Project
from workflows import deploying
from workflows.app_events.changing import delete_app_event
from workflows.editor.creating import delete_workflow
from workflows.errors import AppEventInUse
from workflows.models import AppEvent, Run, Workflow
from workflows.project_files.document import ProjectDocument


class Leftovers:
    """The rows that the file does not name.

    A workflow is undeployed, so that no event starts it any more, and deleted with its versions and runs, as the dashboard's
    Delete does. While runs of it are open it stays, undeployed: they go on to their ends, and a later import deletes it. An
    integration is switched off and keeps its accounts, whom nobody but their users disconnects.
    """

    def __init__(self, project: Project, document: ProjectDocument) -> None:
        self._kept: dict[str, str] = {}
        """Why something that was to be removed is still there, by its name."""
        named = {entry.provider.key: {each.name for each in entry.workflows} for entry in document.integrations}
        self._workflows = [
            workflow
            for workflow in Workflow.objects.for_project(project)
            .select_related("integration", "live_version")
            .in_order()
            if workflow.name not in named.get(workflow.integration.provider_key, ())
        ]
        events = {entry.name for entry in document.app_events}
        self._events = list(AppEvent.objects.for_project(project).exclude(name__in=events).order_by("name"))
        self._integrations = list(project.integrations.exclude(provider_key__in=named).order_by("provider_key"))

    def names(self) -> list[str]:
        """What is there still, in words."""
        words = [_workflow_words(workflow) for workflow in self._workflows]
        words += [_event_words(event) for event in self._events]
        words += [f"integration {each.provider.name}" for each in self._integrations]
        return [f"{word} ({self._kept[word]})" if word in self._kept else word for word in words]

    def remove(self) -> list[str]:
        """Remove what may be removed; gives a line for each change."""
        lines = [line for workflow in list(self._workflows) for line in self._remove_workflow(workflow)]
        lines += [line for event in list(self._events) for line in self._remove_event(event)]
        return lines + [line for each in self._integrations for line in self._switch_off(each)]

    def _remove_workflow(self, workflow: Workflow) -> list[str]:
        words, lines = _workflow_words(workflow), []
        if workflow.live_version_id:
            deploying.undeploy(workflow, by=None)
            lines.append(f"~ {words}: undeployed")
        runs = Run.objects.filter(workflow=workflow)
        if count := runs.open().count():
            self._kept[words] = f"undeployed; it stays until its {count:,} open runs have ended"
            return lines
        count = runs.count()
        delete_workflow(workflow, by=None)
        self._workflows.remove(workflow)
        return [*lines, f"- {words}, with its {count:,} runs" if count else f"- {words}"]

    def _remove_event(self, event: AppEvent) -> list[str]:
        words = _event_words(event)
        try:
            delete_app_event(event, by=None)
        except AppEventInUse as exc:
            self._kept[words] = exc.message.rstrip(".")
            return []
        self._events.remove(event)
        return [f"- {words}"]

    def _switch_off(self, integration: Integration) -> list[str]:
        words = f"integration {integration.provider.name}"
        self._kept[words] = "switched off; its accounts stay"
        if not integration.is_active:
            return []
        activating.save_settings(
            integration,
            client_id=integration.client_id,
            client_secret=None,
            environment=integration.settings.get("environment", ""),
            domain=integration.settings.get("domain", ""),
            scopes=integration.scopes,
            is_active=False,
            by=None,
        )
        return [f"~ {words}: switched off"]


def _workflow_words(workflow: Workflow) -> str:
    return f"workflow “{workflow.name}”"


def _event_words(event: AppEvent) -> str:
    return f"App Event “{event.name}”"
