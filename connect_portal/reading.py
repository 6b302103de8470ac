"""What the SDK's documents and the portal's pages are built from, read with few queries and always within one user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import Prefetch

from integrations.models import Configuration, Credential, Integration
from projects.models import ConnectedUser, Project
from workflows.models import Workflow

WorkflowsByIntegration = Mapping[UUID, Sequence[Workflow]]


def deployed_workflows(project: Project) -> WorkflowsByIntegration:
    """The project's deployed workflows by integration, in the builder's order."""
    found: defaultdict[UUID, list[Workflow]] = defaultdict(list)
    for workflow in Workflow.objects.for_project(project).deployed().select_related("live_version").in_order():
        found[workflow.integration_id].append(workflow)
    return found


def integrations_of(project: Project) -> list[Integration]:
    return list(Integration.objects.for_project(project).select_related("project").order_by("created_at"))


def credentials_of(user: ConnectedUser) -> list[Credential]:
    """The user's connected accounts, the oldest first, with their configurations, the default one first."""
    configurations = Configuration.objects.default_first().prefetch_related("workflow_settings")
    return list(
        Credential.objects.for_connected_user(user)
        .present()
        .select_related("integration")
        .prefetch_related(Prefetch("configurations", configurations))
        .order_by("created_at")
    )


def short_text(integration: Integration) -> str:
    """The line below the integration's name. The provider's own description is written for builders, not for end users."""
    return integration.description or f"Use {integration.provider.name} with {integration.project.name}."


def main_credential(credentials: Sequence[Credential]) -> Credential | None:
    """The account that counts where none is named: the oldest that works, else the newest."""
    valid = [credential for credential in credentials if credential.status == "VALID"]
    if valid:
        return valid[0]
    return credentials[-1] if credentials else None
