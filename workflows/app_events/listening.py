"""Which workflows listen to an App Event, in their draft or live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from projects.models import Project
from workflows.models import AppEvent, Workflow


@dataclass(frozen=True)
class Listener:
    """A workflow that starts with an App Event: now (`is_live`), after its next deploy (`is_draft`), or both."""

    workflow: Workflow
    is_live: bool
    is_draft: bool


def listeners(app_event: AppEvent) -> list[Listener]:
    """The workflows that listen to this App Event, by name. An App Event with any may be neither renamed nor deleted."""
    return listeners_by_event(app_event.project, [app_event.name])[app_event.name]


def listeners_by_event(project: Project, names: Iterable[str]) -> dict[str, list[Listener]]:
    """The same for many App Events at once; names without listeners give an empty list."""
    names = set(names)
    found: dict[str, list[Listener]] = defaultdict(list)
    workflows = Workflow.objects.for_project(project).naming(names).select_related("live_version", "integration")
    for workflow in workflows.order_by("name"):
        live = workflow.live_version.app_event if workflow.live_version else ""
        draft = (workflow.draft.get("trigger") or {}).get("app_event") or ""
        for name in names & {live, draft}:
            found[name].append(Listener(workflow, is_live=name == live, is_draft=name == draft))
    return found
