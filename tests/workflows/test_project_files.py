"""Projects as files: an export comes back the same, secrets stay out, and a wrong file changes nothing."""

import json
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError

from projects.models import Member, Project, SigningKey
from tests.factories import make_app_event, make_integration, make_project, make_user, make_workflow, user_token
from workflows.models import AppEvent, Workflow
from workflows.project_files import BadProjectFile, export_project, import_project

pytestmark = pytest.mark.django_db
ACME = Path(__file__).resolve().parents[2] / "examples" / "acme" / "project.yaml"
SECRETS = {"SALESFORCE_CLIENT_ID": "the-key", "SALESFORCE_CLIENT_SECRET": "the-secret"}


def test_acmes_file_makes_a_project_with_its_workflow_deployed():
    imported = import_project(ACME.read_text(), deploy=True, environment=SECRETS)

    project = Project.objects.get(pk=imported.project_id)
    integration = project.integrations.get()
    workflow = Workflow.objects.get()
    assert imported.created and imported.deployed == {"Create leads": 1}
    assert (integration.client_id, integration.client_secret, integration.is_active) == ("the-key", "the-secret", True)
    assert workflow.live_version.app_event == "Lead Created" and workflow.live_version.definition == workflow.draft
    assert imported.workflows == {"Create leads": str(workflow.pk)}


def test_the_same_file_again_changes_nothing():
    first = import_project(ACME.read_text(), deploy=True, environment=SECRETS)
    exported = export_project(Project.objects.get())

    second = import_project(ACME.read_text(), deploy=True, environment=SECRETS)

    assert (second.project_id, second.workflows, second.created, second.deployed) == (
        first.project_id,
        first.workflows,
        False,
        {},
    )
    assert export_project(Project.objects.get()) == exported


def test_an_export_imports_into_another_project_the_same_and_holds_no_secret():
    project = make_project(name="Acme")
    integration = make_integration(
        project, client_id="the-key", client_secret="the-secret", settings={"environment": "sandbox"}
    )
    make_app_event(project)
    make_workflow(integration, name="Leads")
    exported = export_project(project)

    other = import_project(exported.replace("name: Acme", "name: Copy"), environment=SECRETS)

    assert "the-key" not in exported and "the-secret" not in exported and "${SALESFORCE_CLIENT_SECRET}" in exported
    assert export_project(Project.objects.get(pk=other.project_id)) == exported.replace("name: Acme", "name: Copy")
    assert project.pk != Project.objects.get(name="Copy").pk


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1, 2", "not YAML"),
        ("- a", "mapping"),
        ("name: ''", "name"),
        ("name: A\nformat: 2", "format"),
        ("name: A\npayload_policy: maybe", "payload_policy"),
        ("name: A\nintegrations: [{provider: hubspot}]", "salesforce"),
        ("name: A\nintegrations: [{provider: salesforce, client_secret: plain}]", "environment variables"),
        ("name: A\napp_events: [{name: X, example: [1]}]", "app_events"),
        ("name: A\nintegrations: [{provider: salesforce, workflows: [{name: W, steps: 7}]}]", "W"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_words_and_nothing_is_made(text, says):
    with pytest.raises(BadProjectFile, match=says):
        import_project(text)

    assert Project.objects.count() == 0


def test_what_can_not_be_deployed_undoes_the_whole_import(tmp_path):
    document = yaml.safe_load(ACME.read_text())
    document["integrations"][0]["workflows"][0]["steps"][0]["inputs"]["fields"].pop("Company")
    file = tmp_path / "project.yaml"
    file.write_text(yaml.safe_dump(document))

    with pytest.raises(CommandError, match="Company"):
        call_command("import_project", str(file), "--deploy", stdout=StringIO())

    assert Project.objects.count() == AppEvent.objects.count() == 0


def test_the_command_prints_the_ids_as_json_and_makes_the_owner():
    owner, printed = make_user(email="ana@acme.example"), StringIO()

    call_command("import_project", str(ACME), "--owner", "ANA@acme.example", stdout=printed)

    ids = json.loads(printed.getvalue())
    assert Member.objects.get(project_id=ids["project_id"], user=owner).role == "owner"
    assert ids["app_events"]["Lead Created"] == str(AppEvent.objects.get().pk)


def test_the_signing_key_command_writes_the_private_half_once_and_keeps_the_public_one(tmp_path):
    project, out, printed = make_project(), tmp_path / "key.pem", StringIO()

    call_command("create_signing_key", str(project.pk), "--out", str(out), stdout=printed)

    key = SigningKey.objects.get()
    assert json.loads(printed.getvalue())["fingerprint"] == key.fingerprint
    assert "PRIVATE KEY" in out.read_text() and out.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in key.public_key
    with pytest.raises(CommandError, match="exists"):
        call_command("create_signing_key", str(project.pk), "--out", str(out))
    assert SigningKey.objects.count() == 1


def test_a_token_signed_with_the_written_key_is_accepted(tmp_path, client):
    import time

    import jwt

    project = make_project()
    make_app_event(project)
    call_command("create_signing_key", project.name, "--out", str(tmp_path / "key.pem"), stdout=StringIO())
    now = int(time.time())
    token = jwt.encode({"sub": "u", "iat": now, "exp": now + 60}, (tmp_path / "key.pem").read_text(), algorithm="RS256")

    def answer(token):
        return client.post(
            f"/projects/{project.pk}/sdk/events/trigger",
            json.dumps({"name": "Lead Created", "payload": {}}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )

    assert answer(token).status_code == 201
    assert answer(user_token()).status_code == 401
