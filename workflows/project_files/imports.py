"""A project made or changed to what a file says, in one transaction."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations import activating
from integrations.activating import SettingsRefused
from integrations.models import Integration
from projects import auditing, creating, membership
from projects.changing import change_project
from projects.models import Project, Role, User
from workflows import deploying
from workflows.app_events.changing import change_app_event, create_app_event
from workflows.definition import changes
from workflows.definition.schema import parse_definition, to_json
from workflows.editor import creating as workflow_creating
from workflows.editor.saving import save_draft
from workflows.engine import pausing
from workflows.errors import NotDeployable
from workflows.models import AppEvent, Workflow
from workflows.project_files.document import (
    EventEntry,
    IntegrationEntry,
    ProjectDocument,
    WorkflowEntry,
    read_document,
)
from workflows.project_files.errors import BadProjectFile
from workflows.project_files.leftovers import Leftovers
from workflows.project_files.numbers import are_alike

_AUDITED_CHANGES = 50
"""Lines of changes that the audit log keeps of one import."""


@dataclass
class Imported:
    """What an import made, found and changed; ids as text."""

    project_id: str
    created: bool
    integrations: dict[str, str] = field(default_factory=dict)
    """Integration ids by provider."""
    app_events: dict[str, str] = field(default_factory=dict)
    workflows: dict[str, str] = field(default_factory=dict)
    deployed: dict[str, int] = field(default_factory=dict)
    """Live version numbers by workflow, of those that this import deployed."""
    changes: list[str] = field(default_factory=list)
    """A line for each change: "+ workflow “Leads”", "~ …" for what has changed, "- …" for what is gone."""
    warnings: list[str] = field(default_factory=list)
    """What could not be as the file has it, in sentences."""
    not_in_file: list[str] = field(default_factory=list)
    """What the project has and the file has not, and has been left as it is."""


def import_project(
    text: str,
    *,
    project: Project | None = None,
    owner: User | None = None,
    deploy: bool = False,
    prune: bool = False,
    plan: bool = False,
    environment: Mapping[str, str] = os.environ,
) -> Imported:
    """Make or change a project as the file says: what has the file's name is changed, `prune` removes the rest.

    Without `project` it is the one of the file's name that `owner` owns, else one of that name that has no member (as only a
    command makes); when there is neither, a new one. Somebody else's project of that name is never touched. `owner` becomes
    an owner of it. With `plan` all of it is done and then undone, so that what it tells is what would happen.

    Raises: BadProjectFile; NotDeployable with `deploy`, its `problems` in sentences. Then nothing at all was changed.
    """
    document = read_document(text)
    with transaction.atomic():
        found = project or _project_of(document.name, owner)
        target = found or creating.create_project(document.name, owner=owner)
        importing = _Import(document, target, environment, is_new=found is None)
        importing.apply(owner=owner, deploy=deploy, prune=prune)
        if plan:
            transaction.set_rollback(True)
    return importing.imported


def _project_of(name: str, owner: User | None) -> Project | None:
    """The project that a file of this name means."""
    named = Project.objects.filter(name=name).order_by("created_at")
    for mine in (
        named.filter(members__user=owner, members__role=Role.OWNER) if owner else named.none(),
        named.memberless(),
    ):
        found = list(mine[:3])
        if len(found) > 1:
            ids = ", ".join(str(each.pk) for each in found)
            raise BadProjectFile(
                f"More than one project is called “{name}”. Name the one that is meant by --project: {ids}."
            )
        if found:
            return found[0]
    return None


class _Import:
    """One import under way, within its transaction."""

    def __init__(
        self, document: ProjectDocument, project: Project, environment: Mapping[str, str], *, is_new: bool
    ) -> None:
        self.document = document
        self.project = project
        self.environment = environment
        self.imported = Imported(str(project.pk), created=is_new)
        self._note("+" if is_new else "", f"project “{project.name}”")

    def apply(self, *, owner: User | None, deploy: bool, prune: bool) -> None:
        if owner and (membership.make_owner(self.project, owner, by=None) or self.imported.created):
            self._note("+", f"owner {owner.email}")
        self._project()
        for event in self.document.app_events:
            self._app_event(event)
        entries = [(entry, self._integration(entry)) for entry in self.document.integrations]
        drafts = [self._drafts(entry, integration) for entry, integration in entries]
        if deploy:
            self._deploy([pair for pairs in drafts for pair in pairs])
        leftovers = Leftovers(self.project, self.document)
        if prune:
            self.imported.changes += leftovers.remove()
        self.imported.not_in_file = leftovers.names()
        if self.imported.changes:
            shown = [line[:200] for line in self.imported.changes[:_AUDITED_CHANGES]]
            auditing.record(self.project, "project.imported", by=None, target=self.project.name, changes=shown)

    def _note(self, sign: str, what: str) -> None:
        if sign:
            self.imported.changes.append(f"{sign} {what}")

    def _note_fields(self, what: str, changed: Mapping[str, tuple[Any, Any]]) -> None:
        for name, (before, after) in changed.items():
            self._note("~", f"{what}: {name.replace('_', ' ')} {changes.shown(before)} → {changes.shown(after)}")

    def _project(self) -> None:
        document, project = self.document, self.project
        said = {
            "allowed_origins": document.allowed_origins,
            "payload_policy": document.payload_policy,
            "max_token_hours": document.max_token_hours,
            "parked_days": document.parked_days,
        }
        wanted = {"name": document.name, **{name: value for name, value in said.items() if value is not None}}
        self._note_fields(f"project “{project.name}”", _different(project, wanted))
        for name, value in wanted.items():
            setattr(project, name, value)
        change_project(
            project,
            name=project.name,
            allowed_origins=project.allowed_origins,
            payload_policy=project.payload_policy,
            max_token_hours=project.max_token_hours,
            parked_days=project.parked_days,
            by=None,
        )

    def _app_event(self, entry: EventEntry) -> None:
        wanted: dict[str, Any] = {"description": entry.description, "example": entry.example}
        event = AppEvent.objects.for_project(self.project).filter(name=entry.name).first()
        what = f"App Event “{entry.name}”"
        if event is None:
            event = create_app_event(self.project, name=entry.name, **wanted, by=None)
            self._note("+", what)
        elif changed := _different(event, wanted):
            change_app_event(event, name=entry.name, **wanted, by=None)
            self._note_fields(what, changed)
        self.imported.app_events[entry.name] = str(event.pk)

    def _integration(self, entry: IntegrationEntry) -> Integration:
        key, what = entry.provider.key, f"integration {entry.provider.name}"
        is_new = not self.project.integrations.filter(provider_key=key).exists()
        integration = activating.ensure_integration(self.project, key)
        if is_new:
            self._note("+", what)
        self.imported.integrations[key] = str(integration.pk)
        client_id = self._variable(entry.client_id_variable) or integration.client_id
        secret = self._variable(entry.client_secret_variable)
        has_secret = bool(secret or integration.client_secret_sealed)
        wanted: dict[str, Any] = {
            "client_id": client_id,
            "settings": entry.settings,
            "scopes": entry.scopes or list(entry.provider.default_scopes),
            "is_active": entry.is_active and self._may_be_active(entry, client_id, has_secret),
            "description": entry.description,
            "overview": entry.overview,
        }
        if entry.api_reserve_percent is not None:
            wanted["api_reserve_percent"] = entry.api_reserve_percent
        changed = _different(integration, wanted)
        has_new_secret = secret is not None and secret != integration.client_secret
        if not changed and not has_new_secret:
            return integration
        self._save(entry, integration, wanted, secret if has_new_secret else None)
        if not is_new:
            self._note_fields(what, changed)
            if has_new_secret:
                self._note("~", f"{what}: client secret")
        return integration

    def _may_be_active(self, entry: IntegrationEntry, client_id: str, has_secret: bool) -> bool:
        """Whether users could connect. Files are brought to places where their variables are not set yet."""
        missing = {"client id": not client_id, "client secret": not has_secret}
        variables = {"client id": entry.client_id_variable, "client secret": entry.client_secret_variable}
        for name in (name for name, is_missing in missing.items() if is_missing):
            where = f"the environment variable {variables[name]}" if variables[name] else "the file"
            self.imported.warnings.append(
                f"The integration {entry.provider.name} is not active, since there is no {name}: {where} has none. Import it "
                "again with the variable set, or enter it in the integration's settings."
            )
        return not any(missing.values())

    def _variable(self, name: str | None) -> str | None:
        """An environment variable's value; None, which leaves what is stored, where it is not set."""
        return (self.environment.get(name, "").strip() or None) if name else None

    def _save(
        self, entry: IntegrationEntry, integration: Integration, wanted: Mapping[str, Any], secret: str | None
    ) -> None:
        integration.description, integration.overview = wanted["description"], wanted["overview"]
        integration.api_reserve_percent = wanted.get("api_reserve_percent", integration.api_reserve_percent)
        try:
            activating.save_settings(
                integration,
                client_id=wanted["client_id"],
                client_secret=secret,
                environment=entry.settings.get("environment", ""),
                domain=entry.settings.get("domain", ""),
                scopes=wanted["scopes"],
                is_active=wanted["is_active"],
                by=None,
            )
        except SettingsRefused as refused:
            problems = [
                f"{self.document.place(f'{entry.pointer}/{name}')}: {message}"
                for name, message in refused.errors.items()
            ]
            raise BadProjectFile("The file is not valid.", problems=problems) from refused
        pausing.go_on_within_budget(integration, now=timezone.now())

    def _drafts(self, entry: IntegrationEntry, integration: Integration) -> list[tuple[WorkflowEntry, Workflow]]:
        found = {workflow.name: workflow for workflow in integration.workflows.select_for_update(of=("self",))}
        pairs = [
            (each, self._draft(integration, found.get(each.name), each, position))
            for position, each in enumerate(entry.workflows)
        ]
        self.imported.workflows |= {each.name: str(workflow.pk) for each, workflow in pairs}
        return pairs

    def _draft(
        self, integration: Integration, workflow: Workflow | None, entry: WorkflowEntry, position: int
    ) -> Workflow:
        what = f"workflow “{entry.name}”"
        is_new = workflow is None
        if workflow is None:
            workflow = workflow_creating.create_workflow(integration, name=entry.name, by=None)
            self._note("+", what)
        wanted: dict[str, Any] = {
            "enabled_by_default": entry.enabled_by_default,
            "is_hidden": entry.is_hidden,
            "position": position,
        }
        changed = _different(workflow, wanted)
        if workflow.description != entry.description:
            changed["description"] = (workflow.description, entry.description)
            if is_new:
                wanted["description"] = entry.description
            else:
                workflow_creating.describe_workflow(workflow, name=entry.name, description=entry.description, by=None)
        if changed:
            for name, value in wanted.items():
                setattr(workflow, name, value)
            workflow.save(update_fields=list(wanted))
        stored = to_json(parse_definition(workflow.draft))
        if stored != entry.definition:
            save_draft(workflow, entry.definition, revision=workflow.draft_revision, by=None)
        if not is_new:
            self._note_fields(what, changed)
            for line in _definition_changes(stored, entry.definition):
                self._note("~", f"{what}: {line}")
        return workflow

    def _deploy(self, pairs: list[tuple[WorkflowEntry, Workflow]]) -> None:
        problems: list[str] = []
        for entry, workflow in pairs:
            if workflow.live_version and deploying.same_definition(workflow.live_version.definition, workflow.draft):
                continue
            try:
                version = deploying.deploy(workflow, by=None, note="Imported from a file")
            except NotDeployable as exc:
                problems += [self._problem(entry, each) for each in exc.ids["problems"]]
            else:
                self.imported.deployed[entry.name] = version.number
                self._note("~", f"workflow “{entry.name}”: deployed as version {version.number}")
        if problems:
            raise NotDeployable("The file's workflows can not be deployed.", problems=problems)

    def _problem(self, entry: WorkflowEntry, problem: Mapping[str, str | None]) -> str:
        """A deploy's problem with its workflow and line."""
        pointer = entry.pointer
        for position, step in enumerate(entry.definition["steps"]):
            if problem["step_key"] == step["key"]:
                pointer += f"/steps/{position}/inputs/{(problem['field'] or '').replace('.', '/')}"
                break
        else:
            pointer += f"/{(problem['field'] or '').replace('.', '/')}"
        return f"Line {self.document.lines.line_of(pointer)}, workflow “{entry.name}”: {problem['message']}"


def _different(row: Any, wanted: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields of `row` that have other values than those wanted: (present, wanted) by name."""
    return {
        name: (getattr(row, name), value) for name, value in wanted.items() if not are_alike(getattr(row, name), value)
    }


def _definition_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    if before == after:
        return []
    return [change.text for change in changes.differences(before, after)] or ["draft changed"]
