"""The audit log: one entry for each change, in the change's own transaction."""

from typing import Any

from projects.models import AuditEntry, Project, User


def record(project: Project, action: str, *, by: User | None, target: str = "", **details: Any) -> AuditEntry:
    """Write that `by` did `action` ("workflow.deployed") to `target`; `details` are JSON values and never secrets."""
    return AuditEntry.objects.create(project=project, actor=by, action=action, target=target[:200], details=details)
