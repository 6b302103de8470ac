"""The `/__org/` endpoints, restarts, and the promise to stand apart from the product."""

import ast
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.sandbox_org.conftest import ANA, RAJ, api_of
from tests.support.sandbox import ROOT, SandboxOrg


def test_the_default_app_is_told_with_the_login(org):
    app = org.app()

    assert {"client_id", "client_secret", "redirect_uris", "rotation", "username", "password"} <= set(app)
    assert (app["username"], app["password"]) == ("admin@sandbox.example", "sandbox-1234")
    assert [each["client_id"] for each in app["apps"]].count("PlatformCLI") == 1


def test_another_app_gets_an_id_a_secret_and_no_rotation(org):
    made = org.app(name="Second", redirect_uris=["http://127.0.0.1:1/a"])

    assert made["client_id"] != org.app()["client_id"]
    assert (made["rotation"], made["require_pkce"]) == (False, False)
    assert org.app(client_id=made["client_id"], add_redirect_uris=["http://127.0.0.1:1/b"])["redirect_uris"] == [
        "http://127.0.0.1:1/a",
        "http://127.0.0.1:1/b",
    ]


def test_records_are_listed_in_order_from_any_point_on(org, api):
    for number in range(5):
        api.create(LastName=f"L{number}")

    everything = org.records()

    assert [record["LastName"] for record in everything] == ["L0", "L1", "L2", "L3", "L4"]
    assert [record["LastName"] for record in org.records(since_seq=everything[1]["_seq"], limit=2)] == ["L2", "L3"]
    assert org.count() == 5


def test_calls_are_counted_by_resource_and_by_user(org):
    org.user(ANA)
    org.user(RAJ)
    ana, raj = api_of(org, ANA), api_of(org, RAJ)
    ana.create()
    raj.create()
    raj.query("SELECT Id FROM Lead")

    calls = org.calls()

    assert (calls["total"], calls["api_used"]) == (3, 3)
    assert calls["resources"] == {"record": 2, "query": 1}
    assert calls["methods"] == {"POST record": 2, "GET query": 1}
    assert calls["usernames"] == {ANA: 1, RAJ: 2}


def test_calls_of_watched_users_are_counted_while_they_are_under_way(org):
    for username in (ANA, RAJ):
        org.user(username)
    ana, raj, other = api_of(org, ANA), api_of(org, RAJ), api_of(org)
    org.watch("both", [ANA, RAJ])
    one_by_one = [org.calls()["at_once"] for api in (ana, raj, raj) if api.create()]
    org.faults("slow", ms=300, probability=1.0)
    org.faults("cut_before_commit", count=1, username=RAJ)

    def create(api):
        with suppress(requests.ConnectionError):
            api.create()

    with ThreadPoolExecutor() as threads:
        list(threads.map(create, (ana, raj, other)))
    org.end_faults()
    raj.create()

    assert one_by_one == [{"both": 1}] * 3
    assert org.calls()["at_once"] == {"both": 2}


def test_a_reset_empties_the_org_and_keeps_tokens_only_on_request(org):
    api = api_of(org)
    first = api.create()
    org.settings(api_limit=5)
    org.faults("unavailable")

    org.reset(keep_grants=True)

    assert (org.count(), org.armed_faults(), org.calls()["total"], org.settings()["api_limit"]) == (0, [], 0, 1_000_000)
    assert api.create() > first
    org.reset()
    assert api.get("limits").status_code == 401


@pytest.mark.parametrize(
    "settings",
    [
        {"colour": "red"},
        {"api_limit": -1},
        {"api_limit": None},
        {"api_used": "many"},
        {"validation_rules": [{"object": "Lead"}]},
        {"chunk_poison": {"object": "Lead", "field": "Company"}},
        {"validation_rules": [{"object": "Lead", "field": "Company", "equals": "x", "typo": 1}]},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_and_changes_nothing(org, settings):
    before = org.settings()

    reply = requests.post(f"{org.url}/__org/settings", json=settings)

    assert reply.status_code == 400
    assert reply.json()["error"]
    assert org.settings() == before


@pytest.mark.parametrize(("method", "path"), [("POST", "reset"), ("POST", "faults"), ("GET", "app")])
def test_a_page_of_another_origin_may_not_use_the_switches(org, method, path):
    headers = {"Origin": "https://evil.example"}

    reply = requests.request(method, f"{org.url}/__org/{path}", json={"kind": "unavailable"}, headers=headers)

    assert reply.status_code == 403
    assert org.armed_faults() == []


def test_a_body_that_is_no_json_object_is_refused(org):
    for body in ("[1]", "{", "7"):
        assert requests.post(f"{org.url}/__org/settings", data=body).status_code == 400


def test_everything_survives_a_restart(tmp_path):
    with SandboxOrg(tmp_path, SANDBOX_REDIRECT_URIS="http://127.0.0.1:9/cb, http://localhost:9/cb") as org:
        app = org.app()
        org.user(ANA, "secret")
        api = api_of(org, ANA)
        ids = [api.create(LastName=f"L{number}") for number in range(50)]
        gone = api.create(LastName="Gone")
        api.delete(f"sobjects/Lead/{gone}")
        url = org.url

        assert org.stop() == 0
        org.start()

        assert org.url == url
        assert [record["Id"] for record in org.records()] == ids
        assert org.app() == app
        assert app["redirect_uris"] == ["http://127.0.0.1:9/cb", "http://localhost:9/cb"]
        assert api.get(f"sobjects/Lead/{ids[0]}").json()["LastName"] == "L0"
        assert api.create() > gone


def test_credentials_can_be_set_from_outside(tmp_path):
    given = {"SANDBOX_CLIENT_ID": "id-1", "SANDBOX_CLIENT_SECRET": "secret-1", "SANDBOX_USERNAME": "eve@x.example"}
    with SandboxOrg(tmp_path, SANDBOX_PASSWORD="pass-1", **given) as org:
        app = org.app()

        assert (app["client_id"], app["client_secret"]) == ("id-1", "secret-1")
        assert (app["username"], app["password"]) == ("eve@x.example", "pass-1")
        assert org.grant("eve@x.example")["refresh_token"]


def test_an_interrupt_ends_it_cleanly_too(tmp_path):
    with SandboxOrg(tmp_path) as org:
        assert org.stop(signal.SIGINT) == 0


def test_a_taken_port_is_told_in_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "sandbox_org", "--port", port, "--data-dir", str(tmp_path)]
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=30, check=False
        )

    assert done.returncode == 1
    assert done.stderr.startswith(f"sandbox_org cannot listen on 127.0.0.1:{port}")


def test_it_imports_nothing_of_the_product():
    imported = set()
    for path in (ROOT / "sandbox_org").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path} imports relatively"
                imported.add(str(node.module).partition(".")[0])

    rooms = {path.name for path in Path(ROOT).iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert imported & rooms == {"sandbox_org"}
    assert "django" not in imported


def test_every_example_of_the_documentation_is_accepted(org):
    org.user(ANA)
    text = (ROOT / "docs/sandbox-org.md").read_text()
    examples = re.findall(r"curl -s localhost:8001/__org/(\w+)\s+-d '([^']+)'", text)

    assert len(examples) >= 8
    for path, body in examples:
        reply = requests.post(f"{org.url}/__org/{path}", data=body)
        assert reply.ok, f"{path} {body}: {reply.text}"


@pytest.mark.parametrize("path", ["/__org/app", "/", "/services/oauth2/token", "/services/data", "/static/sandbox.css"])
@pytest.mark.parametrize(
    "host", ["evil.example:8001", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_a_page_that_reaches_the_org_by_a_name_of_its_own_reads_nothing(org, path, host):
    answer = requests.get(org.url + path, headers={"Host": host}, timeout=10)

    assert answer.status_code == 421 and "SANDBOX_ALLOWED_HOSTS" in answer.text
    assert "client_secret" not in answer.text and "sandbox-1234" not in answer.text


def test_the_org_answers_to_this_machines_names_and_to_those_it_is_told(tmp_path):
    with SandboxOrg(tmp_path, SANDBOX_ALLOWED_HOSTS="org.internal, Other.internal") as org:
        port = org.url.rpartition(":")[2]
        for host in (
            "localhost",
            f"localhost:{port}",
            f"[::1]:{port}",
            "127.0.0.1",
            "org.internal",
            "other.internal:80",
        ):
            assert requests.get(f"{org.url}/__org/app", headers={"Host": host}, timeout=10).ok, host
        for host in ("org.internal.evil.example", "a@localhost", "localhost:x", "localhost/..", ""):
            assert not requests.get(f"{org.url}/__org/app", headers={"Host": host}, timeout=10).ok, host
