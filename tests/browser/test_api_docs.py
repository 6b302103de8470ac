"""The API reference, as its reader uses it: every call listed, one tried out, under the policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.factories import make_app_event, make_project, make_signing_key, user_token
from tests.support.axe import serious_faults

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def said(page: Page) -> list[str]:
    """Warnings and errors of the page; a script or style that the policy refuses is one."""
    heard: list[str] = []

    page.on("console", lambda message: heard.append(message.text) if message.type in ("warning", "error") else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def test_every_call_is_listed_and_nothing_is_refused_by_the_policy(server: str, page: Page, said: list[str]) -> None:
    page.goto(f"{server}/api/docs/")

    expect(page).to_have_title("API reference · Isthmus")
    expect(page.locator(".opblock-tag")).to_have_count(6)
    expect(page.locator("#operations-Events-trigger_event")).to_contain_text("Send an App Event")
    assert said == []


def test_a_call_can_be_tried_out_with_a_token(server: str, page: Page, said: list[str]) -> None:
    project = make_project()
    make_signing_key(project)
    make_app_event(project, name="Lead Created")
    page.goto(f"{server}/api/docs/")

    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".auth-container input").fill(user_token())
    page.locator(".auth-btn-wrapper .authorize").click()
    page.locator(".btn-done").click()
    call = page.locator("#operations-Events-trigger_event")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_placeholder("project_id").fill(str(project.pk))
    call.get_by_role("button", name="Execute").click()

    expect(call.locator(".live-responses-table tbody .response-col_status")).to_contain_text("201")
    expect(call.locator(".live-responses-table")).to_contain_text('"skipped": []')
    assert said == []


def test_it_is_dark_for_who_wants_it_dark(server: str, page: Page) -> None:
    page.goto(f"{server}/api/docs/")
    page.get_by_role("button", name="Dark").click()
    page.reload()

    expect(page.locator("html")).to_have_class("dark-mode")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")


@pytest.mark.looks
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_has_no_serious_accessibility_fault(
    server: str, new_context: Callable[..., BrowserContext], scheme: Literal["light", "dark"]
) -> None:
    page = new_context(color_scheme=scheme).new_page()
    page.goto(f"{server}/api/docs/")
    page.locator("#operations-Events-trigger_event .opblock-summary-control").click()
    expect(page.get_by_role("button", name="Try it out")).to_be_visible()

    assert serious_faults(page.main_frame) == []
