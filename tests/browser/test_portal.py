"""The end user's way, with the real SDK in Acme's page: connect, switch on, disconnect, and what may go wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import FrameLocator, Page, expect

from integrations.models import Credential, Integration
from integrations.providers.salesforce import pool
from projects.models import Project
from tests.factories import (
    lead_definition,
    make_app_event,
    make_integration,
    make_project,
    make_signing_key,
    make_workflow,
    private_key,
    user_token,
)
from tests.support import windows
from tests.support.acme import Acme
from tests.support.axe import serious_faults
from tests.support.plain_pages import plain_page
from tests.support.sandbox import SandboxOrg
from workflows.models import Event, Workflow, WorkflowSetting
from workflows.sealed_settings import opened, place_of_own

REGION = {"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": True}


@dataclass
class Scene:
    """Everything that runs: the org, Isthmus, Acme, and a browser on Acme's page."""

    org: SandboxOrg
    project: Project
    integration: Integration
    workflow: Workflow
    acme: Acme
    page: Page

    @property
    def portal(self) -> FrameLocator:
        return self.page.frame_locator("#paragon-connect-frame")

    def open_portal(self) -> None:
        self.page.locator("[data-connect=salesforce]").click()
        expect(self.portal.get_by_role("heading", level=1, name="Salesforce")).to_be_visible()

    def log_in_at_salesforce(self, button: str = "Connect Salesforce", *, allow: bool = True) -> Page:
        """Press `button` and go through the org's pages in the popup; gives the popup."""
        app = self.org.app()
        with self.page.expect_popup() as opened:
            self.portal.get_by_role("button", name=button, exact=True).click()
        windows.go_through(opened.value, app["username"], app["password"], allow=allow)
        return opened.value

    def said(self, title: str) -> list[str]:
        """The log's entries of that title."""
        return self.page.locator("[data-log] li", has=self.page.get_by_text(title, exact=True)).all_inner_texts()


@pytest.fixture
def scene(running_org: SandboxOrg, server: str, settings: Any, page: Page, transactional_db: None) -> Iterator[Scene]:
    running_org.reset()
    app = running_org.app(redirect_uris=[f"{server}/oauth/callback"])
    settings.SALESFORCE_LOGIN_URL = running_org.url
    pool.clear()
    project = make_project()
    make_signing_key(project)
    make_app_event(project)
    integration = make_integration(project, client_id=app["client_id"], client_secret=app["client_secret"])
    workflow = make_workflow(
        integration, name="Create leads", description="Each lead becomes a Lead in your Salesforce."
    )
    pem = private_key(0).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with Acme(isthmus_url=server, project_id=str(project.pk), signing_key=pem.decode()) as acme:
        page.goto(acme.url)
        yield Scene(running_org, project, integration, workflow, acme, page)
        page.goto("about:blank")


def test_a_user_connects_switches_on_sends_a_lead_and_disconnects(scene: Scene) -> None:
    scene.open_portal()
    popup = scene.log_in_at_salesforce()

    switch = scene.portal.get_by_role("switch", name="Create leads")
    expect(switch).to_be_enabled()
    assert popup.is_closed()
    assert len(scene.said("onIntegrationInstall")) == len(scene.said("onInstall (callback of connect)")) == 1

    switch.click()
    expect(switch).to_be_checked()
    assert WorkflowSetting.objects.get().is_enabled
    expect(scene.page.get_by_text("onWorkflowChange", exact=True)).to_have_count(1)

    scene.page.keyboard.press("Escape")
    expect(scene.page.locator("#paragon-connect-frame")).to_be_hidden()
    assert len(scene.said("onPortalClose")) == 1
    scene.page.get_by_role("button", name="Create by SDK event").click()
    expect(scene.page.get_by_text("Bo Lind is on the way.")).to_be_visible()
    scene.page.get_by_role("button", name="Create by REST event").click()
    expect(scene.page.get_by_text("Taken: Bo Lind is on the way (Create leads).")).to_be_visible()
    assert Event.objects.filter(name="Lead Created").count() == 2

    scene.page.get_by_role("button", name="Manage").click()
    scene.portal.get_by_role("button", name="Disconnect Salesforce").click()
    scene.portal.get_by_role("button", name="Disconnect", exact=True).click()
    expect(scene.portal.get_by_role("button", name="Connect Salesforce", exact=True)).to_be_visible()
    assert len(scene.said("onIntegrationUninstall")) == 1
    assert not Credential.objects.present().exists()


def test_a_refusal_at_salesforce_is_told_in_popup_portal_and_app_and_the_next_try_works(scene: Scene) -> None:
    scene.open_portal()

    popup = scene.log_in_at_salesforce(allow=False)
    expect(popup.get_by_role("heading", name="Salesforce was not connected")).to_be_visible()
    expect(popup).not_to_have_url(re.compile(r"[?&](code|state)="))
    expect(scene.portal.get_by_role("alert")).to_contain_text("Nothing was connected")
    assert len(scene.said("onError (callback of connect)")) == 1
    windows.close_by(popup.get_by_role("button", name="Close this window"))

    scene.log_in_at_salesforce()
    expect(scene.portal.get_by_role("switch", name="Create leads")).to_be_enabled()
    expect(scene.portal.get_by_role("alert")).to_be_hidden()
    assert len(scene.said("onIntegrationInstall")) == 1


def test_a_blocked_window_is_explained(scene: Scene) -> None:
    scene.page.add_init_script("window.open = () => null")
    scene.page.reload()
    scene.open_portal()

    scene.portal.get_by_role("button", name="Connect Salesforce", exact=True).click()

    expect(scene.portal.get_by_role("alert")).to_contain_text("Your browser blocked the window")
    expect(scene.portal.get_by_text("Waiting for Salesforce")).to_be_hidden()


def test_an_integration_that_is_not_set_up_is_told_before_salesforce_is_asked(scene: Scene) -> None:
    Integration.objects.update(client_id="")
    scene.open_portal()

    with scene.page.expect_popup() as opened:
        scene.portal.get_by_role("button", name="Connect Salesforce", exact=True).click()

    expect(opened.value.get_by_role("heading", name="Salesforce is not set up yet")).to_be_visible()
    expect(scene.portal.get_by_role("alert")).to_contain_text("not set up yet")


def test_a_page_that_is_not_allowed_sees_no_portal(scene: Scene) -> None:
    Project.objects.update(allowed_origins=["https://app.acme.example"])

    scene.page.locator("[data-connect=salesforce]").click()

    expect(scene.portal.get_by_role("heading", name="This page may not show the portal")).to_be_visible()
    expect(scene.portal.get_by_text(scene.acme.url)).to_be_visible()
    scene.portal.get_by_role("button", name="Close").click()
    expect(scene.page.locator("#paragon-connect-frame")).to_be_hidden()


def test_an_account_that_no_longer_works_is_reconnected_and_its_switches_stay(scene: Scene) -> None:
    scene.open_portal()
    scene.log_in_at_salesforce()
    scene.portal.get_by_role("switch", name="Create leads").click()
    expect(scene.portal.get_by_role("switch", name="Create leads")).to_be_checked()
    Credential.objects.update(status="INVALID", status_reason="Access was withdrawn in Salesforce.")
    scene.page.reload()
    scene.open_portal()

    expect(scene.portal.get_by_text("Access was withdrawn in Salesforce.")).to_be_visible()
    expect(scene.portal.get_by_role("switch", name="Create leads")).to_be_disabled()
    scene.log_in_at_salesforce("Reconnect Salesforce")

    expect(scene.portal.get_by_text("Connected", exact=True)).to_be_visible()
    expect(scene.portal.get_by_role("switch", name="Create leads")).to_be_checked()
    assert Credential.objects.get().status == "VALID"


def test_settings_are_asked_for_saved_and_kept(scene: Scene) -> None:
    asking = make_workflow(scene.integration, name="By region", draft=lead_definition(settings=[REGION]))
    scene.page.reload()
    scene.open_portal()
    scene.log_in_at_salesforce()
    switch, region = (
        scene.portal.get_by_role("switch", name="By region"),
        scene.portal.get_by_role("textbox", name="Region"),
    )

    switch.click()
    expect(scene.portal.get_by_text("This has to be filled in.")).to_be_visible()
    expect(region).to_be_focused()
    assert not WorkflowSetting.objects.filter(is_enabled=True).exists()

    region.fill("EMEA")
    switch.click()
    expect(switch).to_be_checked()
    stored = WorkflowSetting.objects.get(workflow=asking)
    assert (stored.is_enabled, stored.values) == (True, {"region": "EMEA"})

    region = scene.portal.get_by_role("textbox", name="Region")
    region.fill("")
    scene.portal.get_by_role("button", name="Save").click()
    expect(scene.portal.get_by_text("This has to be filled in.")).to_be_visible()
    region.fill("APAC")
    scene.portal.get_by_role("button", name="Save").click()
    expect(scene.portal.get_by_text("Saved.")).to_be_visible()
    stored.refresh_from_db()
    assert stored.values == {"region": "APAC"}


def test_a_password_is_typed_once_and_dots_stand_for_it_from_then_on(scene: Scene) -> None:
    asked = {"id": "api_key", "title": "API key", "type": "PASSWORD", "required": True}
    asking = make_workflow(scene.integration, name="With a key", draft=lead_definition(settings=[asked, REGION]))
    scene.page.reload()
    scene.open_portal()
    scene.log_in_at_salesforce()
    key, region = scene.portal.get_by_label("API key"), scene.portal.get_by_role("textbox", name="Region")
    scene.page.evaluate("""() => {
        window.changes = [];
        window.addEventListener("message", ({ data }) => {
            if (data.type === "triggerSDKEvent") window.changes.push(data.parameters[0]);
        });
    }""")
    key.fill("hunter2")
    region.fill("EMEA")
    scene.portal.get_by_role("switch", name="With a key").click()
    expect(scene.portal.get_by_role("switch", name="With a key")).to_be_checked()
    events = scene.page.evaluate("window.changes")
    assert {"api_key": "••••••", "region": "EMEA"} in [event["workflowStateChange"].get("settings") for event in events]
    assert "hunter2" not in str(events)

    scene.page.reload()
    scene.open_portal()
    expect(key).to_have_value("••••••")
    region.fill("APAC")
    scene.portal.get_by_role("button", name="Save").click()
    expect(scene.portal.get_by_text("Saved.")).to_be_visible()
    kept = password_of(asking)
    key.click()
    scene.page.wait_for_timeout(50)
    key.press_sequentially("another")
    expect(key).to_have_value("another")
    scene.portal.get_by_role("button", name="Save").click()
    expect(key).to_have_value("••••••")

    assert (kept, password_of(asking)) == ("hunter2", "another")
    assert "another" not in scene.page.evaluate("JSON.stringify(localStorage)")


def password_of(workflow: Workflow) -> str:
    row = WorkflowSetting.objects.get(workflow=workflow)
    place = place_of_own(row.configuration_id, workflow.pk)
    assert "another" not in str(row.values) and row.values["region"] == "APAC"
    return str(opened(row.values, ["api_key"], place=place)["api_key"])


def test_the_app_switches_a_workflow_and_the_open_portal_follows(scene: Scene) -> None:
    scene.open_portal()
    scene.log_in_at_salesforce()
    switch = scene.portal.get_by_role("switch", name="Create leads")
    expect(switch).not_to_be_checked()

    scene.page.get_by_role("button", name="Enable Create leads").dispatch_event("click")
    expect(switch).to_be_checked()
    scene.page.get_by_role("button", name="Disable Create leads").dispatch_event("click")
    expect(switch).not_to_be_checked()


def test_the_keyboard_alone_is_enough_and_stays_in_the_dialog(scene: Scene) -> None:
    scene.page.locator("[data-connect=salesforce]").focus()
    scene.page.keyboard.press("Enter")
    connect = scene.portal.get_by_role("button", name="Connect Salesforce", exact=True)
    expect(connect).to_be_visible()
    expect(scene.portal.get_by_role("dialog")).to_be_focused()  # else who presses Tab walks on in the page behind

    scene.page.keyboard.press("Tab")
    expect(scene.portal.get_by_role("button", name="Close")).to_be_focused()
    scene.page.keyboard.press("Tab")
    expect(connect).to_be_focused()
    scene.page.keyboard.press("Tab")
    expect(scene.portal.get_by_role("button", name="Close")).to_be_focused()
    scene.page.keyboard.press("Shift+Tab")
    expect(connect).to_be_focused()
    scene.page.keyboard.press("Escape")
    expect(scene.page.locator("#paragon-connect-frame")).to_be_hidden()


def test_users_of_one_browser_do_not_see_each_others_accounts(scene: Scene) -> None:
    scene.open_portal()
    scene.log_in_at_salesforce()
    expect(scene.page.get_by_text("Connected as admin@sandbox.example")).to_be_visible()

    scene.page.keyboard.press("Escape")
    scene.page.get_by_label("Logged in as").select_option("Ben Okafor")

    expect(scene.page.get_by_role("heading", name="Good to see you, Ben")).to_be_visible()
    expect(scene.page.get_by_text("Not connected")).to_be_visible()


def test_a_page_without_a_bundler_has_the_same_sdk_from_connect_js(scene: Scene, server: str) -> None:
    asked: list[str] = []
    scene.page.on("request", lambda request: asked.append(request.url))
    token = user_token("ana@customer.example")
    with plain_page(f'<!doctype html><title>Plain</title><script src="{server}/connect.js"></script>') as address:
        scene.page.goto(address)

        scene.page.evaluate("([id, token]) => paragon.authenticate(id, token)", [str(scene.project.pk), token])
        names = scene.page.evaluate(
            "() => { const { getIntegrationMetadata } = paragon; return getIntegrationMetadata() }"
        )
        scene.page.evaluate("() => void paragon.connect('salesforce')")

        assert [(each["type"], each["icon"]) for each in names] == [
            ("salesforce", f"{server}/static/connect/integrations/salesforce.svg")
        ]
        assert scene.page.request.get(names[0]["icon"]).ok
        expect(scene.portal.get_by_role("button", name="Connect Salesforce", exact=True)).to_be_visible()
        assert all(url.startswith((server, address)) for url in asked)


def test_the_sdks_calls_work_without_the_portal(scene: Scene, server: str) -> None:
    asking = make_workflow(scene.integration, name="By region", draft=lead_definition(settings=[REGION]))
    app, wid = scene.org.app(), str(asking.pk)
    with plain_page(f'<!doctype html><title>Plain</title><script src="{server}/connect.js"></script>') as address:
        page = scene.page
        page.goto(address)

        def say(script: str, **given: Any) -> Any:
            """Run `script` with the SDK as `paragon`; gives what it returns, or the server's words where it throws."""
            return page.evaluate(
                "async (given) => { try { return await (async () => { " + script + " })() } "
                "catch (error) { return JSON.parse(error.message).code } }",
                given,
            )

        say("await paragon.authenticate(given.id, given.token); paragon.setHeadless(true)",
            id=str(scene.project.pk), token=user_token("carla"))  # fmt: skip
        user = say("return await paragon.setUserMetadata({ name: 'Carla', plan: 'pro' })")
        with page.expect_popup() as opened:
            page.evaluate(
                "() => { window.installed = paragon.installIntegration('salesforce', { externalId: 'main' }) }"
            )
        windows.go_through(opened.value, app["username"], app["password"])
        installed = say("return await window.installed")

        assert user["meta"] == {"Name": "Carla", "plan": "pro"}
        assert installed["credentialId"] == str(Credential.objects.get(external_id="main").pk)
        assert say("await paragon.enableWorkflow(given.wid)", wid=wid) == "setting_missing"
        saved = "return (await paragon.updateWorkflowUserSettings('salesforce', given.wid, given.values)).errors"
        assert say(saved, wid=wid, values={"region": 7}) == ["By region: Region must be a text."]
        assert say(saved, wid=wid, values={"region": "EMEA"}) == []
        assert say("await paragon.enableWorkflow(given.wid, { selectedCredentialId: 'ext:main' })", wid=wid) is None
        assert WorkflowSetting.objects.get().values == {"region": "EMEA"} and WorkflowSetting.objects.get().is_enabled
        made = say("return await paragon.createConfiguration({ credentialId: 'main', externalId: 'emea' })")
        assert (made["externalId"], made["isDefault"]) == ("emea", False)
        assert (
            say("return (await paragon.getIntegrationAccount('salesforce', { includeAccountAuth: true })).accountAuth")
            == {}
        )
        assert say("await paragon.workflow(given.wid, {})", wid=wid) == "not_built_yet"
        assert say("await paragon.event('Nobody Listens', {})") == "unknown_app_event"
        assert (
            say(
                "await paragon.uninstallIntegration('salesforce'); return paragon.getUser().integrations.salesforce.enabled"
            )
            is False
        )
        assert not Credential.objects.present().exists()


@pytest.mark.looks
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_portal_popup_and_acme_have_no_serious_accessibility_faults(
    scene: Scene, scheme: Literal["light", "dark"]
) -> None:
    scene.page.emulate_media(color_scheme=scheme)
    scene.open_portal()
    frame = scene.page.frame(url=re.compile("/ui"))
    assert frame is not None
    found = serious_faults(scene.page.main_frame) + serious_faults(frame)

    popup = scene.log_in_at_salesforce(allow=False)
    popup.wait_for_url("**/oauth/callback*")
    popup.emulate_media(color_scheme=scheme)
    found += serious_faults(popup.main_frame) + serious_faults(frame)
    popup.close()
    scene.log_in_at_salesforce()
    expect(scene.portal.get_by_role("switch", name="Create leads")).to_be_enabled()
    found += serious_faults(frame)

    assert found == []
