"""`python -m benchmarks.chaos.seeding < wanted.json`: a project whose users are connected to a running sandbox org.

`python -m benchmarks.chaos.seeding reconnect < grants.json` does what a user does whose connection turned invalid.
"""

import copy
import json
import sys
from itertools import product
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

import django

from benchmarks.chaos.plan import RETRY
from benchmarks.seeding import DEFINITION, EXAMPLE


class WantedUser(TypedDict):
    name: str
    is_ordered: bool
    is_limited: bool
    grant: dict[str, Any]
    """A token reply of the org."""


class Wanted(TypedDict):
    public_key_file: str
    client_id: str
    client_secret: str
    limit: int
    users: list[WantedUser]


def _definition(order_by: str | None, limit: int | None) -> dict[str, Any]:
    definition = copy.deepcopy(DEFINITION) | {"order_by": order_by, "concurrency": limit}
    definition["steps"][0]["retry"] = RETRY
    return definition


def seed(wanted: Wanted) -> str:
    """Write the rows; gives the project's id."""
    from django.db import transaction

    from integrations.models import Configuration, Credential, CredentialStatus, Integration
    from projects.models import ConnectedUser, Project, SigningKey
    from workflows.models import AppEvent, Lane, Workflow, WorkflowSetting, WorkflowVersion

    with transaction.atomic():
        project = Project.objects.create(name="Chaos")
        SigningKey.objects.create(
            project=project, public_key=Path(wanted["public_key_file"]).read_text(), fingerprint="0" * 64
        )
        integration = Integration(
            project=project,
            provider_key="salesforce",
            is_active=True,
            client_id=wanted["client_id"],
            scopes=["api", "refresh_token"],
        )
        integration.client_secret = wanted["client_secret"]
        integration.save()
        AppEvent.objects.create(project=project, name="Lead Created", example=EXAMPLE)
        workflows = {}
        for is_ordered, is_limited in product((True, False), repeat=2):
            name = f"{'In order' if is_ordered else 'Free'}{', limited' if is_limited else ''}"
            definition = _definition(
                "{{ trigger.user }}" if is_ordered else None, wanted["limit"] if is_limited else None
            )
            workflow = Workflow.objects.create(integration=integration, name=name, draft=definition)
            workflow.live_version = WorkflowVersion.objects.create(
                workflow=workflow, number=1, definition=definition, app_event="Lead Created"
            )
            workflow.save()
            workflows[is_ordered, is_limited] = workflow
        for each in wanted["users"]:
            user = ConnectedUser.objects.create(project=project, external_id=each["name"])
            org_id, org_user = urlsplit(each["grant"]["id"]).path.split("/")[-2:]
            credential = Credential(
                integration=integration,
                user=user,
                status=CredentialStatus.VALID,
                provider_id=org_id,
                provider_data={
                    "instance_url": each["grant"]["instance_url"],
                    "user_id": org_user,
                    "identity_url": each["grant"]["id"],
                },
            )
            credential.tokens = _tokens(each["grant"])
            credential.save()
            configuration = Configuration.objects.create(credential=credential, is_default=True)
            Lane.objects.create(credential=credential)
            workflow = workflows[each["is_ordered"], each["is_limited"]]
            WorkflowSetting.objects.create(configuration=configuration, workflow=workflow, is_enabled=True)
    return str(project.pk)


def reconnect(grants: dict[str, dict[str, Any]]) -> int:
    """Give credentials that are no longer valid the new grants, by user, and let their parked runs go on; gives how many."""
    from integrations.models import Credential, CredentialStatus
    from workflows.engine.parking import resume_parked

    invalid = list(Credential.objects.filter(status=CredentialStatus.INVALID).select_related("user"))
    for credential in invalid:
        credential.tokens = _tokens(grants[credential.user.external_id])
        credential.status, credential.status_reason = CredentialStatus.VALID, ""
        credential.tokens_version += 1
        credential.refresh_holder = credential.refresh_held_until = None
        credential.save()
        resume_parked(credential.pk)
    return len(invalid)


def _tokens(grant: dict[str, Any]) -> dict[str, str]:
    return {"access_token": grant["access_token"], "refresh_token": grant["refresh_token"]}


if __name__ == "__main__":
    django.setup()
    given = json.loads(sys.stdin.read())
    if sys.argv[1:] == ["reconnect"]:
        print(json.dumps({"reconnected": reconnect(given)}))
    else:
        print(json.dumps({"project_id": seed(given)}))
