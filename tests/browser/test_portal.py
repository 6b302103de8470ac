"""The end user's way, with the real SDK in Acme's page: connect, switch on, disconnect, and what may go wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from integrations.models import Credential, CredentialStatus, Integration
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
)
from tests.support.acme import Acme
from tests.support.sandbox import SandboxOrg
from workflows.models import Event, Workflow, WorkflowSetting

REGION = {"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": True, "subtitle": "Where your leads come from."}


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
        popup = opened.value
        popup.locator("#username").fill(app["username"])
        popup.locator("#password").fill(app["password"])
        popup.locator("#Login").click()
        choice = popup.locator("#oaapprove" if allow else "#oadeny")
        choice.click()
        return popup

    def said(self, title: str) -> list[str]:
        """The log's entries of that title."""
        return self.page.locator("[data-log] li", has=self.page.get_by_text(title, exact=True)).all_inner_texts()


@pytest.fixture(scope="session")
def running_org() -> Iterator[SandboxOrg]:
    with SandboxOrg() as org:
        yield org


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
    workflow = make_workflow(integration, name="Create leads", description="Each lead becomes a Lead in your Salesforce.")
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
