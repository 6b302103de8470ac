"""A start: what the environment says is refused in one sentence, and the data folder belongs to its account alone."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config import data_folder
from config.own_secrets import own_secrets

ROOT = Path(__file__).parents[2]
PYTHON = sys.executable


def run(*command: str, data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**kept, "DATA_DIR": str(data_dir), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DATABASE_URL", "foo", "postgres://user:password@host:port/name"),
        ("DATABASE_URL", "mysql://u:hunter2@h/x", "postgres://user:password@host:port/name"),
        ("DATABASE_URL", "postgres://u:hunter2#@h:port/x", "%-escapes"),
        ("DATABASE_URL", "postgres://u:hunter2@h", "no name of a database"),
        ("PORT", "abc", "whole number from 1 to 65535"),
        ("PORT", "0", "whole number from 1 to 65535"),
        ("PORT", "٣", "whole number"),
        ("RETENTION_DAYS", "-1", "whole number from 1"),
        ("RETENTION_DAYS", "9" * 5000, "whole number from 1"),
        ("SWEEP_SECONDS", "nan", "number of seconds"),
        ("LANE_LEASE_SECONDS", "soon", "number of seconds"),
        ("SIGN_UP_OPEN", "treu", "true or false"),
        ("BASE_URL", "isthmus.example.com", "address like https://"),
        ("BASE_URL", "https://", "address like https://"),
        ("SALESFORCE_LOGIN_URL", "ftp://login.salesforce.com", "address like https://"),
        ("CELERY_BROKER_URL", "hunter2@host", "redis://"),
        ("CACHE_URL", "memcached://hunter2", "redis://"),
        ("EMAIL_URL", "hunter2", "smtp+tls://"),
        ("ENCRYPTION_KEYS", "k1:hunter2!", "base64"),
        ("ENCRYPTION_KEYS", "k1:aHVudGVyMg==", "32 are needed"),
        ("LOG_FORMAT", "xml", "“line” or “json”"),
        ("LOG_LEVEL", "loud", "“DEBUG”"),
    ],
)
def test_a_variable_that_can_not_be_is_refused_in_one_sentence_that_names_it_and_no_secret(tmp_path, name, value, says):
    ended = run(PYTHON, "-c", "import config.settings", data_dir=tmp_path, **{name: value})

    assert ended.returncode == 1 and ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Isthmus can not start. ") and name in line and says in line and "hunter2" not in line


@pytest.mark.parametrize(
    "command",
    [
        (PYTHON, "manage.py", "check"),
        (PYTHON, "manage.py", "export_project", "Acme"),
        (PYTHON, "-m", "config.serving"),
        (str(Path(PYTHON).parent / "celery"), "-A", "config", "worker"),
    ],
)
def test_each_process_refuses_to_start_with_the_same_sentence(tmp_path, command):
    own_secrets(tmp_path)

    ended = run(*command, data_dir=tmp_path, RETENTION_DAYS="-1")

    assert ended.returncode != 0
    assert ended.stderr.splitlines() == [
        "Isthmus can not start. RETENTION_DAYS is '-1'; it is a whole number from 1 to 36500."
    ]


def test_a_variable_that_is_set_but_empty_counts_as_not_set(tmp_path):
    empty = dict.fromkeys(
        ("PORT", "DATABASE_URL", "BASE_URL", "SIGN_UP_OPEN", "RETENTION_DAYS", "CELERY_BROKER_URL"), ""
    )
    say = "from config import settings as s; print(s.PORT, s.BASE_URL, s.SIGN_UP_OPEN, s.RETENTION_DAYS, s.CELERY_BROKER_URL)"

    ended = run(PYTHON, "-c", say, data_dir=tmp_path, **empty)

    assert ended.stdout.split() == ["8000", "http://localhost:8000", "True", "90", "filesystem://"], ended.stderr


COMMANDS = [
    ("export_project", "Acme"),
    ("import_project", "examples/acme/project.yaml"),
    ("import_project", "examples/acme/project.yaml", "--plan"),
    ("create_signing_key", "Acme", "--out", "/nowhere/key.pem"),
    ("reseal_secrets",),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_where_there_is_no_isthmus_says_so_and_makes_nothing(tmp_path, command):
    ended = run(PYTHON, "manage.py", *command, data_dir=tmp_path / "data")

    assert ended.returncode == 1 and len(ended.stderr.splitlines()) == 1
    assert f"There is no Isthmus in {tmp_path / 'data'}" in ended.stderr and "DATA_DIR" in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_without_a_database_says_so_and_makes_none(tmp_path, command):
    own_secrets(tmp_path)

    ended = run(PYTHON, "manage.py", *command, data_dir=tmp_path)

    assert ended.returncode == 1 and len(ended.stderr.splitlines()) == 1
    assert "There is no database" in ended.stderr and "manage.py migrate" in ended.stderr
    assert not (tmp_path / "isthmus.sqlite3").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_on_a_database_without_tables_says_so(tmp_path, command):
    own_secrets(tmp_path)
    (tmp_path / "isthmus.sqlite3").touch()

    ended = run(PYTHON, "manage.py", *command, data_dir=tmp_path)

    assert ended.returncode == 1 and len(ended.stderr.splitlines()) == 1
    assert "no tables of Isthmus yet" in ended.stderr


def test_a_command_whose_database_does_not_answer_says_so(tmp_path):
    own_secrets(tmp_path)

    ended = run(
        PYTHON, "manage.py", "export_project", "Acme", data_dir=tmp_path, DATABASE_URL="postgres://u:p@127.0.0.1:9/x"
    )

    assert ended.returncode == 1 and len(ended.stderr.splitlines()) == 1
    assert "The database does not answer" in ended.stderr


def test_secrets_that_are_damaged_are_not_replaced(tmp_path):
    (tmp_path / "secrets.json").write_text("{}")

    ended = run(PYTHON, "manage.py", "check", data_dir=tmp_path)

    assert "Bring it back from a back-up" in ended.stderr and (tmp_path / "secrets.json").read_text() == "{}"


def test_a_data_folder_that_can_not_be_made_is_said_in_words(tmp_path):
    (tmp_path / "file").touch()

    ended = run(PYTHON, "manage.py", "check", data_dir=tmp_path / "file" / "data")

    assert (
        ended.stderr.startswith("Isthmus can not start. DATA_DIR can not be made")
        and len(ended.stderr.splitlines()) == 1
    )


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}


def test_own_secrets_are_for_their_account_alone_whatever_the_umask(tmp_path):
    folder = tmp_path / "data"
    before = os.umask(0)
    try:
        own_secrets(folder)
    finally:
        os.umask(before)

    assert modes(folder) == {"data": 0o700, "secrets.json": 0o600, ".secrets.lock": 0o600}


def test_a_data_folder_that_was_open_to_others_is_closed_at_the_next_start(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)

    own_secrets(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_is_shared_by_intent_stays_so(tmp_path):
    tmp_path.chmod(0o1777)

    data_folder.make(tmp_path)

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777
