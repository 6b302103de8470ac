"""What the settings make of the environment, each in a process of its own."""

import json
import os
import subprocess
import sys

import pytest

SHOW = "import json; from config import settings; print(json.dumps({name: getattr(settings, name) for name in %r}))"


def settings_with(environment: dict[str, str], *names: str, tmp_path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("ALLOWED_HOSTS", "BASE_URL", "EMAIL_URL")}
    return subprocess.run(
        [sys.executable, "-c", SHOW % (names,)],
        env=kept | {"DATA_DIR": str(tmp_path)} | environment,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("base_url", "answered"),
    [
        ("https://isthmus.example.com", ["isthmus.example.com"]),
        ("https://localhost:8443", ["localhost"]),
        ("http://localhost:8000", ["localhost", "127.0.0.1", "[::1]", "localhost"]),
    ],
)
def test_a_deployment_behind_tls_answers_no_host_name_but_its_own(tmp_path, base_url, answered):
    told = settings_with({"BASE_URL": base_url}, "ALLOWED_HOSTS", tmp_path=tmp_path)

    assert json.loads(told.stdout)["ALLOWED_HOSTS"] == answered


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"ACCOUNT_EMAIL_VERIFICATION": "always"}, "“none”, “optional” or “mandatory”"),
        ({"ACCOUNT_EMAIL_VERIFICATION": "mandatory"}, "give EMAIL_URL"),
    ],
)
def test_proofs_of_addresses_that_can_not_be_had_stop_the_start(tmp_path, environment, words):
    refused = settings_with(environment, tmp_path=tmp_path)

    assert refused.returncode and words in refused.stderr


def test_proofs_of_addresses_are_asked_for_where_mail_is_set_up(tmp_path):
    environment = {"ACCOUNT_EMAIL_VERIFICATION": "mandatory", "EMAIL_URL": "smtp://mail.example.com:25"}

    told = settings_with(environment, "ACCOUNT_EMAIL_VERIFICATION", tmp_path=tmp_path)

    assert json.loads(told.stdout)["ACCOUNT_EMAIL_VERIFICATION"] == "mandatory"
