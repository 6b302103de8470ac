"""Each published SDK, unmodified: a log-in that its own page begins sees no page of ours more than before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from integrations.models import Credential, Integration
from integrations.providers.salesforce import pool
from projects.models import ConnectedUser, Project
from tests.factories import make_connected_user, make_integration, make_project, make_signing_key, user_token
from tests.support import windows
from tests.support.axe import serious_faults
from tests.support.plain_pages import plain_page
from tests.support.sandbox import SandboxOrg
from tests.support.sdk_pages import PACKAGES, page_with_sdk

START = "(type) => { window.started = paragon.installIntegration(type, {}).catch((error) => String(error)) }"


@dataclass
class App:
    """An app's page, with what its popups asked Isthmus for."""

    page: Page
    server: str
    org: SandboxOrg
    project: Project
    integration: Integration
    ana: ConnectedUser

    def log_in(self, address: str) -> None:
        self.page.goto(address)
        self.page.evaluate(
            "([id, token]) => paragon.authenticate(id, token)", [str(self.project.pk), user_token("user-1")]
        )

    def press_connect(self) -> Page:
        """Call the SDK as the app's Connect button does; gives the popup."""
        with self.page.expect_popup() as opened:
            self.page.evaluate(START, "salesforce")
        return opened.value

    def finish(self, popup: Page) -> None:
        app = self.org.app()
        windows.go_through(popup, app["username"], app["password"])
        expect(self.page.locator("h1")).to_be_visible()
        self.page.wait_for_function("() => window.installed.length > 0", timeout=20_000)

    @property
    def link(self) -> str:
        """What an attacker sends around: the start of a log-in for the attacker's own user."""
        return (
            f"{self.server}/projects/{self.project.pk}/sdk/actions/build-oauth?action=salesforce&sessionId=z"
            f"&integrationId={self.integration.pk}&originForPostMessage=http://localhost:8002"
            f"&userToken={user_token('user-1')}"
        )


@pytest.fixture
def app(running_org: SandboxOrg, server: str, settings: Any, page: Page, transactional_db: None) -> Iterator[App]:
    running_org.reset()
    org_app = running_org.app(redirect_uris=[f"{server}/oauth/callback"])
    settings.SALESFORCE_LOGIN_URL = running_org.url
    pool.clear()
    project = make_project(allowed_origins=["http://localhost:*"])
    make_signing_key(project)
    integration = make_integration(project, client_id=org_app["client_id"], client_secret=org_app["client_secret"])
    ana = make_connected_user(project, "user-1", name="Ana Duarte")
    yield App(page, server, running_org, project, integration, ana)
    page.goto("about:blank")


def asked_of(page: Page, server: str) -> list[str]:
    """Fill, from here on, with the popups' pages at `server`: methods and last path segments."""
    seen: list[str] = []

    def note(request: Any) -> None:
        path = urlsplit(request.url).path
        if request.url.startswith(server) and request.is_navigation_request() and path != "/ui":
            seen.append(f"{request.method} {path.rpartition('/')[2]}")

    page.context.on("request", note)
    return seen


@pytest.mark.parametrize("version", PACKAGES)
def test_a_log_in_begun_by_the_apps_own_page_asks_nothing(app: App, version: str) -> None:
    seen = asked_of(app.page, app.server)
    with plain_page(page_with_sdk(version, app.server)) as address:
        app.log_in(address)

        app.finish(app.press_connect())

        first = "build-oauth" if version in ("1.0.40", "2.0.6") else "oauth-nonce"
        assert seen == [f"GET {first}", "GET callback"]
        assert app.page.evaluate("window.installed") == ["salesforce"]
        assert Credential.objects.get().user == app.ana


@pytest.mark.parametrize("version", PACKAGES)
def test_an_app_that_hides_where_it_links_from_has_its_users_asked_and_goes_on(app: App, version: str) -> None:
    html = page_with_sdk(version, app.server)
    with plain_page(html, Referrer_Policy="no-referrer") as address:
        app.log_in(address)
        popup = app.press_connect()

        expect(popup.get_by_role("heading", name="Connect Salesforce to Acme as Ana Duarte (user-1)?")).to_be_visible()
        expect(popup).not_to_have_url(re.compile("userToken"))
        assert not Credential.objects.exists()
        popup.get_by_role("button", name="Continue").click()
        app.finish(popup)

        assert Credential.objects.get().user == app.ana


def test_a_link_in_somebody_elses_page_connects_nothing_before_it_is_confirmed(app: App) -> None:
    """The victim's session at Salesforce is open and has approved the app before: Salesforce would ask nothing."""
    with plain_page(page_with_sdk("2.4.0", app.server)) as address:
        app.log_in(address)
        app.finish(app.press_connect())
    Credential.objects.all().delete()

    with plain_page(f'<!doctype html><title>Prizes</title><a href="{app.link}">Win</a>') as evil:
        app.page.goto(evil)
        app.page.get_by_role("link", name="Win").click()

        expect(app.page.get_by_role("heading", name="as Ana Duarte (user-1)?")).to_be_visible()
        expect(app.page.get_by_role("heading", name="as Ana Duarte (user-1)?")).to_be_focused()
        assert not Credential.objects.exists()
        app.page.keyboard.press("Tab")
        expect(app.page.get_by_role("button", name="Cancel")).to_be_focused()
        app.page.keyboard.press("Tab")
        expect(app.page.get_by_role("button", name="Continue")).to_be_focused()


@pytest.mark.looks
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [500, 320])
def test_the_question_has_no_serious_accessibility_faults_and_fits(
    app: App, scheme: Literal["light", "dark"], width: int, tmp_path: Path
) -> None:
    app.page.emulate_media(color_scheme=scheme)
    app.page.set_viewport_size({"width": width, "height": 600})

    app.page.goto(app.link)

    expect(app.page.get_by_role("button", name=re.compile("Continue"))).to_be_visible()
    app.page.screenshot(path=tmp_path / f"question-{scheme}-{width}.png")
    assert serious_faults(app.page.main_frame) == []
    assert app.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
