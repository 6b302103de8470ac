"""The tutorial, walked through the product's public surfaces: the command line, HTTP as the SDK speaks it, the org's pages.

Everything can be done again: a second `make demo` finds what the first one made and only sends a new event.
"""

import json
import re
import secrets
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any, TypedDict, TypeVar
from urllib.parse import parse_qs, urljoin, urlsplit

import jwt
import requests

from deploy.embedded.known_login import EMAIL, PASSWORD
from deploy.embedded.layout import ROOT, Layout
from deploy.embedded.processes import manage

APP_EVENT, WORKFLOW, USER_ID = "Lead Created", "Create leads", "ana@customer.example"
WAIT_SECONDS = 30.0
T = TypeVar("T")


class TutorialFailed(Exception):
    """A step of the tutorial did not work; the message says which and why."""


class Told(TypedDict):
    facts: dict[str, Any]
    event_to_lead: float
    """Seconds from the event's POST to the Lead in the org."""


class _Steps:
    """Prints each step with what it did and how long it took."""

    def __init__(self) -> None:
        self._number = 0

    def do(self, title: str, action: Callable[[], tuple[str, T]]) -> T:
        self._number += 1
        begun = time.monotonic()
        try:
            said, value = action()
        except requests.RequestException as exc:
            raise TutorialFailed(f"{title}: {exc}") from exc
        print(f"  {self._number:>2}. {title:<34} {said}  ({time.monotonic() - begun:.2f} s)", flush=True)
        return value


def walk_through(layout: Layout) -> Told:
    """Do the whole tutorial; gives the facts that the closing line of `make demo` holds. Raises TutorialFailed."""
    steps = _Steps()
    app = steps.do("The sandbox org's OAuth app", lambda: _sandbox_app(layout))
    steps.do("Sign up in the dashboard", lambda: _sign_up(layout))
    imported = steps.do("Import and deploy Acme's project", lambda: _import(layout, app))
    project_id = imported["project_id"]
    integration_id, workflow_id = imported["integrations"]["salesforce"], imported["workflows"][WORKFLOW]
    steps.do("Make a signing key", lambda: _signing_key(layout, project_id))
    token = steps.do("Sign a user token", lambda: _user_token(layout))
    sdk = _Sdk(layout.base_url, project_id, token)
    credential = steps.do("The end user connects Salesforce", lambda: _connect(sdk, integration_id, app, layout))
    steps.do("The end user switches it on", lambda: _switch_on(sdk, workflow_id, credential))
    lead = _lead()
    begun = time.monotonic()
    receipt = steps.do("Acme sends the App Event", lambda: _send(sdk, lead))
    record = steps.do("The Lead stands in Salesforce", lambda: _wait_for_lead(layout, lead["email"]))
    took = time.monotonic() - begun
    facts = {
        "base_url": layout.base_url,
        "sandbox_url": layout.sandbox_url,
        "acme_url": layout.acme_url,
        "login": {"email": EMAIL, "password": PASSWORD},
        "sandbox_login": {"username": app["username"], "password": app["password"]},
        "sandbox_app": {
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "redirect_uri": f"{layout.base_url}/oauth/callback",
        },
        "project_id": project_id,
        "integration_id": integration_id,
        "workflow_id": workflow_id,
        "app_event": APP_EVENT,
        "user_id": USER_ID,
        "signing_key_file": str(layout.signing_key_file),
        "event_id": receipt["event_id"],
        "run_id": receipt["runs"][0]["id"],
        "lead": record,
    }
    return {"facts": facts, "event_to_lead": took}


class _Sdk:
    """The SDK's HTTP calls for one user."""

    def __init__(self, base_url: str, project_id: str, token: str) -> None:
        self.base_url, self.project_id, self.token = base_url, project_id, token
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, *, prefix: str = "/projects", **options: Any) -> Any:
        response = self.http.request(method, f"{self.base_url}{prefix}/{self.project_id}{path}", timeout=15, **options)
        if not response.ok:
            raise TutorialFailed(f"{method} {path} was answered with {response.status_code}: {response.text[:500]}")
        return response.json() if response.content else None


def _sandbox_app(layout: Layout) -> tuple[str, dict[str, Any]]:
    app: dict[str, Any] = requests.get(f"{layout.sandbox_url}/__org/app", timeout=5).json()
    redirect = f"{layout.base_url}/oauth/callback"
    if redirect not in app["redirect_uris"]:
        wanted = [*app["redirect_uris"], redirect]
        requests.post(f"{layout.sandbox_url}/__org/app", json={"redirect_uris": wanted}, timeout=5).raise_for_status()
    return f"consumer key {app['client_id'][:12]}…", app


def _form(page: requests.Response, contains: str) -> tuple[str, dict[str, str]]:
    """Action and hidden fields of the form on `page` that holds `contains`."""
    for form in re.findall(r"<form\b(?:[^<]|<(?!/form>))*+(?:</form>|\Z)", page.text):
        if contains not in form:
            continue
        action = re.search(r"<form\b[^<>]*\baction=[\"']([^\"']*)", form)
        fields: dict[str, str] = {}
        for tag in re.findall(r"<input\b[^<>]*>", form):
            name, kind, value = (re.search(rf"\b{each}=[\"']([^\"']*)", tag) for each in ("name", "type", "value"))
            if name and kind and kind[1] == "hidden":
                fields[unescape(name[1])] = unescape(value[1]) if value else ""
        return urljoin(page.url, unescape(action[1]) if action and action[1] else page.url), fields
    raise TutorialFailed(f"{page.url} ({page.status_code}) shows no form with “{contains}”.")


def _sign_up(layout: Layout) -> tuple[str, None]:
    http = requests.Session()
    http.trust_env = False
    page = http.get(f"{layout.base_url}/accounts/signup/", timeout=15)
    action, fields = _form(page, "password1")
    answer = http.post(
        action, {**fields, "email": EMAIL, "password1": PASSWORD}, timeout=15, headers={"Referer": page.url}
    )
    if "sessionid" in http.cookies:
        return f"as {EMAIL}", None
    page = http.get(f"{layout.base_url}/accounts/login/", timeout=15)
    action, fields = _form(page, "password")
    answer = http.post(
        action, {**fields, "login": EMAIL, "password": PASSWORD}, timeout=15, headers={"Referer": page.url}
    )
    if "sessionid" not in http.cookies:
        raise TutorialFailed(f"{EMAIL} can neither sign up nor log in ({answer.status_code} at {answer.url}).")
    return f"{EMAIL} is there already", None


def _import(layout: Layout, app: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    printed = manage(
        layout,
        "import_project",
        str(ROOT / "examples" / "acme" / "project.yaml"),
        "--deploy",
        "--owner",
        EMAIL,
        SALESFORCE_CLIENT_ID=app["client_id"],
        SALESFORCE_CLIENT_SECRET=app["client_secret"],
    )
    imported: dict[str, Any] = json.loads(printed)
    (layout.data_dir / "acme" / "settings.json").write_text(json.dumps({"project_id": imported["project_id"]}))
    deployed = (
        ", ".join(f"“{name}” v{number}" for name, number in imported["deployed"].items()) or "nothing new to deploy"
    )
    return f"project {imported['project_id'][:8]}…, {deployed}", imported


def _signing_key(layout: Layout, project_id: str) -> tuple[str, None]:
    if layout.signing_key_file.exists():
        return f"{layout.signing_key_file.name} is there already", None
    made = json.loads(
        manage(layout, "create_signing_key", project_id, "--out", str(layout.signing_key_file), "--name", "Acme demo")
    )
    return f"{made['fingerprint'][:16]}… in {layout.signing_key_file.name}", None


def _user_token(layout: Layout) -> tuple[str, str]:
    """Acme's back end does the same for its page; here it is done by hand, to show how little it is."""
    now = int(time.time())
    key = Path(layout.signing_key_file).read_text()
    token = jwt.encode({"sub": USER_ID, "iat": now, "exp": now + 3600}, key, algorithm="RS256")
    return f"for {USER_ID}", token


def _connect(sdk: _Sdk, integration_id: str, app: dict[str, Any], layout: Layout) -> tuple[str, str]:
    """Connect the user, who is connected already unless the org has another address than at the last demo."""
    entry = sdk.call("GET", "/sdk/me")["integrations"]["salesforce"]
    is_connected, address = entry.get("enabled"), entry.get("providerData", {}).get("instance_url", layout.sandbox_url)
    if is_connected and address == layout.sandbox_url:
        return "connected already", entry["credentialId"]
    browser = requests.Session()
    browser.trust_env = False
    session_id = secrets.token_hex(5)
    query = {
        "action": "salesforce",
        "integrationId": integration_id,
        "userToken": sdk.token,
        "originForPostMessage": layout.acme_url,
        "oauthMetaKeyId": session_id,
    }
    nonce_page = {key: query[key] for key in ("action", "integrationId", "userToken", "originForPostMessage")}
    browser.get(
        f"{sdk.base_url}/projects/{sdk.project_id}/sdk/actions/oauth-nonce",
        params=nonce_page,
        headers={"Referer": f"{query['originForPostMessage']}/"},  # as a browser, whose window Acme's page has opened
        timeout=15,
    ).raise_for_status()
    authorize = sdk.call("GET", "/sdk/actions/build-oauth", prefix="/v2/projects", params=query)["redirectUrl"]
    _log_in_and_consent(browser, authorize, app)
    credential_id = sdk.call("GET", f"/sdk/actions/session-id/{session_id}").get("connectCredentialId")
    if not credential_id:
        raise TutorialFailed("The log-in at the org ended without a connection.")
    sdk.call("DELETE", f"/sdk/actions/session-id/{session_id}")
    anew = f", anew: the org was at {address}" if is_connected else ""
    return f"by the org's own pages, as {app['username']}{anew}", credential_id


def _log_in_and_consent(browser: requests.Session, authorize: str, app: dict[str, Any]) -> None:
    page = browser.get(authorize, timeout=15)
    if 'id="username"' in page.text:
        page = _submit(browser, page, username=app["username"], password=app["password"], Login="Log In")
    if 'id="oaapprove"' in page.text:
        page = _submit(browser, page, oaapprove=None)
    if urlsplit(page.url).path != "/oauth/callback" or "error" in parse_qs(urlsplit(page.url).query):
        raise TutorialFailed(f"The log-in at the org ended at {page.url} ({page.status_code}): {page.text[:300]}")


def _submit(browser: requests.Session, page: requests.Response, **by_id: str | None) -> requests.Response:
    """Fill in and send the form whose elements have these ids; None keeps the element's own value, as a button does."""
    action, fields = _form(page, f'id="{next(iter(by_id))}"')
    for element_id, typed in by_id.items():
        tag = re.search(rf"<(?>[^<>]*?\bid=\"{element_id}\")[^<>]*>", page.text)
        name, value = (re.search(rf"\b{each}=\"([^\"]*)", tag[0] if tag else "") for each in ("name", "value"))
        if name:
            fields[name[1]] = typed if typed is not None else unescape(value[1]) if value else ""
    return browser.post(action, fields, timeout=15)


def _switch_on(sdk: _Sdk, workflow_id: str, credential_id: str) -> tuple[str, None]:
    entry = sdk.call("GET", "/sdk/me")["integrations"]["salesforce"]
    if entry["workflowSettings"].get(workflow_id, {}).get("enabled"):
        return f"“{WORKFLOW}” is on already", None
    headers = {"X-Paragon-Credential": credential_id, "X-Paragon-Configuration-Id": entry["credentialConfigId"]}
    sdk.call("POST", f"/sdk/workflows/{workflow_id}", headers=headers)
    return f"“{WORKFLOW}”", None


def _lead() -> dict[str, str]:
    mark = secrets.token_hex(3)
    return {
        "first_name": "Bo",
        "last_name": f"Lind {mark}",
        "email": f"bo.{mark}@lind.example",
        "company": "Lind & Daughters",
        "title": "Head of Sales",
    }


def _send(sdk: _Sdk, lead: dict[str, str]) -> tuple[str, dict[str, Any]]:
    receipt: dict[str, Any] = sdk.call(
        "POST",
        "/sdk/events/trigger",
        json={"name": APP_EVENT, "payload": lead},
        headers={"Idempotency-Key": secrets.token_hex(8)},
    )
    if not receipt["runs"]:
        raise TutorialFailed(f"The event started no run: {receipt['skipped']}")
    return f"“{APP_EVENT}”, event {receipt['event_id']}", receipt


def _wait_for_lead(layout: Layout, email: str) -> tuple[str, dict[str, Any]]:
    ends_at = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < ends_at:
        records = requests.get(f"{layout.sandbox_url}/__org/records/Lead", params={"limit": 200}, timeout=5).json()
        for record in records if isinstance(records, list) else records.get("records", []):
            if record.get("Email") == email:
                return record["Id"], {key: value for key, value in record.items() if not key.startswith("_")}
        time.sleep(0.005)
    raise TutorialFailed(f"No Lead with {email} within {WAIT_SECONDS:.0f} s. Activity in the dashboard says why.")
