"""The org's log-in and consent pages as a browser goes through them, over HTTP alone."""

from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests


class _FirstForm(HTMLParser):
    """The first form of a page: its action and its inputs' values."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action, self.fields, self._is_inside, self._is_done = "", {}, False, False
        self.fields: dict[str, str]
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "form" and not self._is_done:
            self._is_inside, self.action = True, named.get("action") or ""
        elif tag == "input" and self._is_inside and named.get("name"):
            self.fields[str(named["name"])] = named.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._is_inside:
            self._is_inside, self._is_done = False, True


def go_through(authorize_url: str, username: str, password: str, *, allow: bool = True) -> dict[str, str]:
    """Log in and decide; gives the query with which the browser comes back to the callback."""
    with requests.Session() as browser:
        page = browser.get(authorize_url, timeout=30)
        page = _submit(browser, page, {"username": username, "pw": password})
        answer = _submit(browser, page, {"decision": "allow" if allow else "deny"}, follow=False)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def _submit(
    browser: requests.Session, page: requests.Response, entered: dict[str, str], *, follow: bool = True
) -> requests.Response:
    form = _FirstForm(page.text)
    assert form.action, f"no form on {page.url}: {page.text[:300]}"
    return browser.post(urljoin(page.url, form.action), data=form.fields | entered, allow_redirects=follow, timeout=30)
