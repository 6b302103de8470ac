"""Activity, runs, users and the integration's pages in a real browser: what moves by itself, and what must not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from integrations.models import Credential, Integration
from projects.models import Project, Role
from tests.factories import (
    lead_definition,
    make_connected_user,
    make_credential,
    make_event,
    make_integration,
    make_member,
    make_project,
    make_run,
    make_step_run,
    make_workflow,
    switch_on,
)
from workflows.models import Lane, PauseCause, Run, RunState, StepState, Workflow, WorkflowSetting

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


@dataclass
class Scene:
    project: Project
    integration: Integration
    workflow: Workflow
    credential: Credential
    session: str
    server: str

    def run(self, **changes: Any) -> Run:
        return make_run(self.workflow, self.credential, **changes)


def two_steps() -> dict[str, Any]:
    first = lead_definition()["steps"][0]
    return lead_definition(steps=[first, {**first, "key": "create_task", "name": "Create Task"}])


@pytest.fixture
def scene(server: str, transactional_db: None) -> Scene:
    """Acme with one connected user, and Ana signed in as its owner."""
    project = make_project()
    integration = make_integration(project)
    user = make_connected_user(project, "user-1", name="Bo Lind", meta={"plan": "pro"})
    credential = make_credential(
        integration,
        user,
        provider_data={"username": "bo@lind.example"},
        api_used=85,
        api_limit=100,
        api_checked_at=timezone.now(),
    )
    workflow = make_workflow(integration, name="Sync leads", draft=two_steps())
    client = Client()
    client.force_login(make_member(project, Role.OWNER).user, backend="django.contrib.auth.backends.ModelBackend")
    return Scene(project, integration, workflow, credential, client.cookies["sessionid"].value, server)


def sign_in(context: BrowserContext, scene: Scene) -> None:
    context.add_cookies([{"name": "sessionid", "value": scene.session, "url": scene.server}])


@pytest.fixture
def ana(page: Page, scene: Scene) -> Page:
    sign_in(page.context, scene)
    return page


def test_a_row_goes_on_by_itself_while_its_run_does(ana, scene):
    run = scene.run()
    ana.goto(f"{scene.server}/activity/")
    row = ana.locator(f"#run-{run.pk.hex}")
    expect(row).to_contain_text("Queued")

    now = timezone.now()
    Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED, started_at=now, finished_at=now, api_calls=1)

    expect(row).to_contain_text("Succeeded")
    assert row.evaluate("row => row.parentElement.tagName") == "TBODY"


def test_a_reserve_that_is_lowered_by_keyboard_shows_what_it_leaves(ana, scene):
    ana.goto(f"{scene.server}/users/{scene.credential.user_id}/")
    expect(ana.get_by_text("0 left to Isthmus")).to_be_visible()
    reserve = ana.get_by_label("Reserved for this customer")

    reserve.fill("95")
    reserve.press("Enter")
    expect(ana.get_by_role("alert")).to_have_text("A whole number from 0 to 90, or nothing.")
    expect(reserve).to_be_focused()
    reserve.fill("5")
    reserve.press("Enter")

    expect(ana.get_by_text("10 left to Isthmus")).to_be_visible()
    expect(ana.locator(".toast-note")).to_contain_text("Saved.")


def test_new_runs_wait_behind_a_button_and_shift_no_rows(ana, scene):
    first = scene.run()
    ana.goto(f"{scene.server}/activity/")
    before = ana.locator(".run-row").first.bounding_box()

    second = scene.run()

    pill = ana.get_by_role("link", name="1 new run")
    expect(pill).to_be_visible()
    expect(ana.locator(".run-row")).to_have_count(1)
    assert before is not None
    pill.click()
    expect(ana.locator(".run-row")).to_have_count(2)
    expect(ana.locator(".run-row").first).to_have_id(f"run-{second.pk.hex}")
    expect(ana.locator(".run-row").last).to_have_id(f"run-{first.pk.hex}")
    expect(pill).to_have_count(0)


def test_a_filter_narrows_the_list_and_stands_in_the_address(ana, scene):
    failed, _ = scene.run(state=RunState.FAILED), scene.run(state=RunState.SUCCEEDED)
    ana.goto(f"{scene.server}/activity/")

    ana.get_by_label("Status").select_option("failed")

    expect(ana.locator(".run-row")).to_have_count(1)
    expect(ana.locator(".run-row")).to_have_id(f"run-{failed.pk.hex}")
    expect(ana).to_have_url(f"{scene.server}/activity/?state=failed")
    ana.get_by_label("Find by id").fill("nothing-like-it")
    expect(ana.get_by_role("heading", name="No run passes these filters")).to_be_visible()


def test_the_whole_row_leads_to_the_run(ana, scene):
    run = scene.run(state=RunState.SUCCEEDED)
    ana.goto(f"{scene.server}/activity/")

    box = ana.locator(f"#run-{run.pk.hex} td").nth(4).bounding_box()
    assert box is not None
    ana.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(ana).to_have_url(f"{scene.server}/activity/{run.pk}/")


def test_what_the_reader_opened_stays_open_while_the_run_goes_on(ana, scene):
    run = scene.run(started_at=timezone.now(), position=1)
    make_step_run(run, "create_lead")
    requests: list[str] = []
    ana.on("request", lambda request: requests.append(request.url))
    ana.goto(f"{scene.server}/activity/{run.pk}/")
    first = ana.locator("#step-create_lead")
    first.get_by_text("Input", exact=True).click()
    expect(first.get_by_label("Input", exact=True)).to_be_visible()

    make_step_run(run, "create_task", position=1, output={"id": "00T000000000001AAA"})
    now = timezone.now()
    Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED, position=2, finished_at=now)

    expect(ana.locator("#step-create_task")).to_contain_text("00T000000000001AAA")
    expect(first.get_by_label("Input", exact=True)).to_be_visible()
    expect(ana.locator("#run .run-head-state")).to_contain_text("Succeeded")
    asked = len(requests)
    ana.wait_for_timeout(2_500)
    assert len(requests) == asked, "an ended run asks no more"


def test_a_failed_run_is_replayed_from_its_failed_step(ana, scene):
    run = scene.run(state=RunState.FAILED, position=1, finished_at=timezone.now())
    make_step_run(run, "create_lead")
    make_step_run(
        run, "create_task", position=1, state=StepState.FAILED, output=None, error={"code": "X", "message": "no"}
    )
    ana.goto(f"{scene.server}/activity/{run.pk}/")

    ana.get_by_role("button", name="Replay from the failed step").click()

    expect(ana.get_by_text("Replayed: this is the new run.")).to_be_visible()
    expect(ana.locator("#step-create_lead")).to_contain_text("not done again")
    assert Run.objects.get(replay_of=run).position == 1


def test_the_payload_is_edited_by_keyboard_with_what_would_be_sent_beside_it(ana, scene):
    event = make_event(scene.credential.user, payload={"last_name": "Lind", "company": "Lind AB"})
    run = scene.run(event=event, state=RunState.FAILED, finished_at=timezone.now())
    make_step_run(run, "create_lead", state=StepState.FAILED, output=None, error={"code": "X", "message": "no"})
    ana.goto(f"{scene.server}/activity/{run.pk}/")

    ana.get_by_role("link", name="Edit the payload…").press("Enter")
    editor, outlook = ana.locator(".cm-content"), ana.locator("#outlook")
    expect(editor).to_have_accessible_name(re.compile("Payload"))
    expect(outlook).to_contain_text('"LastName": "Lind"')
    editor.press("Control+A")
    editor.press("Delete")
    ana.keyboard.insert_text('{"last_name": "Mended",}')
    expect(ana.locator("[data-json-problem]")).to_have_text(re.compile("^Line 1, column 23: Remove this comma"))
    expect(outlook).to_contain_text("Line 1, column 23: Remove this comma")
    ana.get_by_role("button", name="Replay").press("Enter")
    expect(editor).to_be_focused()  # with the cursor where the mistake is

    editor.press("Delete")
    expect(outlook).to_contain_text('"LastName": "Mended"')
    editor.press("Escape")
    editor.press("Tab")
    expect(editor).not_to_be_focused()
    ana.get_by_role("button", name="Replay").press("Enter")

    expect(ana.get_by_text("Replayed: this is the new run.")).to_be_visible()
    expect(ana.get_by_label("Payload", exact=True)).to_contain_text("Mended")
    ana.get_by_text("What your app sent").press("Enter")
    expect(ana.get_by_label("The event's payload", exact=True)).to_contain_text("Lind AB")
    assert Run.objects.get(replay_of=run).input == {"last_name": "Mended"}


def test_cancelling_asks_first(ana, scene):
    run = scene.run()
    ana.goto(f"{scene.server}/activity/{run.pk}/")

    ana.get_by_role("button", name="Cancel", exact=True).click()
    ana.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()

    expect(ana.locator("#run .run-head-state")).to_contain_text("Cancelled by")


def test_a_switch_acts_at_once_and_goes_back_where_it_is_refused(ana, scene):
    asks = {"id": "owner", "title": "Owner", "type": "TEXT_NO_VARS", "required": True}
    make_workflow(scene.integration, name="Asks", draft=lead_definition(settings=[asks]))
    ana.goto(f"{scene.server}/users/{scene.credential.user_id}/")

    ana.get_by_label("Sync leads").check()
    expect(ana.locator(".user-switch", has_text="Sync leads")).to_contain_text("On")
    ana.get_by_label("Asks").click()

    expect(ana.get_by_role("alert").filter(has_text="Owner")).to_be_visible()
    expect(ana.get_by_label("Asks")).not_to_be_checked()
    assert list(WorkflowSetting.objects.on().values_list("workflow__name", flat=True)) == ["Sync leads"]


def test_one_click_and_a_save_set_up_the_local_sandbox_org(ana, scene, running_org, settings):
    settings.SANDBOX_ORG_URL = settings.SALESFORCE_LOGIN_URL = running_org.url
    Integration.objects.update(client_id="", client_secret_sealed="", is_active=False)
    ana.goto(f"{scene.server}/integrations/salesforce/settings/")

    ana.get_by_role("button", name="Use the local sandbox org").click()
    expect(ana.get_by_text("The form holds the sandbox org's app now")).to_be_visible()
    ana.get_by_role("button", name="Save").click()

    expect(ana.get_by_text("Salesforce is active.")).to_be_visible()
    stored = Integration.objects.get()
    assert stored.is_active and stored.is_complete


def test_what_is_wrong_in_the_settings_is_said_beside_the_field(ana, scene):
    ana.goto(f"{scene.server}/integrations/salesforce/settings/")
    ana.get_by_role("radio", name="My Domain").check()
    ana.locator("#id_domain").fill("acme.example.com")

    ana.get_by_role("button", name="Save").click()

    expect(ana.locator(".field-error")).to_contain_text("is not a host of Salesforce")
    expect(ana.locator("#id_domain")).to_have_value("acme.example.com")


def test_a_snippet_is_copied_as_it_stands(ana, scene):
    ana.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ana.goto(f"{scene.server}/integrations/salesforce/")

    ana.get_by_role("tab", name="Python").click()
    ana.get_by_role("button", name="Copy the Python snippet").click()

    ana.wait_for_function("navigator.clipboard.readText().then(text => text.includes('jwt.encode'))")
    assert str(scene.project.pk) in ana.evaluate("navigator.clipboard.readText()")


def rich(scene: Scene) -> dict[str, str]:
    """The addresses of every page of these rooms, with something on each."""
    switch_on(scene.workflow, scene.credential)
    error = {
        "class": "permanent",
        "code": "X_Y",
        "message": "No.",
        "fields": ["Company"],
        "status": 400,
        "advice": "Mend it.",
    }
    failed = scene.run(state=RunState.FAILED, position=1, error=error, finished_at=timezone.now())
    make_step_run(failed, "create_lead", warnings=[{"path": "trigger.x", "message": "No x."}])
    make_step_run(failed, "create_task", position=1, state=StepState.FAILED, output=None, error=error)
    asking = scene.run(state=RunState.ASKING)
    make_step_run(asking, state=StepState.ASKING, output=None, error={**error, "class": "unknown_outcome"})
    edited = scene.run(state=RunState.SUCCEEDED, replay_of=failed, replay_number=1, input={"last_name": "Mended"})
    for state in (RunState.QUEUED, RunState.WAITING, RunState.PARKED, RunState.CANCELLED, RunState.SUCCEEDED):
        scene.run(state=state)
    return {
        "catalogue": "/integrations/",
        "overview": "/integrations/salesforce/",
        "settings": "/integrations/salesforce/settings/",
        "activity": "/activity/",
        "nothing found": "/activity/?q=zzz",
        "failed runs": "/activity/?state=failed",
        "bulk replay": "/activity/replay/?state=failed",
        "failed run": f"/activity/{failed.pk}/",
        "edited payload": f"/activity/{failed.pk}/replay/edited/",
        "edited run": f"/activity/{edited.pk}/",
        "edited again": f"/activity/{edited.pk}/replay/edited/",
        "asking run": f"/activity/{asking.pk}/",
        **that_wait(scene),
        "event": reverse("workflows:event", args=[failed.event_id]),
        "users": "/users/",
        "user": f"/users/{scene.credential.user_id}/",
    }


def that_wait(scene: Scene) -> dict[str, str]:
    """Pages of what waits: for the end of a pause, to be tried again at an org out of reach, for its user."""
    limited = {
        "class": "rate_limited",
        "code": "BUSY",
        "message": "Too much.",
        "fields": [],
        "status": 429,
        "advice": "",
    }
    pages = {}
    for name, account in {
        "held up": {},
        "out of reach": {
            "unreachable_since": timezone.now(),
            "unreachable_reason": "Can not connect to lind.example:443: …",
        },
        "to be connected again": {"status": "INVALID", "status_reason": "The password was changed."},
    }.items():
        user = make_connected_user(scene.project, name)
        credential = make_credential(
            scene.integration, user, provider_data={"username": f"{name}@x.example"}, **account
        )
        state = {"held up": RunState.QUEUED, "out of reach": RunState.WAITING}.get(name, RunState.PARKED)
        soon = timezone.now() + timedelta(minutes=5)
        run = make_run(scene.workflow, credential, state=state, started_at=timezone.now(), wake_at=soon)
        make_step_run(run, state=StepState.WAITING, output=None, error=limited, tries=0, finished_at=None)
        if name == "held up":
            Lane.objects.filter(pk=credential.pk).update(
                paused_until=soon, pause_reason="BUSY: Too much.", pause_cause=PauseCause.RATE_LIMIT
            )
        pages[f"run, {name}"] = f"/activity/{run.pk}/"
        pages[f"user, {name}"] = f"/users/{user.pk}/"
    return pages


def test_a_wait_is_ended_by_the_keyboard(ana, scene):
    pages = that_wait(scene)
    ana.goto(f"{scene.server}{pages['run, held up']}")
    button = ana.get_by_role("button", name="Try now")

    button.focus()
    ana.keyboard.press("Enter")

    expect(ana.get_by_text("It is tried now.")).to_be_visible()
    expect(button).to_have_count(0)


@pytest.mark.looks
@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_no_page_has_a_serious_accessibility_fault_or_scrolls_sideways(
    new_context: Callable[..., BrowserContext], scene: Scene, theme: str, width: int
) -> None:
    context = new_context(viewport={"width": width, "height": 900}, color_scheme=theme, bypass_csp=True)
    sign_in(context, scene)
    page = context.new_page()
    faults: list[str] = []
    for name, path in rich(scene).items():
        page.goto(f"{scene.server}{path}")
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
        faults += [f"{name}: {fault['id']}: {fault['nodes'][0]['html'][:200]}" for fault in serious]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            faults.append(f"{name}: wider than the window")

    assert faults == []
