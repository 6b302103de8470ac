"""No line of the log holds what an address gives its holder: the SDK's user token, a provider's code, a link of a mail."""

import json
import logging
import subprocess
import sys

import pytest
import requests
from django.test import Client

from lib.log_lines import JsonFormatter, LineFormatter
from tests.factories import make_project, make_signing_key, user_token
from tests.support.processes import ROOT, environment, free_port, wait_until_open

TOKEN = "aSecretThatOpensSomething.0123456789"
KEY = "MQ-c8k2lf-0123456789abcdef0123456789abcdef"


def lines_of(caplog):
    return [form.format(record) for record in caplog.records for form in (LineFormatter(), JsonFormatter())]


def post_without_csrf_token(path, **headers):
    return Client(enforce_csrf_checks=True).post(path, secure="Referer" in headers, headers=headers)


@pytest.mark.django_db
def test_what_is_not_built_yet_is_no_error_in_the_log(caplog):
    project = make_project(allowed_origins=["http://localhost:8002"])
    make_signing_key(project)
    query = {"action": "salesforce", "userToken": user_token(), "redirectUrl": "https://x.example"}
    headers = {"Authorization": f"Bearer {user_token()}"}

    answers = [
        Client().get(f"/projects/{project.pk}/sdk/proxy/salesforce/{TOKEN}", query, headers=headers),
        Client().get(f"/projects/{project.pk}/triggers", query, headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [501, 501]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"/join/{TOKEN}/?next=/join/{TOKEN}/", "/join/<token>/"),
        (f"/accounts/login/?next=/join/{TOKEN}/", "/accounts/login/"),
        (f"/accounts/login/?next=%2Fjoin%2F{TOKEN}%2F&user={TOKEN}", "/accounts/login/"),
        (f"/accounts/password/reset/key/{KEY}/", "/accounts/password/reset/key/<uidb36>-<key>/"),
        (f"/accounts/confirm-email/{KEY}/", "/accounts/confirm-email/<key>/"),
        ("/settings/members/17/remove/", "/settings/members/17/remove/"),
    ],
)
def test_a_refused_form_is_told_by_its_route_and_ids(caplog, path, told):
    answer = post_without_csrf_token(path)

    lines = lines_of(caplog)
    assert answer.status_code == 403 and len(lines) == 2
    assert all(told in line and TOKEN not in line and KEY not in line and "?" not in line for line in lines)
    assert f" method=POST path={told}" in lines[0] and json.loads(lines[1])["path"] == told


@pytest.mark.django_db
def test_a_refused_form_tells_no_more_of_the_page_before_it_than_its_host(caplog):
    post_without_csrf_token("/accounts/login/", Referer=f"https://other.example/join/{TOKEN}/?userToken={TOKEN}")

    lines = lines_of(caplog)
    assert lines and all("https://other.example does not match" in line and TOKEN not in line for line in lines)


@pytest.mark.django_db
def test_an_error_that_quotes_the_address_is_told_without_it(caplog, monkeypatch):
    project = make_project()
    make_signing_key(project)

    def crash(self, request, *_, **__):
        raise RuntimeError(f"can not read {request.get_full_path()} of {request.GET['userToken']}")

    monkeypatch.setattr("connect_portal.api.me.Me.get", crash)
    answer = Client().get(
        f"/projects/{project.pk}/sdk/me", {"userToken": TOKEN}, headers={"Authorization": f"Bearer {user_token()}"}
    )

    lines = lines_of(caplog)
    assert answer.status_code == 500 and any("can not read" in line for line in lines)
    assert all(TOKEN not in line for line in lines)
    assert any(f" path=/projects/{project.pk}/sdk/me" in line for line in lines)


@pytest.mark.parametrize("log_format", ["line", "json"])
def test_a_server_without_its_database_logs_no_token_of_any_address(log_format, tmp_path):
    """The real web process, all of its log: with granian's own lines, of which none tells an address."""
    port, project, jwt = free_port(), "01a20a8c-0ba8-7586-abc5-9b0a0b59d68f", user_token()
    command = [sys.executable, "-m", "config.serving", "--port", str(port), "--workers", "1", "--blocking-threads", "2"]
    away = environment(
        DATABASE_URL="postgres://nobody@127.0.0.1:1/none",
        DATA_DIR=str(tmp_path),
        LOG_FORMAT=log_format,
        PLAIN_STATIC="true",
    )
    paths = [
        f"/projects/{project}/sdk/actions/build-oauth?action=salesforce&userToken={jwt}",
        f"/projects/{project}/sdk/actions/oauth-nonce?action=salesforce&userToken={jwt}",
        f"/oauth/callback?code={TOKEN}&state={TOKEN}",
        f"/join/{TOKEN}/",
        f"/join/{TOKEN}?next=/join/{TOKEN}/",
        f"/accounts/password/reset/key/{KEY}/",
        f"/accounts/confirm-email/{KEY}/",
        f"/ui?token={TOKEN}",
    ]
    with (
        (tmp_path / "log").open("wb") as written,
        subprocess.Popen(command, cwd=ROOT, env=away, stdout=written, stderr=written) as process,
    ):
        try:
            wait_until_open(port)
            for path in paths:
                for method in ("GET", "POST"):
                    requests.request(
                        method,
                        f"http://127.0.0.1:{port}{path}",
                        headers={} if path.startswith("/projects/") else {"Cookie": f"sessionid={TOKEN}"},
                        timeout=60,
                        allow_redirects=False,
                    )
        finally:
            process.kill()
    log = (tmp_path / "log").read_text()

    assert all(told in log for told in ("/join/<token>/", "/sdk/actions/build-oauth", "/oauth/callback", "Traceback"))
    assert all(secret not in log for secret in (TOKEN, KEY, jwt, jwt.rpartition(".")[2]))
