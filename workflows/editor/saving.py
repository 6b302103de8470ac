"""Saving drafts: each save names the revision that it started from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from projects import auditing
from projects.models import User
from workflows.definition.schema import parse_definition, to_json
from workflows.definition.templates import normalise
from workflows.errors import DraftConflict
from workflows.models import Workflow, WorkflowVersion


def save_draft(workflow: Workflow, definition: object, *, revision: int, by: User | None) -> None:
    """Store `definition` as the draft and count its revision up, in the one spelling of its templates.

    Raises: DefinitionError when it has not the shape of one; DraftConflict when `revision` is not the present one:
    somebody else saved meanwhile. Its ids say who, when, and the revision to name in order to overwrite theirs.
    """
    draft = canonical(definition)
    now = timezone.now()
    with transaction.atomic():
        saved = Workflow.objects.filter(pk=workflow.pk, draft_revision=revision).update(
            draft=draft, draft_revision=revision + 1, draft_saved_at=now, draft_saved_by=by
        )
        if not saved:
            raise _conflict(workflow)
    workflow.draft, workflow.draft_revision = draft, revision + 1
    workflow.draft_saved_at, workflow.draft_saved_by = now, by


def restore_version(version: WorkflowVersion, *, by: User) -> None:
    """Make a version's definition the draft again; what runs stays what it is."""
    workflow = version.workflow
    with transaction.atomic():
        current = Workflow.objects.select_for_update(of=("self",)).get(pk=workflow.pk)
        save_draft(current, version.definition, revision=current.draft_revision, by=by)
        auditing.record(
            workflow.integration.project, "workflow.version_restored", by=by, target=workflow.name,
            workflow_id=str(workflow.pk), version=version.number,
        )  # fmt: skip


def canonical(definition: object) -> dict[str, Any]:
    """A definition as it is stored: every key in place, `<< a >>` written as `{{ a }}`. Raises: DefinitionError."""
    stored = to_json(parse_definition(definition))
    for step in stored["steps"]:
        step["inputs"] = normalise(step["inputs"])
    stored["order_by"] = normalise(stored["order_by"])
    return stored


def _conflict(workflow: Workflow) -> DraftConflict:
    theirs = Workflow.objects.select_related("draft_saved_by").get(pk=workflow.pk)
    ids: Mapping[str, Any] = {
        "revision": theirs.draft_revision,
        "saved_by": str(theirs.draft_saved_by or "somebody"),
        "saved_at": theirs.draft_saved_at.isoformat(),
    }
    return DraftConflict(f"{ids['saved_by']} saved this workflow since you opened it.", **ids)
