"""`python -m benchmarks.seeding < wanted.json`, within Isthmus's environment: a project, its tutorial workflow, its users.

Everything goes in by bulk statements. Prints {"project_id"}.
"""

import json
import sys
from pathlib import Path
from typing import Any, TypedDict

import django

DEFINITION: dict[str, Any] = {
    "trigger": {"type": "app_event", "app_event": "Lead Created"},
    "steps": [
        {
            "key": "create_lead",
            "type": "salesforce.create_record",
            "name": "Create Lead",
            "inputs": {
                "record_type": "Lead",
                "fields": {
                    "FirstName": "{{ trigger.first_name }}",
                    "LastName": "{{ trigger.last_name }}",
                    "Email": "{{ trigger.email }}",
                    "Company": "{{ trigger.company }}",
                },
            },
        }
    ],
    "settings": [],
    "order_by": None,
    "concurrency": None,
}
EXAMPLE = {"first_name": "Bo", "last_name": "Lind", "email": "bo@lind.example", "company": "Lind & Daughters"}


class Wanted(TypedDict):
    public_key_file: str
    users: list[str]
    """The `sub` of each user's token."""
    org: str
    """The users' instance URL."""


def seed(wanted: Wanted) -> str:
    """Write the rows; gives the project's id."""
    from django.db import transaction

    from integrations.models import Configuration, Credential, CredentialStatus, Integration
    from projects.models import ConnectedUser, Project, SigningKey
    from workflows.models import AppEvent, Lane, Workflow, WorkflowSetting, WorkflowVersion

    with transaction.atomic():
        project = Project.objects.create(name="Benchmark")
        SigningKey.objects.create(
            project=project, public_key=Path(wanted["public_key_file"]).read_text(), fingerprint="0" * 64
        )
        integration = Integration(project=project, provider_key="salesforce", is_active=True, client_id="bench")
        integration.client_secret = "bench"
        integration.save()
        AppEvent.objects.create(project=project, name="Lead Created", example=EXAMPLE)
        workflow = Workflow.objects.create(integration=integration, name="Create leads", draft=DEFINITION)
        workflow.live_version = WorkflowVersion.objects.create(
            workflow=workflow, number=1, definition=DEFINITION, app_event="Lead Created"
        )
        workflow.save()
        users = ConnectedUser.objects.bulk_create(
            ConnectedUser(project=project, external_id=name) for name in wanted["users"]
        )
        credentials = [_credential(integration, user, wanted["org"]) for user in users]
        for credential in credentials:
            credential.status = CredentialStatus.VALID
        Credential.objects.bulk_create(credentials)
        configurations = Configuration.objects.bulk_create(Configuration(credential=each) for each in credentials)
        Lane.objects.bulk_create(Lane(credential=each) for each in credentials)
        WorkflowSetting.objects.bulk_create(
            WorkflowSetting(configuration=each, workflow=workflow, is_enabled=True) for each in configurations
        )
    return str(project.pk)


def _credential(integration: Any, user: Any, org: str) -> Any:
    from integrations.models import Credential

    credential = Credential(
        integration=integration,
        user=user,
        provider_id="00D000000000001EAA",
        provider_data={"instance_url": org, "user_id": "005000000000001AAA", "identity_url": f"{org}/id"},
    )
    credential.tokens = {"access_token": f"00D!{user.external_id}", "refresh_token": "refresh"}
    return credential


if __name__ == "__main__":
    django.setup()
    print(json.dumps({"project_id": seed(json.loads(sys.stdin.read()))}))
