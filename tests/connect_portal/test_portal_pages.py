"""The portal's frame and its fragments, as the page in the SDK's iframe asks for them."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client

from projects.models import Project
from tests.connect_portal.conftest import Cast
from tests.factories import bearer, lead_definition, make_run, make_workflow, switch_on, user_token

PARENT = "http://localhost:8002"
REGION = {"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": True}


def ask(
    cast: Cast, path: str, *, parent: str = PARENT, sub: str = "ana", number: int = 0, **query: str
) -> HttpResponse:
    headers = bearer(user_token(sub, number)) | {"X-Portal-Parent": parent, "HX-Request": "true"}
    return Client().get(f"/ui/{cast.project.pk}/{path}", query, headers=headers)


def card(cast: Cast, **changes: str) -> str:
    answer = ask(cast, "card", integration=str(cast.integration.pk), **changes)
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store"
    return answer.content.decode()


def test_the_frame_knows_nobody_and_may_be_framed(client: Client, db: None) -> None:
    page = client.get("/ui")

    assert page.status_code == 200 and not page.cookies
    assert "X-Frame-Options" not in page and "frame-ancestors *" in page["Content-Security-Policy"]
    assert "script-src 'self'" in page["Content-Security-Policy"]


def test_a_frame_for_a_known_project_is_for_its_own_pages_only(cast: Cast, client: Client) -> None:
    cast.project.allowed_origins = ["https://app.acme.example", "http://localhost:*"]
    cast.project.save()

    page = client.get(f"/ui?projectId={cast.project.pk}")
    unknown = client.get("/ui?projectId=no-uuid")

    assert "frame-ancestors https://app.acme.example http://localhost:*;" in page["Content-Security-Policy"] + ";"
    assert "frame-ancestors *" in unknown["Content-Security-Policy"]


def test_a_project_without_allowed_origins_is_framed_by_nobody(cast: Cast, client: Client) -> None:
    cast.project.allowed_origins = []
    cast.project.save()

    assert "frame-ancestors 'none'" in client.get(f"/ui?projectId={cast.project.pk}")["Content-Security-Policy"]


def test_before_connecting_the_card_says_what_there_is_to_gain(cast: Cast) -> None:
    cast.integration.overview = "Leads in <your> Salesforce."
    cast.integration.save()

    text = card(cast)

    assert "Use Salesforce with Acme." in text and "users&#x27;" not in text
    assert "Connect Salesforce" in text and "Sync leads" in text and "New sign-ups become leads." in text
    assert "Leads in &lt;your&gt; Salesforce." in text and 'role="switch"' not in text


def test_the_connected_card_shows_the_account_and_its_switches(cast: Cast) -> None:
    credential = cast.connect(provider_data={"username": "ana@duarte.example", "org_name": "Duarte Design"})
    switch_on(cast.workflow, credential)

    text = card(cast)

    assert "ana@duarte.example" in text and "Duarte Design" in text and "Disconnect Salesforce" in text
    assert text.count('role="switch"') == 1 and 'aria-checked="true"' in text


def test_an_account_that_no_longer_works_asks_to_be_connected_again(cast: Cast) -> None:
    cast.connect(status="INVALID", status_reason="The password was changed.")

    text = card(cast)

    assert "Reconnect Salesforce" in text and "The password was changed." in text
    assert 'role="switch"' in text and "disabled" in text


@pytest.mark.parametrize(
    ("events", "words"),
    [(0, "is kept, and goes on then"), (1, "1 event waits, and goes on then."), (2, "2 events wait, and go on then.")],
)
def test_the_user_reads_how_many_events_wait_for_the_account(cast: Cast, events: int, words: str) -> None:
    credential = cast.connect(status="INVALID")
    for _ in range(events):
        run = make_run(cast.workflow, credential, state="parked")
    if events:
        make_run(make_workflow(cast.integration), credential, state="parked", event=run.event)

    assert words in card(cast)


def test_nothing_is_said_to_be_kept_where_the_project_keeps_nothing(cast: Cast) -> None:
    cast.connect(status="INVALID")
    Project.objects.update(parked_days=0)

    assert "kept" not in card(cast)


def test_a_workflow_with_settings_shows_what_is_missing(cast: Cast) -> None:
    choice = {
        "id": "size",
        "title": "Size",
        "type": "ENUM",
        "required": False,
        "values": [{"value": 1, "label": "One"}],
    }
    later = {"id": "map", "title": "Fields", "type": "FIELD_MAPPER", "required": False}
    asking = make_workflow(cast.integration, draft=lead_definition(settings=[REGION, choice, later]))
    switch_on(asking, cast.connect(), size=1)

    text = ask(cast, f"workflows/{asking.pk}").content.decode()

    assert "Fill in Region to switch this on." in text and "can not be edited here yet" in text
    assert '<option value="1" selected>One</option>' in text
    assert f'id="workflow-{asking.pk}"' in text and "card-title" not in text


def test_hidden_and_undeployed_workflows_are_not_shown(cast: Cast) -> None:
    make_workflow(cast.integration, name="Hidden one", is_hidden=True)
    make_workflow(cast.integration, name="Draft one", deployed=False)
    cast.connect()

    text = card(cast)

    assert "Hidden one" not in text and "Draft one" not in text


def test_a_page_that_is_not_the_projects_gets_an_explanation_and_no_portal(cast: Cast) -> None:
    cast.connect(provider_data={"username": "ana@duarte.example"})

    for parent in ("https://evil.example", "", "null"):
        answer = ask(cast, "card", parent=parent, integration="salesforce")
        text = answer.content.decode()
        assert answer.status_code == 400 and "This page may not show the portal" in text
        assert "ana@duarte.example" not in text


@pytest.mark.parametrize("path", ["card", "workflows/55555555-5555-4555-8555-555555555555"])
def test_a_strangers_token_opens_nothing(cast: Cast, globex: Cast, path: str) -> None:
    cast.connect(provider_data={"username": "ana@duarte.example"})

    answer = ask(cast, path, number=1, integration="salesforce")

    text = answer.content.decode()
    assert answer.status_code == 401 and "Your session has ended" in text and "ana@duarte.example" not in text


def test_another_tenants_integration_workflow_and_account_are_not_found(cast: Cast, globex: Cast) -> None:
    theirs = globex.connect(provider_data={"username": "secret@globex.example"})
    bens = cast.connect(cast.ben, provider_data={"username": "ben@okafor.example"})

    integration = ask(cast, "card", integration=str(globex.integration.pk))
    workflow = ask(cast, f"workflows/{globex.workflow.pk}")
    accounts = card(cast, credential=str(theirs.pk)) + card(cast, credential=str(bens.pk))

    assert (integration.status_code, workflow.status_code) == (404, 404)
    assert "secret@globex.example" not in accounts and "ben@okafor.example" not in accounts
    assert "Connect Salesforce" in accounts


def test_an_inactive_integration_is_explained(cast: Cast) -> None:
    cast.integration.is_active = False
    cast.integration.save()

    answer = ask(cast, "card", integration="salesforce")

    assert answer.status_code == 409 and "switched off" in answer.content.decode()


def test_connect_js_leads_to_the_built_sdk(client: Client, db: None) -> None:
    answer = client.get("/connect.js")

    assert answer.status_code == 302 and answer["Location"].startswith("/static/connect")
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_stored_texts_that_are_no_origins_do_not_reach_the_header(
    cast: Cast, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    injected = "http://[::1%;script-src 'self' 'unsafe-inline' http:]"
    cast.project.allowed_origins = ["https://app.acme.example", injected, "http://[v1.x]", 5, {"a": "b"}, None]
    cast.project.save()

    page = client.get(f"/ui?projectId={cast.project.pk}")

    policy = page["Content-Security-Policy"]
    assert page.status_code == 200 and "frame-ancestors https://app.acme.example;" in policy + ";"
    assert [part for part in policy.split("; ") if part.startswith("script-src")] == ["script-src 'self'"]
    [record] = [record for record in caplog.records if record.message == "portal.origins_ignored"]
    assert record.__dict__["count"] == 5
    assert ask(cast, "card", integration="salesforce").status_code == 400


def test_every_fragment_says_that_it_is_one_and_nothing_else_does(cast: Cast, client: Client) -> None:
    fragments = [
        ask(cast, "card", integration="salesforce"),
        ask(cast, f"workflows/{cast.workflow.pk}"),
        ask(cast, "card", integration="nothing"),
        ask(cast, "card", parent="https://evil.example", integration="salesforce"),
    ]
    others = [client.get("/ui"), cast.sdk("GET", "/sdk/me"), client.get("/accounts/login/")]

    assert [answer.status_code for answer in fragments] == [200, 200, 404, 400]
    assert {answer["X-Isthmus-Fragment"] for answer in fragments} == {"portal"}
    assert not [answer for answer in others if "X-Isthmus-Fragment" in answer]
