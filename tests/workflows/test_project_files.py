"""Projects as files: an export comes back the same, secrets stay out, and a wrong file changes nothing."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib import plain_yaml
from lib.errors import IsthmusError
from projects.models import AuditEntry, Member, Project, SigningKey
from tests.factories import (
    lead_definition,
    make_app_event,
    make_integration,
    make_member,
    make_project,
    make_run,
    make_user,
    make_workflow,
    user_token,
)
from workflows.models import AppEvent, Run, RunState, Workflow, WorkflowVersion
from workflows.project_files.errors import BadProjectFile
from workflows.project_files.exports import export_project
from workflows.project_files.imports import import_project
from workflows.project_files.numbers import are_alike

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
        ("name: A\nintegrations: [{provider: salesforce, client_secret: plain}]", "environment variable"),
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


def acme(**changes: Any) -> dict[str, Any]:
    """Acme's file as an object; its only workflow's step fields may be changed by `fields`."""
    document = yaml.safe_load(ACME.read_text())
    workflow = document["integrations"][0]["workflows"][0]
    workflow["steps"][0]["inputs"]["fields"] |= changes.pop("fields", {})
    return document | changes


def with_field(line: str) -> str:
    """Acme's file with one more line among the Lead's fields: line 47."""
    return ACME.read_text().rstrip("\n") + f"\n                {line}\n"


LINE = len(ACME.read_text().splitlines()) + 1


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("PostalCode: 01234", "PostalCode"),
        ("Phone: 0123456", "Phone"),
        ("Phone: 4612345", "Phone"),
        ("Country: NO", "Country"),
        ("State: on", "State"),
        ("State: true", "State"),
        ("Street: 12:30", "Street"),
        ("Street: 1e3", "Street"),
        ("Street: 1.5", "Street"),
        ("Street: 2026-01-31", "Street"),
        ("Street: ~", "Street"),
        ("Rating: 1", "Rating"),
        ("Own__c: 007", "Own__c"),
        ("NO: x", "NO"),
    ],
)
def test_a_value_that_needs_quotes_is_refused_with_line_and_path_before_anything_is_written(line, path):
    with pytest.raises(BadProjectFile) as refused:
        import_project(with_field(line), deploy=True, environment=SECRETS)

    said = " ".join([refused.value.message, *refused.value.ids["problems"]])
    assert f"Line {LINE}, integrations[0].workflows[0].steps[0].inputs.fields.{path}: " in said
    assert "ut it in quotes" in said
    assert Project.objects.count() == AppEvent.objects.count() == 0


@pytest.mark.parametrize(
    "value", ["01234", "NO", "on", "12:30", "1e3", "2026-01-31", "~", "true", "4612345", "", "a: b # c"]
)
def test_a_value_in_quotes_arrives_as_it_is_written(value):
    import_project(with_field(f"Street: {json.dumps(value)}"), deploy=True, environment=SECRETS)

    assert WorkflowVersion.objects.get().definition["steps"][0]["inputs"]["fields"]["Street"] == value


def test_all_values_of_a_file_that_need_quotes_are_named_at_once():
    text = plain_yaml.write(acme(fields={"Street": 5, "Phone": 4612345, "NumberOfEmployees": 20, "City": False}))

    with pytest.raises(BadProjectFile) as refused:
        import_project(text, environment=SECRETS)

    assert [said.rpartition("fields.")[2].partition(":")[0] for said in refused.value.ids["problems"]] == [
        "Street",
        "City",
        "Phone",
    ]


@pytest.mark.parametrize(
    "number", ["1e+30", "1.2345678901234568e+18", "1e+23", "-1e+99", "5e-324", "18446744073709551615", "1.0"]
)
def test_a_number_of_an_example_is_the_same_after_an_export_and_an_import_on_either_database(number):
    text = f"name: A\napp_events:\n  - name: X\n    example: {{x: {number}}}\n"
    project = Project.objects.get(pk=import_project(text).project_id)

    exported = export_project(project)

    assert float(plain_yaml.read(exported).value["app_events"][0]["example"]["x"]) == float(number)
    for each in (text, exported):
        assert import_project(each, project=project).changes == []


def test_a_number_and_a_boolean_stay_what_they_are_where_they_may_stand():
    import_project(
        with_field("NumberOfEmployees: 20\n                Is_VIP__c: true"), deploy=True, environment=SECRETS
    )

    fields = Workflow.objects.get().draft["steps"][0]["inputs"]["fields"]
    assert fields["NumberOfEmployees"] == 20 and fields["Is_VIP__c"] is True


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": " "}, '"name" is missing'),
        ({"name": 5}, "Put it in quotes"),
        ({"name": "A" * 121}, "120 are allowed"),
        ({"format": True}, "format"),
        ({"nmae": "A"}, 'Did you mean "name"'),
        ({"allowed_origins": [5]}, "Line 4, allowed_origins[0]"),
        ({"allowed_origins": [{"a": "b"}]}, "allowed_origins[0]"),
        ({"allowed_origins": ["https://app.acme.com/path"]}, "leave out the path"),
        ({"allowed_origins": ["https://a.example; script-src *"]}, "allowed_origins[0]"),
        ({"allowed_origins": [f"https://a{n}.example" for n in range(51)]}, "50 are allowed"),
        ({"max_token_hours": 0}, "whole number from 1"),
        ({"parked_days": 91}, "from 1 to 90"),
        ({"app_events": {}}, "must be a list"),
        ({"app_events": [{"name": "X", "example": {"n": 10**90, "deep": [[[]]] * 9, "t": "x" * 200_001}}]}, "200,000"),
        ({"app_events": [{"name": "X" * 101}]}, "100 are allowed"),
        ({"app_events": [{"name": "X", "description": "x" * 301}]}, "300 are allowed"),
        ({"app_events": [{"name": "X"}, {"name": " X "}]}, "stands twice"),
        ({"app_events": [{"name": "X", "exmaple": {}}]}, 'Did you mean "example"'),
        ({"integrations": [{"provider": "salesforce"}] * 2}, "stands twice"),
        ({"integrations": [{"provider": "salesforce", "active": "yes"}]}, "true or false"),
        ({"integrations": [{"provider": "salesforce", "scopes": "api"}]}, "list"),
        ({"integrations": [{"provider": "salesforce", "scopes": [5]}]}, "scopes[0]"),
        ({"integrations": [{"provider": "salesforce", "scopes": ["a b"]}]}, "is not a scope"),
        ({"integrations": [{"provider": "salesforce", "settings": {"environment": "moon"}}]}, "settings.environment"),
        ({"integrations": [
        {"provider": "salesforce", "settings": {"environment": "my_domain", "domain": "evil.example"}}]}, "settings.domain"),
        ({"integrations": [{"provider": "salesforce", "settings": {"enviroment": "sandbox"}}]}, 'Did you mean "environment"'),
        ({"integrations": [{"provider": "salesforce", "description": "x" * 201}]}, "200 are allowed"),
        ({"integrations": [{"provider": "salesforce", "overview": "x" * 5001}]}, "5,000 are allowed"),
        ({"integrations": [{"provider": "salesforce", "api_reserve_percent": 101}]}, "api_reserve_percent"),
        ({"integrations": [{"provider": "salesforce", "workflows": [{"name": ""}]}]}, "workflows[0].name"),
        ({"integrations": [{"provider": "salesforce", "workflows": [{"name": "W"}, {"name": "W"}]}]}, "stands twice"),
        ({"integrations": [{"provider": "salesforce", "workflows": [{"name": "W", "settings": [
            {"id": "a", "title": "A", "type": "TEXT_NO_VARS", "default": 5}]}]}]}, "settings[0].default"),
    ],
)  # fmt: skip
def test_a_file_is_held_to_what_the_forms_ask_for(changes, says):
    with pytest.raises(BadProjectFile) as refused:
        import_project(plain_yaml.write(acme() | changes), environment=SECRETS)

    said = " ".join([refused.value.message, *refused.value.ids["problems"]])
    assert says in said and "Line " in said
    assert Project.objects.count() == AppEvent.objects.count() == 0


@pytest.mark.parametrize(
    "text", ["x: 2026-01-31", "x: .nan", "x: .inf", 'x: "\\0"', f"x: {'9' * 5000}", "x: &a [*a]", "x: {{ y }}"]
)
def test_an_example_that_can_not_be_kept_is_refused_in_words(text):
    with pytest.raises(BadProjectFile, match="Line 4, "):
        import_project(f"name: A\napp_events:\n  - name: X\n    example: {{{text}}}\n")

    assert Project.objects.count() == 0


def test_lists_that_are_left_empty_hold_nothing():
    integration = "  - provider: salesforce\n    active: false\n    workflows:\n"

    import_project("name: ' A '\nallowed_origins:\napp_events:\nintegrations:\n" + integration)

    assert Project.objects.get().name == "A" and not Workflow.objects.exists()


def test_aliases_that_would_grow_to_billions_are_refused_at_the_first():
    levels = "\n".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))

    with pytest.raises(BadProjectFile, match="Line 5, .*anchor"):
        import_project(
            f"name: A\napp_events:\n - name: X\n   example:\n  a0: &a0 [x]\n{levels}".replace("\n  a", "\n    a")
        )


@pytest.mark.parametrize(
    "reference",
    [
        "${DATABASE_URL}",
        "${SECRET_KEY}",
        "${salesforce_CLIENT_ID}",
        "${SALESFORCE_CLIENT_SECRET}",
        "${SALESFORCE_X}y",
        "key",
        "$X",
    ],
)
def test_a_client_id_comes_from_a_variable_of_its_provider_alone(reference):
    document = acme()
    document["integrations"][0]["client_id"] = reference

    with pytest.raises(BadProjectFile, match=r"client_id"):
        import_project(plain_yaml.write(document), environment={"DATABASE_URL": "postgres://x:y@z", **SECRETS})

    assert Project.objects.count() == 0


def test_a_variable_that_is_not_set_leaves_the_integration_inactive_and_is_named():
    imported = import_project(ACME.read_text(), environment={})

    assert Project.objects.get().integrations.get().is_active is False
    assert "SALESFORCE_CLIENT_ID" in imported.warnings[0] and "SALESFORCE_CLIENT_SECRET" in imported.warnings[1]


def test_a_strangers_project_of_the_files_name_is_never_touched():
    stranger = make_member(make_project(name="Acme", allowed_origins=["https://globex.example"]))
    ana = make_user(email="ana@acme.example")

    first = import_project(ACME.read_text(), environment=SECRETS)
    hers = import_project(ACME.read_text(), owner=ana, environment=SECRETS)
    again = import_project(ACME.read_text(), owner=ana, environment=SECRETS)

    stranger.project.refresh_from_db()
    assert stranger.project.allowed_origins == ["https://globex.example"] and not stranger.project.integrations.exists()
    assert str(stranger.project.pk) not in (first.project_id, hers.project_id)
    assert first.created and hers.project_id == first.project_id  # nobody's until she took it
    assert (again.project_id, again.created, again.changes) == (hers.project_id, False, [])


def test_of_two_projects_of_that_name_the_one_that_is_meant_has_to_be_named():
    ana = make_user(email="ana@acme.example")
    projects = [make_project(name="Acme") for _ in range(2)]
    for project in projects:
        Member.objects.create(project=project, user=ana, role="owner")

    with pytest.raises(BadProjectFile, match=str(projects[1].pk)):
        import_project(ACME.read_text(), owner=ana, environment=SECRETS)


def test_a_project_where_somebody_may_only_build_is_not_theirs_to_change_by_a_file():
    raj = make_member(make_project(name="Acme"), role="builder").user

    imported = import_project(ACME.read_text(), owner=raj, environment=SECRETS)

    assert imported.created and Member.objects.get(project_id=imported.project_id).role == "owner"


def test_what_the_file_no_longer_has_is_named_and_stays():
    project = imported_acme()
    workflow, event = make_workflow(project.integrations.get(), name="Old"), make_app_event(project, "Old Event")
    said = StringIO()

    call_command("import_project", str(ACME), "--project", str(project.pk), stdout=StringIO(), stderr=said)

    assert "workflow “Old”; App Event “Old Event”" in said.getvalue() and "--prune" in said.getvalue()
    workflow.refresh_from_db()
    assert workflow.live_version and AppEvent.objects.filter(pk=event.pk).exists()


def test_prune_undeploys_and_removes_what_the_file_no_longer_has():
    project = imported_acme()
    make_app_event(project, "Old Event")
    old = make_workflow(
        project.integrations.get(),
        name="Old",
        draft=lead_definition(trigger={"type": "app_event", "app_event": "Old Event"}),
    )
    make_run(old, state=RunState.SUCCEEDED)

    imported = import_project(ACME.read_text(), project=project, prune=True, environment=SECRETS)

    assert imported.changes == [
        "~ workflow “Old”: undeployed",
        "- workflow “Old”, with its 1 runs",
        "- App Event “Old Event”",
    ]
    assert imported.not_in_file == []
    assert [each.name for each in Workflow.objects.all()] == [
        "Create leads"
    ] and AppEvent.objects.get().name == "Lead Created"
    assert {"workflow.undeployed", "workflow.deleted", "app_event.deleted"} <= actions(project)


def test_prune_lets_open_runs_end_and_removes_their_workflow_the_next_time():
    project = imported_acme()
    old = make_workflow(project.integrations.get(), name="Old")
    run = make_run(old)

    first = import_project(ACME.read_text(), project=project, prune=True, environment=SECRETS)
    assert first.not_in_file == ["workflow “Old” (undeployed; it stays until its 1 open runs have ended)"]
    old.refresh_from_db()
    assert old.live_version is None and Run.objects.get(pk=run.pk).state == RunState.QUEUED

    Run.objects.update(state=RunState.SUCCEEDED)
    second = import_project(ACME.read_text(), project=project, prune=True, environment=SECRETS)
    assert second.changes == ["- workflow “Old”, with its 1 runs"] and not Workflow.objects.filter(pk=old.pk).exists()


def test_prune_switches_off_an_integration_that_the_file_does_not_name():
    project = imported_acme()

    imported = import_project("name: Acme\n", project=project, prune=True)

    assert project.integrations.get().is_active is False
    assert imported.not_in_file == ["integration Salesforce (switched off; its accounts stay)"]


def test_a_plan_tells_what_an_import_would_change_and_changes_nothing(tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    project = imported_acme()
    make_workflow(project.integrations.get(), name="Old", deployed=False)
    document = acme(fields={"Street": "Boss"}, payload_policy="reject")
    document["app_events"].append({"name": "Lead Lost", "example": {}})
    file, printed = tmp_path / "project.yaml", StringIO()
    file.write_text(plain_yaml.write(document))
    before = state_of(project)

    with pytest.raises(SystemExit) as ended:
        call_command(
            "import_project", str(file), "--project", str(project.pk), "--deploy", "--prune", "--plan", stdout=printed
        )

    assert ended.value.code == 2 and state_of(project) == before
    assert printed.getvalue().splitlines() == [
        '~ project “Acme”: payload policy "accept" → "reject"',
        "+ App Event “Lead Lost”",
        '~ workflow “Create leads”: Step "Create Lead": field Street set to "Boss"',
        "~ workflow “Create leads”: deployed as version 2",
        "- workflow “Old”",
    ]
    imported = import_project(file.read_text(), project=project, deploy=True, prune=True, environment=SECRETS)
    assert imported.changes == printed.getvalue().splitlines()


def test_a_plan_of_an_unchanged_file_says_so_and_the_import_of_it_changes_nothing(monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    project, printed = imported_acme(), StringIO()
    before = state_of(project)

    call_command("import_project", str(ACME), "--deploy", "--prune", "--plan", stdout=printed)
    imported = import_project(ACME.read_text(), deploy=True, prune=True, environment=SECRETS)

    assert printed.getvalue() == "Nothing would change.\n"
    assert imported.changes == [] and state_of(project) == before


def test_a_changed_draft_counts_its_revision_so_that_an_open_editor_does_not_overwrite_it():
    imported_acme()
    revision = Workflow.objects.get().draft_revision

    import_project(plain_yaml.write(acme(fields={"Street": "Boss"})), environment=SECRETS)

    assert Workflow.objects.get().draft_revision == revision + 1


def test_an_import_writes_the_audit_entries_that_the_dashboard_writes():
    project = imported_acme()

    assert actions(project) == {
        *(
            "project.created",
            "app_event.created",
            "integration.settings_saved",
            "workflow.created",
            "workflow.deployed",
        ),
        "project.imported",
    }


def test_deploy_problems_are_sentences_that_name_their_workflow_and_line(tmp_path):
    document = acme(fields={"Company": "", "Email": "{{ trigger.mail }}"})
    other = json.loads(json.dumps(document["integrations"][0]["workflows"][0])) | {"name": "Other", "trigger": None}
    document["integrations"][0]["workflows"].append(other)
    file = tmp_path / "project.yaml"
    file.write_text(plain_yaml.write(document))

    with pytest.raises(CommandError) as refused:
        call_command("import_project", str(file), "--deploy", stdout=StringIO())

    lines = str(refused.value).splitlines()[1:]
    assert all(line.startswith(" - Line ") and "{'" not in line for line in lines)
    company = next(
        number for number, line in enumerate(file.read_text().splitlines(), 1) if line.strip() == "Company: ''"
    )
    assert any(f"Line {company}, workflow “Create leads”: Company" in line for line in lines)
    assert any("workflow “Other”: The workflow has no trigger" in line for line in lines)
    assert Project.objects.count() == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["import_project", "/nowhere/project.yaml"], "can not be read"),
        (["import_project", "a\0b"], "can not be read"),
        (["import_project", str(ACME), "--project", "no-uuid"], "no project with the id"),
        (["import_project", str(ACME), "--project", "0b0e3bd6-8a9f-4a2c-9d55-0242ac120002"], "no project with the id"),
        (["import_project", str(ACME), "--owner", "nobody@acme.example"], "no account"),
        (["import_project", str(Path(__file__).parents[2] / "docs" / "images" / "run.png")], "not UTF-8"),
        (["export_project", "Nowhere"], "no project"),
        (["export_project", "a\0b"], "no project"),
        (["create_signing_key", "Nowhere", "--out", "/tmp/nowhere.pem"], "no project"),
    ],
)
def test_a_command_that_can_not_do_what_it_was_asked_says_why(arguments, says):
    with pytest.raises(CommandError, match=says):
        call_command(*arguments, stdout=StringIO())

    assert Project.objects.count() == 0


def test_an_export_that_can_not_be_written_is_refused_in_words(tmp_path):
    project = make_project()

    with pytest.raises(CommandError, match="can not be written"):
        call_command("export_project", str(project.pk), "--out", str(tmp_path / "missing" / "file"))
    with pytest.raises(CommandError, match="120 characters"):
        call_command("create_signing_key", str(project.pk), "--out", str(tmp_path / "k.pem"), "--name", "x" * 121)
    assert not list(tmp_path.iterdir()) and not SigningKey.objects.exists()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
INPUTS = st.dictionaries(
    st.sampled_from(["record_type", "fields", "external_id_field", "allow_duplicates", "record_id"]),
    ANYTHING | st.just("Lead"),
) | st.builds(
    lambda fields: {"record_type": "Lead", "fields": fields},
    st.dictionaries(st.sampled_from(["Street", "Email", "NumberOfEmployees"]), ANYTHING),
)
quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(st.sampled_from(["salesforce.create_record", "salesforce.update_record"]), INPUTS)
def test_whatever_stands_in_a_steps_inputs_is_imported_or_refused_in_words(type, inputs):
    document = acme()
    document["integrations"][0]["workflows"][0]["steps"][0] |= {"type": type, "inputs": inputs}

    said = what_is_said_of(document)

    assert "'code'" not in said and Project.objects.count() == 0


@quick
@given(
    st.sampled_from(
        [(), ("integrations",), ("integrations", 0), ("app_events", 0), ("integrations", 0, "workflows", 0)]
    ),
    st.data(),
)
def test_whatever_stands_in_a_file_is_imported_or_refused_in_words(path, data):
    document = acme()
    place = document
    for part in path:
        place = place[part]
    key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(ANYTHING)

    said = what_is_said_of(document)

    assert (said == "imported" or "Line " in said) and Project.objects.count() == 0


def what_is_said_of(document: Any) -> str:
    try:
        import_project(plain_yaml.write(document), deploy=True, plan=True, environment=SECRETS)
    except IsthmusError as refused:
        return " ".join([refused.message, *refused.ids["problems"]])
    return "imported"


NAMES = (
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40)
    .filter(str.strip)
    .map(str.strip)
)


@quick
@given(
    NAMES, NAMES, st.dictionaries(NAMES, ANYTHING, max_size=3), st.dictionaries(NAMES, st.text(max_size=20), max_size=3)
)
def test_what_is_exported_is_imported_the_same(name, description, example, fields):
    example = json.loads(json.dumps(example).replace("\\u0000", "").replace("\\ud", "\\u00"))
    text = plain_yaml.write(
        acme(name=name, fields={f"{key}__c": value.replace("\0", "") for key, value in fields.items()})
        | {"app_events": [{"name": name, "description": description, "example": example}]}
    )
    Project.objects.all().delete()
    try:
        import_project(text, environment=SECRETS)
    except BadProjectFile:
        return  # an example or text that the forms refuse as well
    project = Project.objects.get()
    exported = export_project(project)

    again = import_project(exported, project=project, deploy=False, prune=True, environment=SECRETS)

    assert again.changes == [] and export_project(project) == exported
    assert are_alike(project.app_events.get().example, plain_yaml.read(exported).value["app_events"][0]["example"])


def imported_acme() -> Project:
    return Project.objects.get(pk=import_project(ACME.read_text(), deploy=True, environment=SECRETS).project_id)


def actions(project: Project) -> set[str]:
    return set(AuditEntry.objects.for_project(project).values_list("action", flat=True))


def state_of(project: Project) -> list[Any]:
    """All that an import could change, times of the last change included."""
    rows = [
        project.app_events,
        project.integrations,
        Workflow.objects,
        WorkflowVersion.objects,
        AuditEntry.objects,
        Project.objects,
    ]
    return [list(each.order_by("pk").values()) for each in rows]
