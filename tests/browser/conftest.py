"""Headless Chromium on a live server; nothing but this machine can be reached from its pages."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, BrowserContext, Page, Route
from pytest_django.live_server_helper import LiveServer

from tests.support.chromium import WAIT_MS

DIST = Path(__file__).resolve().parents[2] / "static" / "dist"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def front_end() -> None:
    """The built scripts and styles: a clone in which nobody has built yet has none."""
    if not (DIST / "dashboard.js").exists():
        subprocess.run(["node", str(DIST.parent / "build.mjs")], check=True)
    if DIST not in settings.STATICFILES_DIRS:  # it was not there when the settings were read
        settings.STATICFILES_DIRS = [*settings.STATICFILES_DIRS, DIST]
        finders.get_finder.cache_clear()


@pytest.fixture(scope="session")
def chromium(front_end: None, launched_chromium: Browser) -> Browser:
    return launched_chromium


@pytest.fixture
def new_context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts; requests to other machines are refused, as they would be without a network."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = chromium.new_context(**options)
        context.set_default_timeout(WAIT_MS)
        context.route("**/*", _only_here)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


def _only_here(route: Route) -> None:
    if urlsplit(route.request.url).hostname in ("localhost", "127.0.0.1", None):
        route.continue_()
    else:
        route.abort()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """A page; what it says on its console stands in a failed test's output."""
    context = new_context()
    context.on("console", lambda message: print(f"[{message.type}] {message.text}"))
    context.on("weberror", lambda error: print(f"[uncaught] {error.error}"))
    return context.new_page()


@pytest.fixture
def server(live_server: LiveServer, settings: Any) -> str:
    """The address of the running product, which it takes for its own."""
    settings.BASE_URL = live_server.url
    return live_server.url
