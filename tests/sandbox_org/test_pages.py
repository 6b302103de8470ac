"""The org's own pages, as read over HTTP and as seen in a browser."""

import html
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def text_of(reply):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reply.text)))


def test_the_front_page_tells_what_will_appear_on_it(org):
    page = requests.get(org.url)

    assert page.status_code == 200
    assert "A Lead appears here the moment an app creates one" in text_of(page)


def test_records_stand_on_their_lists_and_their_own_pages(org, api):
    record_id = api.create(FirstName="Chloe", Description="<script>alert(1)</script>", Email="c@example.com")

    front, listing = requests.get(org.url), requests.get(f"{org.url}/records/Lead")
    page = requests.get(f"{org.url}/records/Lead/{record_id}")

    for each in (front, listing):
        assert "Chloe Myers" in text_of(each)
        assert f'href="/records/Lead/{record_id}"' in each.text
    assert "c@example.com" in text_of(page)
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_a_deleted_record_says_so(org, api):
    record_id = api.create()
    api.delete(f"sobjects/Lead/{record_id}")

    assert "in the recycle bin" in text_of(requests.get(f"{org.url}/records/Lead/{record_id}"))


@pytest.mark.parametrize("path", ["records/Nope", "records/Lead/00QSb0zzzzzzzzz", "records/Lead/x"])
def test_what_is_not_there_is_a_readable_404(org, path):
    page = requests.get(f"{org.url}/{path}")

    assert page.status_code == 404
    assert "No such" in page.text


def test_pages_run_no_inline_script_and_load_nothing_from_elsewhere(org, api):
    api.create()
    query = urlencode({"client_id": "x"})
    for path in ("", "records/Lead", f"services/oauth2/authorize?{query}"):
        page = requests.get(f"{org.url}/{path}")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "unsafe-inline" not in page.headers["content-security-policy"]
        assert re.findall(r"<script(?! src=\"/static/)", page.text) == []
        assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text) == []
        assert " style=" not in page.text


def test_the_listing_that_pages_poll_has_counts_and_rows(org, api):
    api.create(FirstName="Chloe")

    listing = requests.get(f"{org.url}/__org/listing/Lead?limit=5").json()

    assert (listing["count"], listing["columns"][0]) == (1, "Full Name")
    assert listing["rows"][0]["cells"][:2] == ["Chloe Myers", "Northwind"]
    assert {each["name"]: each["count"] for each in listing["objects"]}["Lead"] == 1


@pytest.fixture
def browser(launched_chromium):
    return launched_chromium


def login_url(org):
    """Where an app sends its user, who shall log in whatever the session says."""
    app = org.app(redirect_uris=[f"{org.url}/records/Lead"], require_pkce=False)
    asked = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": app["redirect_uris"][0]}
    return f"{org.url}/services/oauth2/authorize?{urlencode({**asked, 'state': 's', 'prompt': 'login'})}"


@pytest.mark.browser
def test_a_lead_arrives_on_the_open_page(org, api, browser):
    from playwright.sync_api import expect

    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(org.url)
    expect(page.get_by_text("No Leads yet")).to_be_visible()

    api.create(FirstName="Chloe")

    expect(page.locator("tbody tr.fresh")).to_contain_text("Chloe Myers")
    expect(page.get_by_text("No Leads yet")).to_be_hidden()
    expect(page.locator("nav [data-count=Lead]")).to_have_text("1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_the_way_in_works_by_keyboard(org, browser):
    from playwright.sync_api import expect

    page = browser.new_page()
    page.goto(login_url(org))
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type("admin@sandbox.example")
    page.keyboard.press("Tab")
    page.keyboard.type("not this")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("check your username and password")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type("sandbox-1234")
    page.keyboard.press("Enter")
    expect(page.locator("#oaapprove")).to_be_focused()
    expect(page.locator("#oadeny")).to_be_visible()
    page.keyboard.press("Enter")

    page.wait_for_url("**/records/Lead?code=*state=s")


@pytest.mark.browser
@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core from npm")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_fault_that_axe_knows(org, api, browser, scheme):
    page = browser.new_page(color_scheme=scheme)
    axe = AXE.read_text()
    faults = []

    def look(name):
        page.evaluate(axe)
        for violation in page.evaluate("axe.run()")["violations"]:
            faults.append((name, violation["id"], [node["html"] for node in violation["nodes"]]))

    page.goto(org.url)
    look("empty front page")
    record_id = api.create()
    for name, path in {"list": "records/Lead", "record": f"records/Lead/{record_id}", "missing": "records/No"}.items():
        page.goto(f"{org.url}/{path}")
        look(name)
    page.goto(login_url(org))
    look("login")
    page.fill("#username", "admin@sandbox.example")
    page.fill("#password", "wrong")
    page.click("#Login")
    look("wrong password")
    page.fill("#password", "sandbox-1234")
    page.click("#Login")
    page.wait_for_selector("#oaapprove")
    look("consent")
    page.goto(f"{org.url}/services/oauth2/authorize?client_id=x")
    look("error")

    assert faults == []
