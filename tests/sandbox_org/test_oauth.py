"""The OAuth rules that a connector has to live with."""

import base64
import hashlib
import hmac
import html
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from tests.sandbox_org.conftest import ANA, api_of
from tests.support.sandbox import SandboxOrg

CALLBACK = "http://127.0.0.1:9/callback"
VERIFIER = base64.urlsafe_b64encode(b"v" * 96).decode().rstrip("=")
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
EXPIRED = {"error": "invalid_grant", "error_description": "expired access/refresh token"}


@pytest.fixture
def app(org: SandboxOrg) -> dict[str, Any]:
    return org.app(redirect_uris=[CALLBACK, "http://127.0.0.1:9/other"], rotation=True, require_pkce=True)


class Browser:
    """What a person does with the login and consent pages."""

    def __init__(self, org: SandboxOrg) -> None:
        self.org = org
        self.session = requests.Session()

    def open(self, app: dict[str, Any], **changes: Any) -> requests.Response:
        asked = {
            "response_type": "code",
            "client_id": app["client_id"],
            "redirect_uri": CALLBACK,
            "code_challenge": CHALLENGE,
            "state": "s t&te",
            **changes,
        }
        params = {key: value for key, value in asked.items() if value is not None}
        url = f"{self.org.url}/services/oauth2/authorize"
        return self.session.get(url, params=params, allow_redirects=False)

    def submit(self, page: requests.Response, **fields: str) -> requests.Response:
        """Send the first form of a page, its hidden fields included."""
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text.split("</form>")[0])
        data = {**{name: html.unescape(value) for name, value in hidden}, **fields}
        reply = self.session.post(f"{self.org.url}/services/oauth2/authorize", data=data, allow_redirects=False)
        while reply.status_code == 303:
            reply = self.session.get(f"{self.org.url}{reply.headers['location']}", allow_redirects=False)
        return reply

    def log_in(self, page: requests.Response, username: str = "", password: str = "") -> requests.Response:
        built_in = self.org.app()
        username = username or built_in["username"]
        return self.submit(page, username=username, pw=password or built_in["password"])

    def code(self, app: dict[str, Any], **changes: Any) -> str:
        """The code of a login and consent from start to end."""
        consent = self.log_in(self.open(app, **changes))
        return answer_of(self.submit(consent, decision="allow"))["code"]


def answer_of(reply: requests.Response) -> dict[str, str]:
    """What a redirect tells the app."""
    assert reply.status_code == 302, reply.text
    return {key: values[0] for key, values in parse_qs(urlsplit(reply.headers["location"]).query).items()}


def trade(org: SandboxOrg, app: dict[str, Any], **fields: Any) -> requests.Response:
    form = {"client_id": app["client_id"], "client_secret": app["client_secret"], **fields}
    return requests.post(f"{org.url}/services/oauth2/token", data={k: v for k, v in form.items() if v is not None})


def trade_code(org: SandboxOrg, app: dict[str, Any], code: str, **changes: Any) -> requests.Response:
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return trade(org, app, **{**fields, **changes})


def refresh(org: SandboxOrg, app: dict[str, Any], token: str, **changes: Any) -> requests.Response:
    return trade(org, app, grant_type="refresh_token", refresh_token=token, **changes)


def is_accepted(org: SandboxOrg, access_token: str) -> bool:
    url = f"{org.url}/services/data/v59.0/limits"
    return requests.get(url, headers={"Authorization": f"Bearer {access_token}"}).status_code == 200


def test_login_and_consent_lead_back_with_a_code_and_the_state_unchanged(org, app):
    browser = Browser(org)
    login = browser.open(app)
    assert all(f'id="{name}"' in login.text for name in ("username", "password", "Login"))

    consent = browser.log_in(login)
    assert all(f'id="{name}"' in consent.text for name in ("oaapprove", "oadeny"))
    back = browser.submit(consent, decision="allow")

    assert back.headers["location"].startswith(f"{CALLBACK}?")
    assert answer_of(back)["state"] == "s t&te"
    body = trade_code(org, app, answer_of(back)["code"]).json()
    assert is_accepted(org, body["access_token"])


def test_a_token_reply_has_the_recorded_keys_and_no_expiry(org, app):
    body = trade_code(org, app, Browser(org).code(app)).json()

    wanted = {"access_token", "refresh_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"}
    assert set(body) == wanted
    assert re.fullmatch(r"(00D\w{12,15})![.\w]*", body["access_token"])
    assert body["instance_url"] == org.url
    organization, user = body["id"].split("/")[-2:]
    assert (organization[:3], user[:3], len(organization), len(user)) == ("00D", "005", 18, 18)
    signed = hmac.new(app["client_secret"].encode(), (body["id"] + body["issued_at"]).encode(), hashlib.sha256)
    assert body["signature"] == base64.b64encode(signed.digest()).decode()


def test_the_instance_url_follows_the_host_that_was_called(org):
    local = org.url.replace("127.0.0.1", "localhost")
    app = org.app()
    form = {"client_id": app["client_id"], "client_secret": app["client_secret"], "grant_type": "client_credentials"}

    body = requests.post(f"{local}/services/oauth2/token", data=form).json()

    assert body["instance_url"] == local
    assert body["id"].startswith(f"{local}/id/")


def test_a_wrong_password_shows_the_login_page_again_with_the_reason(org, app):
    browser = Browser(org)

    page = browser.log_in(browser.open(app), password="wrong")

    assert page.status_code == 401
    assert "check your username and password" in page.text
    assert 'id="Login"' in page.text


def test_denial_is_told_to_the_app(org, app):
    browser = Browser(org)

    answer = answer_of(browser.submit(browser.log_in(browser.open(app)), decision="deny"))

    assert answer == {
        "error": "access_denied",
        "error_description": "end-user denied authorization",
        "state": "s t&te",
    }


def test_a_session_skips_the_login_unless_the_app_asks_for_it(org, app):
    browser = Browser(org)
    browser.code(app)

    assert 'id="oaapprove"' in browser.open(app).text
    assert 'id="Login"' in browser.open(app, prompt="login").text


def test_a_consent_form_of_another_session_grants_nothing(org, app):
    consent = Browser(org).log_in((victim := Browser(org)).open(app))
    own = victim.log_in(victim.open(app))
    assert 'id="oaapprove"' in own.text

    reply = victim.submit(consent, decision="allow")

    assert reply.status_code == 400
    assert "expired" in reply.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": "nobody"}, "invalid_client_id"),
        ({"redirect_uri": CALLBACK + "/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": None}, "redirect_uri_missing"),
    ],
)
def test_an_unsafe_request_gets_a_page_and_no_redirect(org, app, changes, said):
    reply = Browser(org).open(app, **changes)

    assert reply.status_code == 400
    assert said in reply.text
    assert "location" not in reply.headers


def test_every_registered_callback_works(org, app):
    other = "http://127.0.0.1:9/other"
    code = Browser(org).code(app, redirect_uri=other)

    assert trade_code(org, app, code).json()["error"] == "redirect_uri_mismatch"
    code = Browser(org).code(app, redirect_uri=other)
    assert trade_code(org, app, code, redirect_uri=other).status_code == 200


def test_an_app_that_requires_pkce_gets_no_code_without_a_challenge(org, app):
    answer = answer_of(Browser(org).open(app, code_challenge=None))

    assert answer["error"] == "invalid_request"
    assert answer["error_description"] == "missing required code challenge"
    org.app(require_pkce=False)
    assert Browser(org).code(app, code_challenge=None)


@pytest.mark.parametrize("verifier", [None, VERIFIER + "x", CHALLENGE])
def test_only_the_verifier_of_the_challenge_buys_tokens(org, app, verifier):
    reply = trade_code(org, app, Browser(org).code(app), code_verifier=verifier)

    assert reply.status_code == 400
    assert reply.json()["error"] == "invalid_grant"


def test_the_plain_challenge_method_is_refused(org, app):
    assert answer_of(Browser(org).open(app, code_challenge_method="plain"))["error"] == "invalid_request"


def test_a_code_is_good_for_one_trade(org, app):
    code = Browser(org).code(app)
    assert trade_code(org, app, code).status_code == 200

    again = trade_code(org, app, code)

    assert (again.status_code, again.json()["error_description"]) == (400, "expired authorization code")


def test_without_the_refresh_scope_there_is_no_refresh_token(org, app):
    body = trade_code(org, app, Browser(org).code(app, scope="api id")).json()

    assert "refresh_token" not in body
    assert body["scope"] == "api id"


def test_every_refresh_replaces_the_refresh_token_of_a_rotating_app(org, app):
    first = org.grant()

    second = refresh(org, app, first["refresh_token"]).json()
    third = refresh(org, app, second["refresh_token"]).json()

    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    assert is_accepted(org, third["access_token"])


def test_reuse_of_a_rotated_refresh_token_kills_the_whole_family(org, app):
    first = org.grant()
    second = refresh(org, app, first["refresh_token"]).json()

    reuse = refresh(org, app, first["refresh_token"])

    assert (reuse.status_code, reuse.json()) == (400, EXPIRED)
    assert refresh(org, app, second["refresh_token"]).json() == EXPIRED
    assert not is_accepted(org, second["access_token"])


def test_without_rotation_the_refresh_token_stays_and_is_not_repeated(org, app):
    org.app(rotation=False)
    first = org.grant()

    bodies = [refresh(org, app, first["refresh_token"]).json() for _ in range(2)]

    assert all("refresh_token" not in body for body in bodies)
    assert all(is_accepted(org, body["access_token"]) for body in bodies)


def test_a_refresh_token_is_bound_to_its_app(org, app):
    other = org.app(name="Other app")

    assert refresh(org, other, org.grant()["refresh_token"]).json() == EXPIRED


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_revoking_a_refresh_token_kills_its_access_tokens_but_not_the_other_way_round(org, app, which):
    grant = org.grant()

    reply = requests.post(f"{org.url}/services/oauth2/revoke", data={"token": grant[which]})

    assert (reply.status_code, reply.content) == (200, b"")
    assert not is_accepted(org, grant["access_token"])
    assert refresh(org, app, grant["refresh_token"]).status_code == (400 if which == "refresh_token" else 200)


def test_revoking_an_unknown_token_is_an_error(org):
    reply = requests.get(f"{org.url}/services/oauth2/revoke", params={"token": "nothing"})

    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_token")


def test_the_sixth_approval_silently_revokes_the_oldest(org, app):
    browser = Browser(org)
    consent = browser.log_in(browser.open(app))
    bodies = []
    for _ in range(6):
        bodies.append(trade_code(org, app, answer_of(browser.submit(consent, decision="allow"))["code"]).json())

    assert [is_accepted(org, body["access_token"]) for body in bodies] == [False, True, True, True, True, True]
    assert refresh(org, app, bodies[0]["refresh_token"]).json() == EXPIRED


def test_the_five_approvals_rule_can_be_switched_off(org, app):
    org.settings(approvals_limit=None)
    browser = Browser(org)
    consent = browser.log_in(browser.open(app))
    bodies = [
        trade_code(org, app, answer_of(browser.submit(consent, decision="allow"))["code"]).json() for _ in range(6)
    ]

    assert all(is_accepted(org, body["access_token"]) for body in bodies)


@pytest.mark.parametrize(
    ("fields", "error", "description"),
    [
        ({"client_id": "test"}, "invalid_client_id", "client identifier invalid"),
        ({"client_secret": "wrong"}, "invalid_client", "invalid client credentials"),
        ({"client_secret": None}, "invalid_client", "invalid client credentials"),
        ({"grant_type": "magic"}, "unsupported_grant_type", "grant type not supported"),
        ({"password": "wrong"}, "invalid_grant", "authentication failure"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant", "expired access/refresh token"),
    ],
)
def test_the_token_endpoint_refuses_in_the_catalogues_words(org, app, fields, error, description):
    asked = {"grant_type": "password", "username": app["client_id"], "password": "x", **fields}

    reply = trade(org, app, **asked)

    assert reply.status_code == 400
    assert reply.json() == {"error": error, "error_description": description}


def test_the_username_password_flow_takes_the_security_token(org, app):
    built_in = org.app()
    password = built_in["password"] + built_in["security_token"]

    reply = trade(org, app, grant_type="password", username=built_in["username"], password=password)

    assert is_accepted(org, reply.json()["access_token"])
    assert "refresh_token" not in reply.json()


def test_client_credentials_come_in_the_body_or_by_http_basic(org, app):
    url = f"{org.url}/services/oauth2/token"
    basic = requests.post(url, data={"grant_type": "client_credentials"}, auth=(app["client_id"], app["client_secret"]))

    assert is_accepted(org, trade(org, app, grant_type="client_credentials").json()["access_token"])
    assert is_accepted(org, basic.json()["access_token"])


@pytest.mark.parametrize("milliseconds", [False, True])
def test_the_jwt_bearer_flow_takes_expiry_in_both_units(org, app, milliseconds):
    expires = time.time() + 60
    claims = {
        "iss": app["client_id"],
        "sub": org.app()["username"],
        "aud": f"{org.url}/",
        "exp": int(expires * 1000) if milliseconds else str(int(expires)),
    }
    assertion = jwt.encode({**claims, "exp": claims["exp"]}, "k" * 32, algorithm="HS256")
    grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer"

    reply = requests.post(f"{org.url}/services/oauth2/token", data={"grant_type": grant_type, "assertion": assertion})

    assert is_accepted(org, reply.json()["access_token"]), reply.text


def test_the_token_endpoint_reads_chunked_bodies(org, app):
    form = f"grant_type=client_credentials&client_id={app['client_id']}&client_secret={app['client_secret']}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    reply = requests.post(
        f"{org.url}/services/oauth2/token", data=iter([form[:9].encode(), form[9:].encode()]), headers=headers
    )

    assert "access_token" in reply.json()


def test_introspection_tells_a_living_token_from_a_dead_one(org, app):
    grant = org.grant()
    url = f"{org.url}/services/oauth2/introspect"
    form = {"client_id": app["client_id"], "client_secret": app["client_secret"], "token": grant["access_token"]}
    alive = requests.post(url, data=form).json()
    org.faults("expire_tokens")

    dead = requests.post(url, data=form).json()

    assert (alive["active"], alive["username"]) == (True, org.app()["username"])
    assert dead == {"active": False}


def test_userinfo_and_identity_name_the_user(org):
    org.user(ANA, first_name="Ana", last_name="Lopez")
    grant = org.grant(ANA)
    headers = {"Authorization": f"Bearer {grant['access_token']}"}

    info = requests.get(f"{org.url}/services/oauth2/userinfo", headers=headers).json()
    identity = requests.get(grant["id"], params={"format": "json", "oauth_token": grant["access_token"]}).json()

    user_id = grant["id"].rsplit("/", 1)[1]
    assert (info["user_id"], info["preferred_username"], info["name"]) == (user_id, ANA, "Ana Lopez")
    assert (identity["user_id"], identity["username"], identity["display_name"]) == (user_id, ANA, "Ana Lopez")
    assert identity["urls"]["rest"].startswith(org.url)


@pytest.mark.parametrize(("token", "said"), [("", "Missing_OAuth_Token"), ("Bearer nothing", "Bad_OAuth_Token")])
def test_userinfo_refuses_bad_tokens_in_plain_text(org, token, said):
    headers = {"Authorization": token} if token else {}

    reply = requests.get(f"{org.url}/services/oauth2/userinfo", headers=headers)

    assert (reply.status_code, reply.text) == (403, said)


@pytest.mark.parametrize("scheme", ["Bearer", "OAuth"])
def test_both_authorization_schemes_are_taken(org, scheme):
    token = org.grant()["access_token"]

    reply = requests.get(f"{org.url}/services/data/v59.0/limits", headers={"Authorization": f"{scheme} {token}"})

    assert reply.status_code == 200


def test_access_tokens_die_after_the_seconds_that_were_set(org):
    api = api_of(org)
    org.settings(access_token_seconds=3600)
    assert api.get("limits").status_code == 200

    org.settings(access_token_seconds=0)

    reply = api.get("limits")
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_the_soap_login_refuses_in_the_form_that_clients_parse(org):
    login = "<login><username>a&amp;b@c.example</username><password>x</password></login>"
    envelope = f"<e:Envelope><e:Body>{login}</e:Body></e:Envelope>"

    reply = requests.post(f"{org.url}/services/Soap/u/59.0", data=envelope, headers={"Content-Type": "text/xml"})

    assert reply.status_code == 500
    assert "<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>" in reply.text
