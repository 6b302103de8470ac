"""The snippets: they hold this project's values, and do what they say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest

from projects import signing_keys
from projects.models import Project
from tests.factories import make_app_event, make_integration, make_project
from workflows.models import Event
from workflows.overview import snippets
from workflows.overview.snippets import KEY_FILE, USER_ID, Values

AWKWARD = {
    "it's": 'a "quote"',
    "none": None,
    "yes": True,
    "list": [1, {"deep": "</script>"}],
    "empty": {},
    "ümlaut": "Ä\\n\n",
}


def values(base_url: str = "http://localhost:8000", **changes: object) -> Values:
    fields = {"project_id": "p-1", "provider_key": "salesforce", "event": "Lead Created", "example": {"a": 1}}
    return Values(base_url=base_url, **{**fields, **changes})


@pytest.fixture
def acme_with_key(transactional_db: None, tmp_path: Path) -> Project:
    """Acme with an App Event of awkward values, and its private key where the snippets look for it."""
    project = make_project()
    make_integration(project)
    make_app_event(project, "Lead “Created”", example=AWKWARD)
    (tmp_path / KEY_FILE).write_text(signing_keys.generate_key(project).private_pem)
    return project


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def of_project(project: Project, base_url: str) -> Values:
    return snippets.values_of(project, project.integrations.first(), base_url, "salesforce")


def assert_arrived(project: Project) -> None:
    event = Event.objects.get(project=project)
    assert (event.name, event.payload, event.user.external_id) == ("Lead “Created”", AWKWARD, USER_ID)


def test_the_python_snippet_signs_a_token_and_sends_the_event(acme_with_key, live_server, tmp_path):
    (tmp_path / "snippet.py").write_text(snippets.python(of_project(acme_with_key, live_server.url)), encoding="utf-8")

    printed = run([sys.executable, "snippet.py"], tmp_path)

    assert_arrived(acme_with_key)
    assert str(Event.objects.get().pk) in printed


def test_the_node_snippet_signs_a_token_and_sends_the_event(acme_with_key, live_server, tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("this machine has no Node.js")
    (tmp_path / "snippet.mjs").write_text(snippets.node(of_project(acme_with_key, live_server.url)), encoding="utf-8")

    run([node, "snippet.mjs"], tmp_path)

    assert_arrived(acme_with_key)


def test_the_curl_snippet_sends_the_event(acme_with_key, live_server, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("this machine has no curl")
    now = int(time.time())
    token = jwt.encode(
        {"sub": USER_ID, "iat": now, "exp": now + 600}, (tmp_path / KEY_FILE).read_text(), algorithm="RS256"
    )
    script = f"USER_TOKEN={token}\n{snippets.curl(of_project(acme_with_key, live_server.url))}"

    run(["sh", "-c", script], tmp_path)

    assert_arrived(acme_with_key)


def test_the_newest_app_event_is_the_example(db):
    project = make_project()
    make_app_event(project, "Old", example={"old": 1})
    make_app_event(project, "New", example={"new": 1})

    filled = snippets.values_of(project, None, "http://x", "salesforce")

    assert (filled.event, filled.example, filled.project_id) == ("New", {"new": 1}, str(project.pk))


def test_a_project_without_app_events_has_a_stand_in(db):
    assert snippets.values_of(make_project(), None, "http://x", "salesforce").event == "Lead Created"


@pytest.mark.parametrize("make", [snippets.sdk, snippets.script_tag])
def test_the_front_ends_snippets_name_project_provider_and_host(make):
    code = make(values("https://isthmus.example"))

    assert all(text in code for text in ('"p-1"', '"salesforce"', "https://isthmus.example"))


def test_the_sdk_is_pointed_at_this_host_for_every_service():
    code = snippets.sdk(values())
    names = ["CONNECT", "DASHBOARD", "HERMES", "PASSPORT", "ZEUS", "CDN"]

    assert all(f"{name}_PUBLIC_URL:" in code for name in names)
    assert "WORKER_PROXY_PUBLIC_URL: host" in code and "API_TRIGGER_KIT_PUBLIC_URL: host" in code


def test_no_value_ends_the_script_element_it_stands_in():
    assert "</script>" not in snippets.sdk(values(example=AWKWARD))
    assert snippets.script_tag(values(project_id="</script><b>")).count("</script>") == 2


def test_the_curl_body_is_the_json_of_the_event():
    code = snippets.curl(values(example={"a": "it's"}))

    quoted = code.partition("-d ")[2]
    assert json.loads(quoted.strip("'").replace("'\\''", "'")) == {"name": "Lead Created", "payload": {"a": "it's"}}


def test_every_snippet_is_on_the_page(ana, acme):
    body = ana.get("/integrations/salesforce/").content.decode()

    for snippet in snippets.all_snippets(of_project(acme.project, "http://localhost:8000")):
        assert f'id="snippet-{snippet.key}"' in body and f'aria-controls="snippet-{snippet.key}"' in body
