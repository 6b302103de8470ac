"""The shell and the settings pages in a real browser, under the policy (CSP) that they are served with."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from projects import membership
from projects.auditing import record
from projects.models import Member, Role, SigningKey
from projects.signing_keys import generate_key, revoke_key
from projects.user_tokens import verify_user_token
from tests.factories import make_member, make_project
from tests.support.axe import serious_faults

PASSWORD = "correct horse battery"
ModelBackend = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def ana(transactional_db: None) -> Member:
    return make_member(make_project(), email="ana@acme.example", name="Ana Ruiz", password=PASSWORD)


@pytest.fixture
def enter(new_context: Callable[..., BrowserContext], server: str) -> Callable[..., Page]:
    """`enter(ana)`: a page of a browser in which that person is logged in; addresses are relative to the server."""

    def logged_in(member: Member, **options: object) -> Page:
        client = Client()
        client.force_login(member.user, backend=ModelBackend)
        context = new_context(base_url=server, **options)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server}])
        return context.new_page()

    return logged_in


def fill_the_project(ana: Member) -> None:
    """Keys in each state, people of each kind, and a log."""
    project = ana.project
    generate_key(project, name="Production", by=ana.user)
    revoke_key(generate_key(project, name="Old server").key, by=ana.user)
    make_member(project, Role.VIEWER, email="samantha.with-a-long-address@subsidiary.acme.example", name="")
    membership.invite(project, "kim@partner.example", Role.BUILDER, by=ana)
    record(project, "project.changed", by=ana.user, name={"before": "A", "after": "Acme"})


def test_a_key_is_generated_downloaded_and_signs_a_token_that_is_accepted(ana, enter, tmp_path):
    page = enter(ana, accept_downloads=True)
    page.goto("/settings/signing-keys/")
    expect(page.get_by_text("No signing key yet")).to_be_visible()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Generate key").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download .pem").click()
    file = Path(tmp_path) / download.value.suggested_filename
    download.value.save_as(file)

    page.goto("/settings/token-generator/")
    page.locator("#token-file").set_input_files(file)
    expect(page.get_by_text("This is Laptop, a valid key of this project.")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("User ID").fill("user-1")
    page.get_by_role("button", name="Sign token").click()
    expect(page.locator("#token-output")).not_to_be_empty()

    token = verify_user_token(page.locator("#token-output").inner_text(), ana.project.pk)
    assert token.subject == "user-1"
    assert [url for url in asked if not url.startswith(f"{page.url.split('/settings')[0]}/static/")] == []
    assert page.evaluate("fetch('/healthz').then(() => 'sent', () => 'blocked')") == "blocked"


def test_the_token_generator_warns_of_a_life_for_which_a_token_would_be_refused(ana, enter):
    page = enter(ana)
    page.goto("/settings/token-generator/")
    note = page.locator("#token-validity-note")
    expect(note).to_be_empty()

    page.get_by_label("Valid for").select_option("604800")
    expect(note).to_contain_text("refuses tokens that are valid for more than 24 hours")
    page.get_by_label("Valid for").select_option("86400")
    expect(note).to_be_empty()

    ana.project.max_token_hours = 1
    ana.project.save()
    page.reload()
    page.get_by_label("Valid for").select_option("86400")
    expect(note).to_contain_text("more than an hour")


def test_a_key_is_revoked_only_after_a_yes(ana, enter):
    generate_key(ana.project, name="Production")
    page = enter(ana)
    page.goto("/settings/signing-keys/")

    page.get_by_role("button", name="Revoke Production").click()
    page.get_by_role("button", name="Cancel").click()
    assert SigningKey.objects.valid().count() == 1
    page.get_by_role("button", name="Revoke Production").click()
    page.get_by_role("button", name="Revoke key").click()

    expect(page.get_by_text("Production is revoked.")).to_be_visible()
    assert SigningKey.objects.valid().count() == 0


def test_a_passkey_is_added_and_logs_in_under_the_policy(ana, enter):
    page = enter(ana)
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Security key added.")).to_be_visible()

    page.context.clear_cookies()
    page.goto("/accounts/login/?next=/settings/")
    page.get_by_role("button", name="Log in with a passkey").click()

    expect(page.get_by_role("heading", name="General")).to_be_visible()


def test_the_choice_of_colours_lasts_and_is_there_before_the_page_is_drawn(ana, enter):
    page = enter(ana, color_scheme="light")
    page.goto("/settings/")
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Dark").click()

    # The attribute as it is when the parser reaches <body>, so before the first paint.
    page.add_init_script(
        "new MutationObserver((_, watcher) => { if (document.body) { "
        "window.themeAtBody = document.documentElement.dataset.bsTheme; watcher.disconnect(); } })"
        ".observe(document, {childList: true, subtree: true});"
    )
    page.reload()

    assert page.evaluate("window.themeAtBody") == "dark"


def test_on_a_phone_the_menu_opens_is_worked_by_keyboard_and_closes(ana, enter):
    page = enter(ana, viewport={"width": 390, "height": 844})
    page.goto("/settings/")
    settings = page.get_by_role("link", name="Settings", exact=True)
    expect(settings).not_to_be_visible()

    page.get_by_role("button", name="Menu").click()
    expect(settings).to_be_visible()
    expect(page.locator("#sidebar")).to_be_focused()
    page.keyboard.press("Escape")

    expect(settings).not_to_be_visible()
    expect(page.get_by_role("button", name="Menu")).to_be_focused()


def test_an_origin_is_mended_in_place(ana, enter):
    page = enter(ana)
    page.goto("/settings/")
    line = page.get_by_label("Another allowed origin")

    line.fill("app.acme.com")
    line.press("Tab")
    expect(page.get_by_text("Begin with https:// or http://.")).to_be_visible()
    line.fill("https://app.acme.com")
    expect(page.get_by_text("Begin with https:// or http://.")).to_have_count(0)
    page.get_by_role("button", name="Save changes").click()

    expect(page.get_by_text("Saved.")).to_be_visible()
    ana.project.refresh_from_db()
    assert "https://app.acme.com" in ana.project.allowed_origins


@pytest.mark.looks
@pytest.mark.parametrize(("colours", "width"), [("light", 1440), ("dark", 390)])
def test_no_page_has_a_serious_accessibility_fault_or_is_wider_than_the_screen(ana, enter, colours, width):
    page = enter(ana, bypass_csp=True, color_scheme=colours, viewport={"width": width, "height": 844})
    pages = [
        *(
            "/settings/",
            "/settings/signing-keys/",
            "/settings/token-generator/",
            "/settings/members/",
            "/settings/audit/",
        ),
        *(
            "/new-project/",
            "/accounts/email/",
            "/accounts/password/change/",
            "/accounts/2fa/",
            "/join/nonsense/",
            "/nowhere/",
        ),
    ]
    faults: list[str] = []

    def look(path: str) -> None:
        page.goto(path)
        faults.extend(serious_faults(page.main_frame))
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            faults.append(f"{path} is wider than the screen")

    look("/settings/signing-keys/")  # while it is empty
    fill_the_project(ana)
    for path in pages:
        look(path)
    page.get_by_role("link", name="To the dashboard").wait_for()
    page.goto("/settings/members/")
    page.get_by_role("button", name="Invite").click()  # a form that comes back
    page.get_by_text("This field is required.").wait_for()
    faults.extend(serious_faults(page.main_frame))
    page.context.clear_cookies()
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        look(path)

    assert faults == []
