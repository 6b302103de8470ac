"""Passwords that end users enter: kept sealed, never told again, and kept when the dots that stand for them come back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from integrations.models import Configuration, Credential
from tests.connect_portal.conftest import Cast
from tests.connect_portal.test_portal_pages import card
from tests.factories import lead_definition, make_workflow
from workflows.models import Workflow, WorkflowSetting
from workflows.sealed_settings import KEPT, is_sealed, opened, place_of_own, place_of_shared

KEY = {"id": "api_key", "title": "API key", "type": "PASSWORD", "required": True}
REGION = {"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": False}
SECRET = "hunter2 & <more>"


@pytest.fixture
def asking(cast: Cast) -> Workflow:
    return make_workflow(cast.integration, name="Asks", draft=lead_definition(settings=[KEY, REGION]))


@pytest.fixture
def credential(cast: Cast, asking: Workflow) -> Credential:
    return cast.connect()


def save(
    cast: Cast, credential: Credential, asking: Workflow, *, enabled: bool = True, **values: Any
) -> dict[str, Any]:
    entry = {str(asking.pk): {"enabled": enabled, "settings": values}}
    answer = cast.sdk("PATCH", f"/sdk/credentials/{credential.pk}", {"config": {"workflowSettings": entry}})
    assert SECRET not in json.dumps(answer.json(), ensure_ascii=False)
    body: dict[str, Any] = answer.json()
    return body


def share(cast: Cast, credential: Credential, **values: Any) -> dict[str, Any]:
    answer = cast.sdk("PATCH", f"/sdk/credentials/{credential.pk}", {"config": {"sharedSettings": values}}).json()
    told: dict[str, Any] = answer["configurations"][0]["sharedSettings"]
    return told


def read_own() -> Any:
    """What a run would read."""
    row = WorkflowSetting.objects.get()
    return opened(row.values, ["api_key"], place=place_of_own(row.configuration_id, row.workflow_id)).get("api_key")


def read_shared() -> Any:
    row = Configuration.objects.get()
    return opened(row.shared_settings, ["api_key"], place=place_of_shared(row.pk)).get("api_key")


def database() -> str:
    """Both tables as they stand."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM workflows_workflowsetting")
        rows = cursor.fetchall()
        cursor.execute("SELECT * FROM integrations_configuration")
        return str(rows + cursor.fetchall())


def test_a_password_is_not_readable_in_the_database(cast: Cast, credential: Credential, asking: Workflow) -> None:
    answer = save(cast, credential, asking, api_key=SECRET, region="EMEA")
    share(cast, credential, api_key="of all", region="EMEA")

    assert answer["errors"] == [] and WorkflowSetting.objects.get().is_enabled
    assert "hunter2" not in database() and "of all" not in database() and "EMEA" in database()
    assert (read_own(), read_shared()) == (SECRET, "of all")


def test_no_answer_and_no_page_tells_it(cast: Cast, credential: Credential, asking: Workflow) -> None:
    save(cast, credential, asking, api_key=SECRET, region="EMEA")
    told = share(cast, credential, api_key="of all", region="NAM")

    me = cast.sdk("GET", "/sdk/me").json()["integrations"]["salesforce"]
    account = cast.sdk("GET", f"/sdk/credentials/{credential.pk}").json()
    page = card(cast)

    assert told == {"api_key": KEPT, "region": "NAM"}
    assert me["workflowSettings"][str(asking.pk)]["settings"] == {"api_key": KEPT, "region": "EMEA"}
    assert me["sharedSettings"] == {"api_key": KEPT, "region": "NAM"}
    for shown in (json.dumps(me), json.dumps(account), page):
        assert "hunter2" not in shown and "of all" not in shown and "$sealed" not in shown
    assert f'name="api_key" value="{KEPT}"' in page


def test_one_from_before_they_were_sealed_is_not_told_either_and_sealed_when_saved(
    cast: Cast, credential: Credential, asking: Workflow
) -> None:
    configuration = credential.configurations.get()
    WorkflowSetting.objects.create(configuration=configuration, workflow=asking, values={"api_key": "hunter2"})
    Configuration.objects.update(shared_settings={"api_key": "of all"})

    shown = json.dumps(cast.sdk("GET", "/sdk/me").json()) + card(cast)
    save(cast, credential, asking, api_key=KEPT)
    share(cast, credential, api_key=KEPT)

    assert "hunter2" not in shown and "of all" not in shown
    assert "hunter2" not in database() and "of all" not in database()
    assert (read_own(), read_shared()) == ("hunter2", "of all")


def test_the_dots_leave_it_as_it_is_another_replaces_it_and_nothing_removes_it(
    cast: Cast, credential: Credential, asking: Workflow
) -> None:
    save(cast, credential, asking, api_key=SECRET)
    share(cast, credential, api_key="of all")
    stored = database()

    save(cast, credential, asking, api_key=KEPT, region="NAM")
    share(cast, credential, api_key=KEPT)
    kept = (read_own(), read_shared())
    save(cast, credential, asking, api_key="another")
    share(cast, credential, api_key="another of all")
    replaced = (read_own(), read_shared())
    save(cast, credential, asking, enabled=False, api_key="")
    share(cast, credential)

    assert "NAM" not in stored
    assert kept == (SECRET, "of all") and replaced == ("another", "another of all")
    assert (read_own(), read_shared()) == ("", None)


@pytest.mark.parametrize("typed", [f"{KEPT}x", KEPT[:-1], f"x{KEPT}"])
def test_dots_that_were_typed_into_are_refused(
    cast: Cast, credential: Credential, asking: Workflow, typed: str
) -> None:
    save(cast, credential, asking, api_key=SECRET)

    answer = save(cast, credential, asking, api_key=typed)

    assert answer["errors"] == ["Asks: API key must be typed in whole, or left as it was."]
    assert read_own() == SECRET


def test_dots_alone_are_no_password(cast: Cast, credential: Credential, asking: Workflow) -> None:
    answer = save(cast, credential, asking, api_key=KEPT)

    assert answer["errors"] == ["Asks: API key must be filled in while this is switched on."]
    assert share(cast, credential, api_key=KEPT) == {}
    assert not WorkflowSetting.objects.exists()


def test_nobody_brings_a_sealed_one_along(cast: Cast, credential: Credential, asking: Workflow) -> None:
    save(cast, credential, asking, api_key=SECRET)
    sealed = WorkflowSetting.objects.get().values["api_key"]
    assert is_sealed(sealed)

    answer = save(cast, credential, asking, api_key=sealed)
    told = share(cast, credential, api_key=sealed, region=sealed)

    assert answer["errors"] == ["Asks: API key must be filled in while this is switched on."]
    assert told == {} and read_own() == SECRET


def test_a_setting_that_is_no_password_any_more_does_not_show_it(
    cast: Cast, credential: Credential, asking: Workflow
) -> None:
    save(cast, credential, asking, api_key=SECRET)
    live = asking.versions.create(
        number=2, definition=lead_definition(settings=[{**KEY, "type": "TEXT_NO_VARS"}]), app_event="Lead Created"
    )
    Workflow.objects.filter(pk=asking.pk).update(live_version=live)

    told = cast.sdk("GET", f"/sdk/credentials/{credential.pk}").json()["configurations"][0]["workflowSettings"]
    again = cast.sdk("POST", f"/sdk/workflows/{asking.pk}")
    dots = save(cast, credential, asking, api_key=KEPT)

    assert told[str(asking.pk)]["settings"] == {}
    assert (again.status_code, again.json()["meta"]["missing"]) == (422, ["API key"])
    assert dots["errors"] == ["Asks: API key must be filled in while this is switched on."]
    assert "hunter2" not in card(cast)


def test_shared_values_stay_as_they_were_while_the_workflow_that_asks_for_them_is_off_the_air(
    cast: Cast, credential: Credential, asking: Workflow
) -> None:
    share(cast, credential, api_key="of all", region="EMEA")
    live = asking.live_version
    Workflow.objects.filter(pk=asking.pk).update(live_version=None)

    told = share(cast, credential, api_key=KEPT, region="NAM")
    Workflow.objects.filter(pk=asking.pk).update(live_version=live)

    assert told == {"api_key": KEPT, "region": "EMEA"} and read_shared() == "of all"


def test_a_number_is_no_password_and_is_kept_nowhere(cast: Cast, credential: Credential, asking: Workflow) -> None:
    assert share(cast, credential, api_key=47114711471147) == {}
    assert "47114711471147" not in database()
