"""The log-in's popup against a running org: nonce page, start, callback, and what may go wrong on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from integrations.models import Credential, OAuthAttempt
from integrations.providers.salesforce import pool
from tests.connect_portal.conftest import Cast, Sdk
from tests.factories import make_project, make_workflow, user_token
from tests.support.salesforce_login import go_through
from tests.support.sandbox import SandboxOrg
from workflows.models import Lane, WorkflowSetting

ORIGIN = "http://localhost:8002"
BASE_URL = "http://localhost:8000"


@pytest.fixture(scope="module")
def running_org() -> Iterator[SandboxOrg]:
    with SandboxOrg() as org:
        yield org


@pytest.fixture
def org(running_org: SandboxOrg, settings: Any, cast: Cast) -> SandboxOrg:
    running_org.reset()
    app = running_org.app(redirect_uris=[f"{BASE_URL}/oauth/callback"])
    settings.SALESFORCE_LOGIN_URL, settings.BASE_URL = running_org.url, BASE_URL
    pool.clear()
    cast.integration.client_id, cast.integration.client_secret = app["client_id"], app["client_secret"]
    cast.integration.save()
    return running_org


class Popup:
    """One browser's popup: keeps its cookies, reads what a page would post to its opener.

    `referer` is what the browser says of the page that has opened it; None: nothing.
    """

    def __init__(self, cast: Cast, origin: str = ORIGIN, referer: str | None = f"{ORIGIN}/") -> None:
        self.cast, self.origin, self.referer = cast, origin, referer
        self.browser = Client(enforce_csrf_checks=True)

    def query(self, **changes: str) -> dict[str, str]:
        return {
            "action": "salesforce",
            "integrationId": str(self.cast.integration.pk),
            "originForPostMessage": self.origin,
            "userToken": user_token("ana"),
        } | changes

    def nonce(self, **changes: str) -> HttpResponse:
        return self.open("oauth-nonce", **changes)

    def open(self, page: str, *, headers: dict[str, str] | None = None, **changes: str) -> HttpResponse:
        """Open the nonce page, or the start of older SDKs."""
        sent = {} if self.referer is None else {"Referer": self.referer}
        return self.browser.get(self.address(page), self.query(**changes), headers=sent | (headers or {}))

    def address(self, page: str) -> str:
        return f"/projects/{self.cast.project.pk}/sdk/actions/{page}"

    def go_on(self, page: str, question: HttpResponse, **changes: str) -> HttpResponse:
        """Press Continue."""
        return self.browser.post(self.address(page), hidden_fields(question) | changes)

    def build(self, sdk: Sdk | None = None, **changes: str) -> HttpResponse:
        query = {
            "action": "salesforce",
            "integrationId": str(self.cast.integration.pk),
            "originForPostMessage": self.origin,
            "oauthMetaKeyId": "abc123",
            "installOptions": "{}",
        } | changes
        text = "&".join(f"{key}={value}" for key, value in query.items())
        return (sdk or self.cast.sdk)("GET", f"/v2/sdk/actions/build-oauth?{text}")

    def callback(self, **query: str) -> HttpResponse:
        return self.browser.get("/oauth/callback", query)

    def log_in(self, org: SandboxOrg, *, allow: bool = True, **build: str) -> HttpResponse:
        """The whole way by the org's own pages; gives the callback page."""
        self.nonce()
        app = org.app()
        address = self.build(**build).json()["redirectUrl"]
        return self.callback(**go_through(address, app["username"], app["password"], allow=allow))


def hidden_fields(page: HttpResponse) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.content.decode())
    return {name: unescape(value) for name, value in found}


def popup_cookies_of(page: HttpResponse) -> list[str]:
    return [name for name in page.cookies if name.startswith("isthmus_popup_")]


def data_of(page: HttpResponse) -> dict[str, Any]:
    """What the page's script posts and does."""
    found = re.search(
        r'<script id="popup-data" type="application/json">(.*?)</script>', page.content.decode(), re.DOTALL
    )
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_nonce_page_tells_its_opener_once_and_keeps_it_reachable(cast: Cast) -> None:
    page = Popup(cast).nonce()

    assert page.status_code == 200
    assert data_of(page) == {
        "message": {"type": "oauth-nonce-loaded"},
        "origin": ORIGIN,
        "closes": False,
        "waits": True,
    }
    assert page["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert page["Referrer-Policy"] == "no-referrer" and page["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    [cookie] = page.cookies.values()
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/oauth/"


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"userToken": "abc"}, 401, "Your session has ended"),
        ({"originForPostMessage": "https://evil.example"}, 400, "This page may not connect accounts"),
        ({"integrationId": "12345678-1234-4234-8234-123456789012"}, 404, "There is nothing to connect here"),
    ],
)
def test_a_nonce_page_that_can_not_go_on_says_why_and_posts_nothing(
    cast: Cast, changes: dict[str, str], status: int, words: str
) -> None:
    page = Popup(cast).nonce(**changes)

    assert page.status_code == status and words in page.content.decode()
    assert data_of(page)["message"] is None and not page.cookies


def test_an_integration_without_its_apps_key_is_told_to_user_and_opener(cast: Cast) -> None:
    cast.integration.client_id = ""
    cast.integration.save()

    page = Popup(cast).nonce()

    assert page.status_code == 409 and "is not set up yet" in page.content.decode()
    data = data_of(page)
    assert data["origin"] == ORIGIN and data["message"]["type"] == "oauth_error_callback"
    assert data["message"]["errorResponse"]["code"] == "integration_incomplete"


def test_the_start_is_refused_for_a_page_that_is_not_the_projects(cast: Cast) -> None:
    answer = Popup(cast).build(originForPostMessage="https://evil.example")

    assert (answer.status_code, answer.json()["code"]) == (400, "origin_not_allowed")
    assert "evil.example" in answer.json()["message"] and not OAuthAttempt.objects.exists()


def test_a_log_in_connects_the_account_and_the_poll_finds_it(cast: Cast, org: SandboxOrg) -> None:
    wanted = make_workflow(cast.integration, enabled_by_default=True)
    popup = Popup(cast)

    assert cast.sdk("GET", "/sdk/actions/session-id/abc123").json() == {}
    page = popup.log_in(org)

    credential = Credential.objects.get()
    assert page.status_code == 200 and data_of(page) == {"message": None, "origin": "", "closes": True, "waits": False}
    assert page["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert cast.sdk("GET", "/sdk/actions/session-id/abc123").json() == {"connectCredentialId": str(credential.pk)}
    assert cast.sdk("GET", f"/sdk/credentials/{credential.pk}").json()["status"] == "VALID"
    assert Lane.objects.get().credential == credential
    assert WorkflowSetting.objects.get().workflow == wanted and WorkflowSetting.objects.get().is_enabled
    assert cast.sdk("DELETE", "/sdk/actions/session-id/abc123").status_code == 204
    assert cast.sdk("GET", "/sdk/actions/session-id/abc123").json() == {}


def test_the_poll_of_another_user_with_the_same_session_finds_nothing(cast: Cast, org: SandboxOrg) -> None:
    Popup(cast).log_in(org)

    assert cast.bens_sdk("GET", "/sdk/actions/session-id/abc123").json() == {}


def test_an_older_sdk_is_sent_on_at_once_and_hears_a_message(cast: Cast, org: SandboxOrg) -> None:
    popup = Popup(cast)

    start = popup.open("build-oauth", sessionId="old1")
    app = org.app()
    page = popup.callback(**go_through(start["Location"], app["username"], app["password"]))

    credential = Credential.objects.get()
    assert start.status_code == 302 and start["Referrer-Policy"] == "no-referrer"
    assert data_of(page)["origin"] == ORIGIN
    assert data_of(page)["message"] == {
        "type": "oauth_success_callback",
        "credential": {"integrationId": str(cast.integration.pk), "payload": {"credentialId": str(credential.pk)}},
    }
    assert cast.sdk("GET", "/sdk/actions/session-id/old1").json() == {"connectCredentialId": str(credential.pk)}


def test_a_refusal_by_the_user_is_told_in_words_and_connects_nothing(cast: Cast, org: SandboxOrg) -> None:
    page = Popup(cast).log_in(org, allow=False)

    text = page.content.decode()
    assert page.status_code == 400 and "Salesforce was not connected" in text and "choose Allow" in text
    data = data_of(page)
    assert data["message"]["error"] == "access_denied" and data["origin"] == ORIGIN and not data["closes"]
    assert not Credential.objects.exists()


def test_a_wrong_secret_is_told_as_the_apps_fault(cast: Cast, org: SandboxOrg) -> None:
    cast.integration.client_secret = "wrong"
    cast.integration.save()

    page = Popup(cast).log_in(org)

    text = page.content.decode()
    assert page.status_code == 400 and "is not set up correctly" in text and "not your fault" in text
    assert "wrong" not in data_of(page)["message"]["errorResponse"]["message"]
    assert not Credential.objects.exists()


def test_a_log_in_that_began_in_another_browser_is_not_finished_here(cast: Cast, org: SandboxOrg) -> None:
    attacker, victim, app = Popup(cast), Popup(cast), org.app()
    attacker.nonce()
    query = go_through(attacker.build().json()["redirectUrl"], app["username"], app["password"])

    page = victim.callback(**query)

    assert page.status_code == 400 and "This log-in began elsewhere" in page.content.decode()
    assert not Credential.objects.exists()


def test_an_unknown_state_and_a_page_loaded_twice_end_well(cast: Cast, org: SandboxOrg) -> None:
    popup, app = Popup(cast), org.app()
    popup.nonce()
    query = go_through(popup.build().json()["redirectUrl"], app["username"], app["password"])

    unknown = popup.callback(state="made-up", code="x")
    first, second = popup.callback(**query), popup.callback(**query)

    assert unknown.status_code == 400 and "This log-in is over" in unknown.content.decode()
    assert (first.status_code, second.status_code) == (200, 200) and Credential.objects.count() == 1


def test_connecting_again_renews_the_same_account(cast: Cast, org: SandboxOrg) -> None:
    Popup(cast).log_in(org)
    credential = Credential.objects.get()
    Credential.objects.update(status="INVALID", status_reason="Withdrawn.")

    Popup(cast).log_in(
        org, oauthMetaKeyId="again1", installOptions=json.dumps({"selectedCredentialId": str(credential.pk)})
    )

    credential.refresh_from_db()
    assert Credential.objects.count() == 1 and credential.status == "VALID" and not credential.status_reason


def test_nobody_renews_the_account_of_somebody_else(cast: Cast, org: SandboxOrg, globex: Cast) -> None:
    for theirs in (cast.connect(cast.ben), globex.connect()):
        answer = Popup(cast).build(installOptions=json.dumps({"selectedCredentialId": str(theirs.pk)}))
        assert (answer.status_code, answer.json()["code"]) == (404, "credential_not_found")


def test_an_own_redirect_address_is_refused_as_not_built_yet(cast: Cast) -> None:
    answer = Popup(cast).build(redirectUrl="https://app.acme.example/callback")

    assert (answer.status_code, answer.json()["code"]) == (501, "not_built_yet")


def test_the_state_asks_for_pkce_and_is_not_stored_in_the_clear(cast: Cast, org: SandboxOrg) -> None:
    query = parse_qs(urlsplit(Popup(cast).build().json()["redirectUrl"]).query)

    assert query["code_challenge_method"] == ["S256"] and query["redirect_uri"] == [f"{BASE_URL}/oauth/callback"]
    attempt = OAuthAttempt.objects.get()
    assert query["state"][0] not in json.dumps([attempt.state_hash, attempt.session_id, attempt.verifier_sealed])


def test_a_project_without_allowed_origins_lets_no_page_connect(cast: Cast) -> None:
    cast.project.allowed_origins = []
    cast.project.save()
    make_project(name="Other")

    assert Popup(cast).nonce().status_code == 400


STRANGE = {
    "foreign": {"Referer": "https://evil.example/"},
    "missing": {},
    "another port": {"Referer": "http://localhost:8003/"},
    "another host that begins alike": {"Referer": f"{ORIGIN}.evil.example/"},
    "the origin in a path": {"Referer": f"https://evil.example/{ORIGIN}/"},
    "the origin as a user name": {"Referer": f"{ORIGIN}@evil.example/"},
    "none at all": {"Referer": "about:blank"},
    "nonsense": {"Referer": "http://[::1%x/"},
    "an image of the page": {"Referer": f"{ORIGIN}/", "Sec-Fetch-Dest": "image"},
    "a frame of the page": {"Referer": f"{ORIGIN}/", "Sec-Fetch-Dest": "iframe"},
}


@pytest.mark.parametrize("page", ["oauth-nonce", "build-oauth"])
@pytest.mark.parametrize("headers", STRANGE.values(), ids=STRANGE)
def test_a_window_that_the_apps_page_has_not_opened_asks_first(
    cast: Cast, org: SandboxOrg, page: str, headers: dict[str, str]
) -> None:
    cast.ana.name = "Ana Duarte"
    cast.ana.save()

    question = Popup(cast, referer=None).open(page, headers=headers)

    text = question.content.decode()
    assert question.status_code == 200 and "Connect Salesforce to Acme as Ana Duarte (ana)?" in text
    assert not popup_cookies_of(question) and not OAuthAttempt.objects.exists()
    assert data_of(question)["message"] is None and question["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert question["X-Frame-Options"] == "DENY"
    assert question["Referrer-Policy"] == "strict-origin"  # with no-referrer the form's Origin would be "null"


@pytest.mark.parametrize("page", ["oauth-nonce", "build-oauth"])
@pytest.mark.parametrize("referer", [f"{ORIGIN}/", f"{ORIGIN}/settings?tab=crm#x", ORIGIN])
def test_a_window_that_the_apps_page_has_opened_goes_on_at_once(
    cast: Cast, org: SandboxOrg, page: str, referer: str
) -> None:
    answer = Popup(cast, referer=referer).open(page)

    assert answer.status_code == (200 if page == "oauth-nonce" else 302)
    assert len(popup_cookies_of(answer)) == 1 and "Continue" not in answer.content.decode()


def test_the_page_that_has_opened_a_window_must_be_the_one_that_hears_of_it(cast: Cast) -> None:
    cast.project.allowed_origins = [ORIGIN, "https://other.acme.example"]
    cast.project.save()

    question = Popup(cast, origin="https://other.acme.example", referer=f"{ORIGIN}/").nonce()

    assert "Continue" in question.content.decode() and not popup_cookies_of(question)


def test_who_continues_after_the_question_connects_their_account(cast: Cast, org: SandboxOrg) -> None:
    popup, app = Popup(cast, referer=None), org.app()

    waiting = popup.go_on("oauth-nonce", popup.nonce())
    page = popup.callback(**go_through(popup.build().json()["redirectUrl"], app["username"], app["password"]))

    assert data_of(waiting)["message"] == {"type": "oauth-nonce-loaded"} and data_of(waiting)["origin"] == ORIGIN
    assert page.status_code == 200 and Credential.objects.get().user == cast.ana


def test_who_continues_in_the_older_way_is_sent_on_by_a_page(cast: Cast, org: SandboxOrg) -> None:
    popup, app = Popup(cast, referer=None), org.app()

    sent_on = popup.go_on("build-oauth", popup.open("build-oauth", sessionId="old1"))
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', sent_on.content.decode())
    assert found and sent_on["Referrer-Policy"] == "no-referrer"
    page = popup.callback(**go_through(unescape(found[1]), app["username"], app["password"]))

    assert data_of(page)["message"]["type"] == "oauth_success_callback"
    assert Credential.objects.get().user == cast.ana


@pytest.mark.parametrize("page", ["oauth-nonce", "build-oauth"])
def test_the_question_can_not_be_answered_by_another_page(cast: Cast, org: SandboxOrg, page: str) -> None:
    mallorys, victims = Popup(cast, referer=None), Popup(cast, referer=None)
    fields = hidden_fields(mallorys.open(page))
    victims.open(page)

    without = victims.browser.post(victims.address(page), victims.query())
    with_mallorys = victims.browser.post(victims.address(page), fields)
    foreign = mallorys.browser.post(mallorys.address(page), fields, headers={"Origin": "https://evil.example"})
    opaque = mallorys.browser.post(mallorys.address(page), fields, headers={"Origin": "null"})

    assert [answer.status_code for answer in (without, with_mallorys, foreign, opaque)] == [403] * 4
    assert not OAuthAttempt.objects.exists()
    assert not any(popup_cookies_of(answer) for answer in (without, with_mallorys, foreign, opaque))


def test_a_log_in_begun_for_somebody_else_by_their_server_is_not_finished_in_this_browser(
    cast: Cast, org: SandboxOrg
) -> None:
    """The nonce page opens in the victim's browser by a link; the attacker's server has called build-oauth."""
    victim, app = Popup(cast, referer="https://evil.example/"), org.app()
    victim.nonce()

    query = go_through(victim.build().json()["redirectUrl"], app["username"], app["password"])
    page = victim.callback(**query)

    assert page.status_code == 400 and "This log-in began elsewhere" in page.content.decode()
    assert not Credential.objects.exists()


def test_the_answer_is_checked_as_the_question_was(cast: Cast, org: SandboxOrg) -> None:
    popup = Popup(cast, referer=None)
    question = popup.open("build-oauth")

    evil = popup.go_on("build-oauth", question, originForPostMessage="https://evil.example")
    forged = popup.go_on("build-oauth", question, userToken="abc")

    assert (evil.status_code, forged.status_code) == (400, 401) and not OAuthAttempt.objects.exists()


def test_a_name_can_not_disguise_whose_account_it_is(cast: Cast, org: SandboxOrg) -> None:
    cast.ana.name = "Bob (user-7)?\u202e" + "\u200b" * 20 + "<b>" + "x" * 200
    cast.ana.save()

    text = Popup(cast, referer=None).nonce().content.decode()

    assert "\u202e" not in text and "\u200b" not in text and "<b>" not in text
    assert f"Bob (user-7)?&lt;b&gt;{'x' * 64}… (ana)?" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"oauthMetaKeyId": "a%00b"},
        {"oauthMetaKeyId": "a%0Ab"},
        {"installOptions": "[" * 300},
        {"installOptions": '{"a":' * 300 + "1" + "}" * 300},
        {"installOptions": "[]"},
        {"installOptions": '{"externalId":"a\\u0000b"}'},
        {"installOptions": '{"externalId":{"a":1}}'},
        {"installOptions": '{"externalId":"' + "x" * 300 + '"}'},
        {"installOptions": '{"selectedCredentialId":["x"]}'},
    ],
)
def test_what_can_not_be_kept_until_the_log_in_ends_is_refused_at_its_start(
    cast: Cast, changes: dict[str, str]
) -> None:
    answer = Popup(cast).build(**changes)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request") and not OAuthAttempt.objects.exists()


def test_of_the_options_only_what_counts_is_kept(cast: Cast, org: SandboxOrg) -> None:
    wanted = {
        "allowMultipleCredentials": True,
        "externalId": "one",
        "accountType": "x" * 900,
        "isApiInstallation": False,
    }

    Popup(cast).build(installOptions=json.dumps(wanted))

    assert OAuthAttempt.objects.get().install_options == {"allowMultipleCredentials": True, "externalId": "one"}


def test_words_that_anybody_may_have_written_into_the_callbacks_address_are_bounded(
    cast: Cast, org: SandboxOrg
) -> None:
    popup = Popup(cast)
    popup.nonce()
    start = urlsplit(popup.build().json()["redirectUrl"])
    [state] = parse_qs(start.query)["state"]

    page = popup.callback(state=state, error="x\x00y\u202e" * 500, error_description="<b>\x00\n" + "z" * 5_000)

    text = page.content.decode()
    assert page.status_code == 400 and "z" * 301 not in text and "<b>" not in text
    assert "\x00" not in text and "\u202e" not in text
    kept = OAuthAttempt.objects.get().error
    assert kept is not None and len(kept["message"]) < 600 and "\x00" not in kept["message"]


@pytest.mark.parametrize("odd", ["\x00", "x" * 50_000, "é\u202e"])
def test_an_odd_state_or_code_at_the_callback_is_refused_with_a_page(cast: Cast, org: SandboxOrg, odd: str) -> None:
    popup = Popup(cast)
    popup.nonce()
    [state] = parse_qs(urlsplit(popup.build().json()["redirectUrl"]).query)["state"]

    assert popup.callback(state=odd, code="x").status_code == 400
    assert popup.callback(state=state, code=odd).status_code == 400
    assert not Credential.objects.exists()
