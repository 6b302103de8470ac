"""The whole tutorial as its reader does it: from sign-up to the Lead on the sandbox org's page, on the real processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from deploy.embedded.layout import Layout
from tests.support import windows
from tests.support.stack import give_to_acme, running_stack

LONG_MS = 60_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    with running_stack(tmp_path_factory.mktemp("tutorial")) as layout:
        yield layout


@pytest.mark.timeout(300)
def test_from_sign_up_to_the_lead_in_salesforce(
    stack: Layout, new_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    builder = new_context(base_url=stack.base_url, viewport={"width": 1440, "height": 900}).new_page()
    _sign_up(builder)
    project_id = _set_up_salesforce(builder)
    _make_the_app_event(builder)
    _draw_and_deploy(builder)
    give_to_acme(stack, project_id=project_id, private_key=_signing_key(builder, tmp_path))

    acme = new_context(viewport={"width": 1280, "height": 900}).new_page()
    _connect_and_switch_on(acme, stack)
    acme.get_by_label("Last name").fill("Lovelace")
    acme.get_by_role("button", name="Create by SDK event").click()
    expect(acme.get_by_text("Bo Lovelace is on the way.")).to_be_visible()
    acme.get_by_label("Last name").fill("Hopper")
    acme.get_by_role("button", name="Create by REST event").click()
    expect(acme.get_by_text("Taken: Bo Hopper is on the way")).to_be_visible()

    org = new_context(base_url=stack.sandbox_url).new_page()
    org.goto("/records/Lead")
    expect(org.get_by_text("Lovelace").first).to_be_visible(timeout=LONG_MS)
    expect(org.get_by_text("Hopper").first).to_be_visible(timeout=LONG_MS)
    _see_the_history(builder)


def _sign_up(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email").fill("reader@example.com")
    page.get_by_label("Password", exact=False).first.fill("a long enough password")
    page.get_by_role("button", name="Create account").click()
    page.get_by_label("Name").fill("My product")
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("heading", name="Integrations", level=1)).to_be_visible()


def _set_up_salesforce(page: Page) -> str:
    page.locator("a.provider", has_text="Salesforce").click()
    page.locator("main").get_by_role("link", name="Settings", exact=True).first.click()
    page.get_by_role("button", name="Use the local sandbox org").click()
    expect(page.get_by_role("status").filter(has_text="sandbox org's app")).to_be_visible()
    switch = page.get_by_role("switch")
    if not switch.is_checked():
        switch.check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Salesforce is active.")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    return page.get_by_role("textbox", name="Project id").input_value()


def _make_the_app_event(page: Page) -> None:
    page.goto("/app-events/")
    page.get_by_role("link", name="New App Event").first.click()
    page.get_by_label("Name").fill("Lead Created")
    editor = page.locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(
        '{"first_name": "Ada", "last_name": "Byron", "company": "Analytical", "email": "ada@x.example"'
    )
    page.get_by_role("button", name="Create App Event").click()
    expect(page.get_by_text(re.compile(r"line 1", re.IGNORECASE)).first).to_be_visible()
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("}")
    page.get_by_role("button", name="Create App Event").click()
    expect(page.get_by_role("heading", name="Lead Created", level=1)).to_be_visible()


def _field(page: Page, name: str) -> Locator:
    return page.locator(f'[data-field="fields.{name}"] .cm-content')


def _draw_and_deploy(page: Page) -> None:
    page.goto("/integrations/salesforce/")
    page.get_by_role("button", name="New workflow").click()
    page.locator(".node-main").first.click()
    page.get_by_role("combobox", name=re.compile("App Event")).click()
    page.get_by_role("option", name=re.compile("Lead Created")).click()
    page.get_by_role("button", name="Add a step").click()
    page.get_by_role("menuitem", name="Salesforce: Create record").click()
    expect(page.get_by_role("combobox", name="Record type")).to_be_focused()
    page.keyboard.type("lead")
    page.keyboard.press("Enter")
    for name, opener, wanted in (("LastName", "{{", "last_name"), ("Company", "<<", "company")):
        _field(page, name).click()
        page.keyboard.type(opener + wanted[:3])
        option = page.get_by_role("option").filter(has_text=wanted).first
        expect(option).to_be_visible()
        option.click()
        expect(_field(page, name).locator(".chip")).to_have_text(f"Lead Created › {wanted}")
    for name, wanted in (("FirstName", "first_name"), ("Email", "email")):
        page.get_by_role("combobox", name="Add a field").fill(name)
        page.keyboard.press("Enter")
        expect(_field(page, name)).to_be_focused()
        page.keyboard.type("{{" + wanted)
        option = page.get_by_role("option").filter(has_text=wanted).first
        expect(option).to_be_visible()
        option.click()
    expect(page.locator("[data-saved]")).to_have_text("Saved")
    page.get_by_role("button", name="Deploy", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Deploy")).click()
    expect(page.locator("[data-state]")).to_have_text("Live v1")


def _signing_key(page: Page, folder: Path) -> Path:
    page.goto("/settings/signing-keys/")
    page.get_by_role("button", name="Generate key").click()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download .pem").click()
    path = folder / "key.pem"
    downloading.value.save_as(path)
    assert "PRIVATE KEY" in path.read_text()
    page.reload()
    assert "PRIVATE KEY" not in page.content(), "the private key is shown once"
    return path


def _connect_and_switch_on(page: Page, stack: Layout) -> None:
    page.goto(stack.acme_url)
    page.locator("[data-connect=salesforce]").click()
    portal = page.frame_locator("#paragon-connect-frame")
    with page.expect_popup() as opened:
        portal.get_by_role("button", name="Connect Salesforce", exact=True).click()
    windows.go_through(opened.value, "admin@sandbox.example", "sandbox-1234")
    switch = portal.get_by_role("switch").first
    expect(switch).to_be_enabled(timeout=LONG_MS)
    switch.click()
    expect(switch).to_be_checked()
    page.keyboard.press("Escape")
    expect(page.locator("#paragon-connect-frame")).to_be_hidden()


def _see_the_history(page: Page) -> None:
    page.goto("/activity/")
    run = page.get_by_role("link", name=re.compile("^Succeeded run of"))
    expect(run).to_have_count(2, timeout=LONG_MS)
    run.first.click()
    expect(page.get_by_role("heading", name="Path")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^00Q"))).to_be_visible()
    page.goto("/users/")
    expect(page.get_by_text("ana", exact=False).first).to_be_visible()
