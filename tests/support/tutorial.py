"""A user whose Salesforce is a running sandbox org, with the tutorial's workflow switched on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db.models import F
from django.utils import timezone

from integrations.models import ApiUsage, Credential
from projects.models import ConnectedUser, Project
from projects.user_tokens import UserToken
from tests.factories import (
    LEAD_CREATED,
    make_app_event,
    make_connected_user,
    make_credential,
    make_integration,
    make_project,
    make_workflow,
    switch_on,
)
from tests.support.sandbox import SandboxOrg
from workflows.engine import draining, leasing
from workflows.intake.receiving import Arrival, receive
from workflows.models import Lane, Run, Workflow


@dataclass
class Tutorial:
    """The rows; `send` and `drain` do what the app and a worker do."""

    org: SandboxOrg
    project: Project
    user: ConnectedUser
    credential: Credential
    workflow: Workflow

    def send(self, **changes: Any) -> Run:
        """One Lead Created event; gives its run."""
        payload = LEAD_CREATED | changes
        token = UserToken(self.project.pk, self.user.external_id, time.time() + 3600, self.project.pk, {})
        received = receive(Arrival(token, "Lead Created", payload))
        return Run.objects.get(pk=received.receipt["runs"][0]["id"])

    def drain(self, *, later: timedelta = timedelta(0)) -> bool:
        """Work the lane off once, as if `later` had passed for what waits; whether the lease was to be had."""
        if later:
            for run in Run.objects.filter(lane_id=self.credential.pk, state="waiting"):
                Run.objects.filter(pk=run.pk).update(wake_at=run.wake_at - later)
            passed = timezone.now() - timedelta(seconds=1)
            Lane.objects.filter(pk=self.credential.pk, paused_until__isnull=False).update(paused_until=passed)
            Credential.objects.filter(pk=self.credential.pk, api_checked_at__isnull=False).update(
                api_checked_at=F("api_checked_at") - later
            )
            ApiUsage.objects.filter(checked_at__isnull=False).update(checked_at=F("checked_at") - later)
        lease = leasing.lease_lane(self.credential.pk)
        if lease:
            draining.drain(lease)
        return lease is not None

    def leads(self) -> list[dict[str, Any]]:
        return self.org.records("Lead")


def connect(
    org: SandboxOrg, *, project: Project | None = None, user_id: str = "user-1", username: str = ""
) -> Tutorial:
    """Connect a user by a grant of the org, and switch the tutorial's workflow on for them."""
    app, grant = org.app(), org.grant(username)
    org_id, org_user = urlsplit(grant["id"]).path.split("/")[-2:]
    is_new = project is None
    project = project or make_project()
    integration = (
        make_integration(project, client_id=app["client_id"], client_secret=app["client_secret"])
        if is_new
        else project.integrations.get()
    )
    if is_new:
        make_app_event(project)
    workflow = make_workflow(integration) if is_new else integration.workflows.get()
    user = make_connected_user(project, user_id)
    credential = make_credential(
        integration,
        user,
        provider_id=org_id,
        provider_data={"instance_url": grant["instance_url"], "user_id": org_user, "identity_url": grant["id"]},
        tokens={"access_token": grant["access_token"], "refresh_token": grant["refresh_token"]},
    )
    switch_on(workflow, credential)
    return Tutorial(org, project, user, credential, workflow)
