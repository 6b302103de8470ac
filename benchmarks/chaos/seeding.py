"""`python -m benchmarks.chaos.seeding < wanted.json`: a project whose users are connected to a running sandbox org.

`python -m benchmarks.chaos.seeding reconnect < grants.json` does what a user does whose connection turned invalid.
"""

import json
import sys
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

import django

from benchmarks.chaos.plan import RETRY
from benchmarks.chaos.poison import EVENT_NAME, healthy_payload


class WantedUser(TypedDict):
    name: str
    is_ordered: bool
    is_limited: bool
    kind: str
    """As `Plan.kind` gives it."""
    grant: dict[str, Any]
    """A token reply of the org."""


class Wanted(TypedDict):
    public_key_file: str
    client_id: str
    client_secret: str
    limit: int
    users: list[WantedUser]


_NUMBER = "{{ trigger.employees | times: trigger.factor }}"
_TEXT = (
    "{{ trigger.tags | uniq | sort | join: trigger.glue }} since {{ trigger.since | date: '%Y' }}:"
    " {{ trigger.notes | strip_html | truncate: trigger.width }}"
)
_LEAD = {
    "FirstName": "{{ trigger.first_name }}",
    "LastName": "{{ trigger.last_name | strip }}",
    "Email": "{{ trigger.email | downcase }}",
    "Company": "{{ trigger.company }}",
    "Street": "{{ trigger.code }}",
    "NumberOfEmployees": _NUMBER,
    "AnnualRevenue": "{{ trigger.revenue | divided_by: trigger.parts | round: 2 }}",
    "Description": _TEXT,
}
_EVERY_TYPE = {
    "Phone__c": "{{ trigger.first_name }}",
    "Name": "{{ trigger.last_name }}",
    "Text__c": "{{ trigger.code }}",
    "Email__c": "{{ trigger.email }}",
    "Whole__c": _NUMBER,
    "Currency__c": "{{ trigger.revenue | divided_by: trigger.parts | round: 2 }}",
    "Checkbox__c": "{{ trigger.urgent }}",
    "Datetime__c": "{{ trigger.at }}",
    "Date__c": "{{ trigger.day }}",
    "Area__c": _TEXT,
}
_STEPS: dict[str, dict[str, Any]] = {
    "lead": {
        "inputs": {"record_type": "Lead", "fields": _LEAD},
        "required_inputs": ["fields.LastName"],
    },
    "every type": {
        "inputs": {"record_type": "Every_Type__c", "fields": _EVERY_TYPE},
        "required_inputs": ["fields.Name"],
    },
    "upsert": {
        "inputs": {
            "record_type": "Lead",
            "fields": {**_LEAD, "External_Id__c": "{{ trigger.key }}"},
            "external_id_field": "External_Id__c",
        },
        "required_inputs": ["fields.LastName"],
    },
}
"""Filters and types of fields enough for poison to harm in the engine, not only at the door."""


def _definition(user: WantedUser, limit: int) -> dict[str, Any]:
    step = {"key": "create", "type": "salesforce.create_record", "name": "Create", "retry": RETRY}
    return {
        "trigger": {"type": "app_event", "app_event": EVENT_NAME},
        "steps": [step | _STEPS[user["kind"]]],
        "settings": [],
        "order_by": "{{ trigger.user }}" if user["is_ordered"] else None,
        "concurrency": limit if user["is_limited"] else None,
    }


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
        AppEvent.objects.create(project=project, name=EVENT_NAME, example=healthy_payload(1, "chaos-user-1"))
        workflows: dict[str, Workflow] = {}
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
            order, limited = "In order" if each["is_ordered"] else "Free", ", limited" if each["is_limited"] else ""
            name = f"{order}{limited}, {each['kind']}"
            if name not in workflows:
                definition = _definition(each, wanted["limit"])
                workflows[name] = Workflow.objects.create(integration=integration, name=name, draft=definition)
                workflows[name].live_version = WorkflowVersion.objects.create(
                    workflow=workflows[name], number=1, definition=definition, app_event=EVENT_NAME
                )
                workflows[name].save()
            workflow = workflows[name]
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
