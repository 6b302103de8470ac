"""What the catalogue and an integration's page tell of it: state, counts, workflows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, OuterRef, Subquery

from integrations.models import Credential, Integration
from integrations.providers import registry
from integrations.providers.base import Provider
from projects.models import Project
from workflows import deploying
from workflows.deploying import DeployState
from workflows.models import Run, Workflow, WorkflowSetting

_STATES = {
    DeployState.NEVER: ("Never deployed", "idle"),
    DeployState.OFF: ("Undeployed", "idle"),
    DeployState.LIVE: ("Live", "ok"),
    DeployState.EDITED: ("Edited since", "warn"),
}


@dataclass(frozen=True)
class Card:
    """One provider in the catalogue."""

    provider: Provider
    state: str
    tone: str
    connected_users: int = 0
    deployed_workflows: int = 0


@dataclass(frozen=True)
class WorkflowRow:
    """One workflow in an integration's list."""

    workflow: Workflow
    state: str
    tone: str
    users_on: int
    last_run: Run | None


def cards(project: Project) -> list[Card]:
    """Every provider, with what the project has of it."""
    integrations = {row.provider_key: row for row in Integration.objects.for_project(project)}
    users = dict(
        Credential.objects.for_project(project)
        .present()
        .order_by()
        .values_list("integration_id")
        .annotate(Count("user", distinct=True))
    )
    deployed = dict(
        Workflow.objects.for_project(project).deployed().order_by().values_list("integration_id").annotate(Count("id"))
    )
    return [
        _card(provider, integrations.get(provider.key), users, deployed) for provider in registry.providers().values()
    ]


def _card(
    provider: Provider, integration: Integration | None, users: dict[UUID, int], deployed: dict[UUID, int]
) -> Card:
    state, tone = integration_state(integration)
    if integration is None:
        return Card(provider, state, tone)
    return Card(provider, state, tone, users.get(integration.pk, 0), deployed.get(integration.pk, 0))


def integration_state(integration: Integration | None) -> tuple[str, str]:
    """In words, with the tone of the status pill."""
    if not integration or not integration.is_complete:
        return "Not set up", "idle"
    return ("Active", "ok") if integration.is_active else ("Set up, inactive", "warn")


def connected_users(integration: Integration) -> int:
    """How many users have an account connected at it."""
    return Credential.objects.filter(integration=integration).present().order_by().values("user").distinct().count()


def workflow_rows(workflows: Sequence[Workflow]) -> list[WorkflowRow]:
    """The workflows with their state, their users and their last run; the last runs are read by index, one each."""
    ids = [workflow.pk for workflow in workflows]
    on = WorkflowSetting.objects.on().filter(workflow__in=ids, configuration__credential__removed_at__isnull=True)
    users = dict(
        on.order_by().values_list("workflow_id").annotate(Count("configuration__credential__user", distinct=True))
    )
    newest = Run.objects.filter(workflow=OuterRef("pk")).newest_first().values("id")[:1]
    last_ids = dict(Workflow.objects.filter(pk__in=ids).annotate(last=Subquery(newest)).values_list("pk", "last"))
    with_lane = Run.objects.select_related("lane").only("id", "state", "started_at", "lane__paused_until")
    last_runs = with_lane.in_bulk([run_id for run_id in last_ids.values() if run_id])
    rows = []
    for workflow in workflows:
        state = deploying.deploy_state(workflow)
        words, tone = _STATES[state]
        if workflow.live_version:
            words = (
                f"{words}, v{workflow.live_version.number}"
                if state == DeployState.LIVE
                else f"v{workflow.live_version.number}, edited since"
            )
        last = last_ids.get(workflow.pk)
        rows.append(
            WorkflowRow(workflow, words, tone, users.get(workflow.pk, 0), last_runs.get(last) if last else None)
        )
    return rows
