"""The windows of a log-in, in a real browser: they come up, lead through the org's pages, and close themselves."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import Error, Locator, Page, expect


def go_through(popup: Page, username: str, password: str, *, allow: bool = True) -> None:
    """Log in at the org, unless it remembers who is there, and decide."""
    expect(popup.locator("#username, #oaapprove")).to_have_count(1)
    if popup.locator("#username").count():
        popup.locator("#username").fill(username)
        popup.locator("#password").fill(password)
        popup.locator("#Login").click()
    popup.locator("#oaapprove" if allow else "#oadeny").click()


def close_by(button: Locator) -> None:
    """Press the button that closes its own window, and see it close.

    The window may be gone before the browser has said that it was clicked, which Playwright takes for a failure. A click
    that did not arrive fails all the same: the window stays.
    """
    with button.page.expect_event("close"), suppress(Error):
        button.click()
