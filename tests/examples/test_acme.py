"""The example app as its reader starts it: what it says when something is missing, its tokens, its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization

from projects.models import Project
from projects.user_tokens import verify_user_token
from tests.factories import make_project, make_signing_key, private_key
from tests.support.acme import Acme

NOBODY = "http://127.0.0.1:9"


def pem() -> str:
    return (
        private_key(0)
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


@pytest.fixture
def project(db: None) -> Project:
    project = make_project()
    make_signing_key(project)
    return project


@pytest.fixture
def acme(project: Project) -> Iterator[Acme]:
    with Acme(isthmus_url=NOBODY, project_id=str(project.pk), signing_key=pem()) as running:
        yield running


def test_its_tokens_are_good_for_whoever_is_logged_in(acme: Acme, project: Project) -> None:
    with requests.Session() as browser:
        first: dict[str, Any] = browser.get(f"{acme.url}/api/token", timeout=30).json()
        browser.post(f"{acme.url}/switch-user", data={"user": "ben@customer.example"}, timeout=30)
        second: dict[str, Any] = browser.get(f"{acme.url}/api/token", timeout=30).json()

    assert first["projectId"] == str(project.pk)
    subjects = [verify_user_token(answer["token"], project.pk).subject for answer in (first, second)]
    assert subjects == ["ana@customer.example", "ben@customer.example"]


def test_nobody_else_can_be_chosen(acme: Acme) -> None:
    with requests.Session() as browser:
        browser.post(f"{acme.url}/switch-user", data={"user": "admin@customer.example"}, timeout=30)
        assert "acme_user" not in browser.cookies


def test_a_lead_for_an_isthmus_that_does_not_run_is_told_with_its_address(acme: Acme) -> None:
    answer = requests.post(f"{acme.url}/api/leads", json={"last_name": "Lind"}, timeout=15)

    assert answer.status_code == 502 and NOBODY in answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "status"), [("no json", 400), ("[1]", 400), pytest.param("x" * 200_000, 413, id="long")]
)
def test_a_lead_that_is_none_is_refused(acme: Acme, body: str, status: int) -> None:
    assert requests.post(f"{acme.url}/api/leads", data=body, timeout=30).status_code == status


@pytest.mark.parametrize(
    ("project_id", "key", "words"),
    [("", "a key", "ACME_PROJECT_ID is not set"), ("p1", "not a key", "no private RSA key")],
)
def test_what_is_missing_is_said(project_id: str, key: str, words: str) -> None:
    with Acme(isthmus_url=NOBODY, project_id=project_id, signing_key=key) as running:
        answer = requests.get(f"{running.url}/api/token", timeout=30)
        health = requests.get(f"{running.url}/healthz", timeout=30)

    assert answer.status_code == 503 and words in answer.json()["message"]
    assert health.status_code == 200 and health.json()["ok"]


def test_the_page_of_an_app_that_is_not_set_up_says_what_to_do() -> None:
    with Acme(isthmus_url=NOBODY, project_id="", signing_key="k") as running:
        page = requests.get(running.url, timeout=30)

    assert page.status_code == 503 and "Acme is not set up yet" in page.text and "ACME_PROJECT_ID" in page.text


def test_the_page_holds_no_key_and_no_token(acme: Acme) -> None:
    page = requests.get(acme.url, timeout=30).text

    assert "PRIVATE KEY" not in page and not re.search(r"eyJ[\w-]+\.", page)


def test_a_signal_ends_it(project: Project) -> None:
    with Acme(isthmus_url=NOBODY, project_id=str(project.pk), signing_key=pem()) as running:
        pass

    assert running.exit_code in (0, -15)


def test_a_page_that_reaches_acme_by_a_name_of_its_own_gets_no_token(acme: Acme) -> None:
    for host in ("evil.example:8002", "localhost.evil.example", "127.0.0.1.evil.example"):
        answer = requests.get(f"{acme.url}/api/token", headers={"Host": host}, timeout=30)
        assert answer.status_code == 421 and "ACME_ALLOWED_HOSTS" in answer.text and "token" not in answer.text

    assert requests.get(f"{acme.url}/api/token", headers={"Host": "127.0.0.1"}, timeout=30).ok
