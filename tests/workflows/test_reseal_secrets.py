"""Rotating a key: every secret comes under the new one, none is lost or overwritten, and what no key opens is named."""

import base64
import json
import os
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from integrations import connecting, resealing
from integrations.models import Configuration, Credential, Integration, OAuthAttempt
from lib import encryption
from tests.factories import lead_definition, make_connected_user, make_credential, make_integration, make_workflow
from workflows.models import WorkflowSetting
from workflows.sealed_settings import opened, place_of_own, place_of_shared
from workflows.switching import save_settings, save_shared

OLD, NEW, LOST = (f"{name}:{base64.b64encode(os.urandom(32)).decode()}" for name in ("old", "new", "lost"))
REGION = {"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": False}
PASSWORDS = [{"id": name, "title": name, "type": "PASSWORD", "required": False} for name in ("api_key", "pin")]
TOKENS = {"access_token": "00D!access", "refresh_token": "refresh"}


@pytest.fixture(autouse=True)
def keys(settings):
    """All that the tests make is sealed under the old key; the new one stands in front when the command runs."""
    settings.ENCRYPTION_KEYS = [OLD]
    return settings


def reseal(settings, *arguments: str, under: tuple[str, ...] = (NEW, OLD)) -> list[str]:
    settings.ENCRYPTION_KEYS = list(under)
    out = StringIO()
    call_command("reseal_secrets", *arguments, stdout=out, stderr=out)
    return out.getvalue().splitlines()


def stored() -> list[str]:
    """Every sealed column as it stands in the database."""
    columns = (
        (Credential, "tokens_sealed"),
        (Integration, "client_secret_sealed"),
        (OAuthAttempt, "verifier_sealed"),
        (WorkflowSetting, "values"),
        (Configuration, "shared_settings"),
    )
    found = [value for table, name in columns for value in table.objects.order_by("pk").values_list(name, flat=True)]
    return [json.dumps(value) if isinstance(value, dict) else value for value in found if value]


@pytest.fixture
def credential(db):
    """A connected account with passwords of its user's, and a second log-in of theirs under way."""
    credential = make_credential(make_integration(client_secret="the-secret"))
    connecting.start_oauth(credential.integration, credential.user)
    workflow = make_workflow(credential.integration, draft=lead_definition(settings=[*PASSWORDS, REGION]))
    configuration = credential.configurations.get()
    save_settings(configuration, {str(workflow.pk): {"settings": {"api_key": "hunter2"}}})
    save_shared(configuration, {"pin": "1234", "region": "EMEA"})
    return credential


def passwords_as_read(credential) -> dict[str, str]:
    """As the engine reads them."""
    setting = WorkflowSetting.objects.get(configuration__credential=credential)
    configuration = setting.configuration
    own = opened(setting.values, ["api_key"], place=place_of_own(configuration.pk, setting.workflow_id))
    return {**own, **opened(configuration.shared_settings, ["pin"], place=place_of_shared(configuration.pk))}


def test_everything_comes_under_the_first_key_and_the_old_one_can_go(credential, keys):
    verifier = OAuthAttempt.objects.get().verifier

    said = reseal(keys)

    assert said == [
        "OAuth tokens: 1 sealed anew, 0 under the first key already.",
        "Client secrets: 1 sealed anew, 0 under the first key already.",
        "Log-ins under way: 1 sealed anew, 0 under the first key already.",
        "Users' passwords: 1 sealed anew, 0 under the first key already.",
        "Users' shared passwords: 1 sealed anew, 0 under the first key already.",
    ]
    keys.ENCRYPTION_KEYS = [NEW]
    assert Credential.objects.get().tokens == TOKENS
    assert Integration.objects.get().client_secret == "the-secret"
    assert OAuthAttempt.objects.get().verifier == verifier
    assert passwords_as_read(credential) == {"api_key": "hunter2", "pin": "1234", "region": "EMEA"}


def test_a_second_time_nothing_is_left_to_do_and_nothing_is_written(credential, keys):
    reseal(keys)
    before = stored()

    said = reseal(keys)

    assert [line.partition(": ")[2] for line in said] == ["0 sealed anew, 1 under the first key already."] * 5
    assert stored() == before


def test_a_dry_run_counts_and_writes_nothing(credential, keys):
    before = stored()

    said = reseal(keys, "--dry-run")

    assert said[0] == "OAuth tokens: 1 to be sealed anew, 0 under the first key already."
    assert stored() == before


def test_more_rows_than_go_at_once_are_all_done(credential, keys, monkeypatch):
    monkeypatch.setattr(resealing, "AT_ONCE", 2)
    project = credential.integration.project
    for number in range(4):
        make_credential(credential.integration, make_connected_user(project, f"more-{number}"))

    said = reseal(keys)

    assert said[0] == "OAuth tokens: 5 sealed anew, 0 under the first key already."
    assert not [sealed for sealed in stored() if "old." in sealed]


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_rows_that_no_key_opens_are_named_and_the_others_done(credential, keys, arguments):
    keys.ENCRYPTION_KEYS = [LOST]
    gone = make_credential(credential.integration, make_connected_user(credential.integration.project, "gone"))
    moved = make_credential(credential.integration, make_connected_user(credential.integration.project, "moved"))
    Credential.objects.filter(pk=moved.pk).update(tokens_sealed=credential.tokens_sealed)
    before = {row.pk: row.tokens_sealed for row in Credential.objects.all()}
    keys.ENCRYPTION_KEYS = [NEW, OLD]
    out, err = StringIO(), StringIO()

    with pytest.raises(CommandError, match=r"^2 can not be opened") as refused:
        call_command("reseal_secrets", *arguments, stdout=out, stderr=err)

    assert refused.value.returncode == 1
    named = {f"OAuth tokens: no key opens integrations_credential {row.pk}." for row in (gone, moved)}
    assert set(err.getvalue().splitlines()) == named
    assert out.getvalue().startswith("OAuth tokens: 1 ")
    after = {row.pk: row.tokens_sealed for row in Credential.objects.all()}
    assert {pk for pk in before if before[pk] != after[pk]} == ({credential.pk} if not arguments else set())
    assert "the-secret" not in out.getvalue() + err.getvalue() and "refresh" not in out.getvalue() + err.getvalue()


def test_passwords_from_before_they_were_sealed_are_sealed_now(credential, keys):
    WorkflowSetting.objects.update(values={"api_key": "hunter2", "note": "plain"})
    Configuration.objects.update(shared_settings={"pin": 1234, "region": "EMEA"})

    counted = reseal(keys, "--dry-run")
    still_plain = "hunter2" in "".join(stored())
    reseal(keys)

    assert counted[3] == "Users' passwords: 1 to be sealed anew, 0 under the first key already." and still_plain
    kept = WorkflowSetting.objects.get().values
    assert "hunter2" not in "".join(stored()) and "1234" not in str(Configuration.objects.get().shared_settings)
    assert kept["note"] == "plain" and kept["api_key"]["$sealed"].startswith("new.")
    assert passwords_as_read(credential) == {"api_key": "hunter2", "note": "plain", "pin": "1234", "region": "EMEA"}


def test_a_password_that_only_an_older_version_asks_for_is_sealed_too(credential, keys):
    setting = WorkflowSetting.objects.get()
    setting.values = {"api_key": "hunter2"}
    setting.save()
    live = setting.workflow.versions.create(number=2, definition=lead_definition(), app_event="Lead Created")
    type(setting.workflow).objects.update(live_version=live)

    reseal(keys)

    assert passwords_as_read(credential)["api_key"] == "hunter2" and "hunter2" not in "".join(stored())


def test_a_password_that_no_key_opens_is_named_by_its_row(credential, keys):
    setting = WorkflowSetting.objects.get()
    setting.values = {"pin": setting.values["api_key"]}  # sealed for another setting
    setting.save()
    keys.ENCRYPTION_KEYS = [NEW, OLD]
    err = StringIO()

    with pytest.raises(CommandError, match=r"^1 can not be opened"):
        call_command("reseal_secrets", stdout=StringIO(), stderr=err)

    assert err.getvalue() == f"Users' passwords: no key opens workflows_workflowsetting {setting.pk}.\n"
    assert passwords_as_read(credential)["pin"] == "1234", "the others are done"


def test_what_has_no_secret_any_more_is_left_alone(credential, keys):
    Credential.objects.update(tokens_sealed="")
    OAuthAttempt.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    Configuration.objects.update(shared_settings={})
    WorkflowSetting.objects.update(values={"region": "EMEA"})
    before = stored()[1:]

    said = reseal(keys)

    assert said[0] == "OAuth tokens: 0 sealed anew, 0 under the first key already."
    assert said[2] == "Log-ins under way: 0 sealed anew, 0 under the first key already."
    assert said[3] == "Users' passwords: 0 sealed anew, 0 under the first key already."
    assert stored()[1:] == before


@pytest.mark.django_db(transaction=True)
def test_tokens_that_are_rotated_meanwhile_are_not_overwritten(credential, keys, monkeypatch):
    rotated = {"access_token": "00D!rotated", "refresh_token": "rotated"}
    began, seal = threading.Event(), encryption.encrypt

    def rotate() -> None:
        """What another worker does: `refreshing` writes by one UPDATE, and reads nothing before it."""
        began.set()
        fresh = Credential(pk=credential.pk)
        fresh.tokens = rotated
        Credential.objects.filter(pk=credential.pk).update(tokens_sealed=fresh.tokens_sealed)
        connection.close()

    other = threading.Thread(target=rotate)

    def slowly(plain: str, *, bound_to: str) -> str:
        if bound_to == f"credential:{credential.pk}" and not began.is_set():
            other.start()  # between the command's reading and its writing
            began.wait()
            other.join(timeout=0.3)
        return seal(plain, bound_to=bound_to)

    monkeypatch.setattr("integrations.models.encrypt", slowly)
    reseal(keys)
    other.join()

    assert Credential.objects.get(pk=credential.pk).tokens == rotated
