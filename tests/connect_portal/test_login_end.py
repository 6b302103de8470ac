"""The end of a log-in: all of it or nothing, whenever the process dies, and never for another org."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse

from integrations.models import AccountLogin, Configuration, Credential, OAuthAttempt
from integrations.providers.salesforce import pool
from tests.connect_portal.conftest import Cast
from tests.connect_portal.test_popups import BASE_URL, Popup, data_of, hidden_fields
from tests.factories import make_run, make_workflow
from tests.support.finish_login import KILLED, POINTS
from tests.support.processes import run_module
from tests.support.salesforce_login import go_through
from tests.support.sandbox import SandboxOrg
from workflows.models import Lane, Run, RunState, WorkflowSetting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def org(running_org: SandboxOrg, settings: Any, cast: Cast) -> SandboxOrg:
    running_org.reset()
    app = running_org.app(redirect_uris=[f"{BASE_URL}/oauth/callback"])
    settings.SALESFORCE_LOGIN_URL, settings.BASE_URL = running_org.url, BASE_URL
    pool.clear()
    cast.integration.client_id, cast.integration.client_secret = app["client_id"], app["client_secret"]
    cast.integration.save()
    return running_org


@pytest.fixture
def other_org(other_running_org: SandboxOrg) -> SandboxOrg:
    other_running_org.reset()
    other_running_org.app(redirect_uris=[f"{BASE_URL}/oauth/callback"])
    return other_running_org


def everything() -> list[list[dict[str, Any]]]:
    """All that the end of a log-in writes, but for the attempt's own row."""
    models = (Credential, Configuration, AccountLogin, Lane, WorkflowSetting, Run)
    return [list(model.objects.order_by("pk").values()) for model in models]


def come_back(popup: Popup, org: SandboxOrg, **build: str) -> dict[str, str]:
    """Log in at the org; gives the query of the callback."""
    popup.nonce()
    app = org.app()
    return go_through(popup.build(**build).json()["redirectUrl"], app["username"], app["password"])


@pytest.mark.parametrize("is_known", [True, False], ids=["again", "for the first time"])
@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_dies_at_the_end_of_a_log_in_leaves_no_half(
    cast: Cast, org: SandboxOrg, point: str, is_known: bool
) -> None:
    wanted = make_workflow(cast.integration, name="Wanted", enabled_by_default=True)
    if is_known:
        Popup(cast).log_in(org)
        WorkflowSetting.objects.all().delete()
        Credential.objects.update(status="INVALID", status_reason="Withdrawn.")
        make_run(cast.workflow, Credential.objects.get(), state=RunState.PARKED)
    before = everything()
    back = come_back(Popup(cast), org)

    died = run_module(
        "tests.support.finish_login",
        point,
        back["state"],
        back["code"],
        BASE_URL=BASE_URL,
        SALESFORCE_LOGIN_URL=org.url,
    )

    assert died.returncode == KILLED, died.stderr
    assert everything() == before
    assert OAuthAttempt.objects.order_by("created_at").last().credential is None

    Popup(cast).log_in(org)
    assert Credential.objects.get().status == "VALID" and Lane.objects.count() == 1
    assert WorkflowSetting.objects.get().workflow == wanted
    assert not Run.objects.filter(state=RunState.PARKED).exists()


def refused(
    cast: Cast, org: SandboxOrg, other_org: SandboxOrg, settings: Any, **options: Any
) -> tuple[Popup, HttpResponse]:
    """Connect to `org`, park a run, and renew with a log-in at `other_org`; gives the popup and its last page."""
    Popup(cast).log_in(org)
    credential = Credential.objects.get()
    Credential.objects.update(status="INVALID", status_reason="Withdrawn.")
    make_run(cast.workflow, credential, state=RunState.PARKED)
    settings.SALESFORCE_LOGIN_URL = other_org.url
    popup = Popup(cast)
    wanted = {"selectedCredentialId": str(credential.pk), **options}
    page = popup.callback(**come_back(popup, other_org, installOptions=json.dumps(wanted), oauthMetaKeyId="again"))
    return popup, page


def test_a_renewal_from_another_org_resumes_nothing_and_says_what_to_do(
    cast: Cast, org: SandboxOrg, other_org: SandboxOrg, settings: Any
) -> None:
    _, page = refused(cast, org, other_org, settings)

    text = page.content.decode()
    assert page.status_code == 400 and "That is another Salesforce account" in text
    assert "bo@other.example" in text and "admin@sandbox.example" in text and "disconnect the account" in text
    assert "Add as another account" not in text
    assert data_of(page)["message"]["errorResponse"]["code"] == "other_org"
    assert Run.objects.get().state == RunState.PARKED and Credential.objects.get().status == "INVALID"
    assert cast.sdk("GET", "/sdk/actions/session-id/again").json() == {}


def test_where_several_accounts_are_allowed_the_other_one_can_be_added_on_the_spot(
    cast: Cast, org: SandboxOrg, other_org: SandboxOrg, settings: Any
) -> None:
    popup, page = refused(cast, org, other_org, settings, allowMultipleCredentials=True)
    assert "Add as another account" in page.content.decode() and page["Referrer-Policy"] == "strict-origin"

    sent_on = popup.browser.post("/oauth/add-account", hidden_fields(page))
    app = other_org.app()
    attempt = OAuthAttempt.objects.order_by("created_at").last()
    address = sent_on.content.decode().split('content="0;url=')[1].split('"')[0].replace("&amp;", "&")
    done = popup.callback(**go_through(address, app["username"], app["password"]))

    assert attempt is not None and "selectedCredentialId" not in attempt.install_options
    first, second = Credential.objects.order_by("created_at")
    assert done.status_code == 200 and (first.status, second.status) == ("INVALID", "VALID")
    assert first.provider_id != second.provider_id
    run = Run.objects.get()
    assert (run.state, run.lane_id) == (RunState.PARKED, first.pk)
    assert cast.sdk("GET", "/sdk/actions/session-id/again").json() == {"connectCredentialId": str(second.pk)}


def test_only_the_browser_of_a_refused_log_in_adds_an_account_by_it(
    cast: Cast, org: SandboxOrg, other_org: SandboxOrg, settings: Any
) -> None:
    popup, page = refused(cast, org, other_org, settings, allowMultipleCredentials=True)
    fields = hidden_fields(page)
    stranger = Popup(cast)
    csrf = hidden_fields(Popup(cast, referer=None).nonce())["csrfmiddlewaretoken"]
    stranger.browser.cookies["csrftoken"] = csrf

    theirs = stranger.browser.post("/oauth/add-account", {"state": fields["state"], "csrfmiddlewaretoken": csrf})
    without = popup.browser.post("/oauth/add-account", {"state": fields["state"]})
    unknown = popup.browser.post("/oauth/add-account", fields | {"state": "made-up"})

    assert [answer.status_code for answer in (theirs, without, unknown)] == [400, 403, 400]
    assert OAuthAttempt.objects.count() == 2


def test_no_account_is_added_by_a_log_in_that_was_refused_for_another_reason(cast: Cast, org: SandboxOrg) -> None:
    popup, app = Popup(cast), org.app()
    popup.nonce()
    start = popup.build(installOptions=json.dumps({"allowMultipleCredentials": True})).json()["redirectUrl"]
    back = go_through(start, app["username"], app["password"], allow=False)
    popup.callback(**back)
    csrf = hidden_fields(Popup(cast, referer=None).nonce())["csrfmiddlewaretoken"]
    popup.browser.cookies["csrftoken"] = csrf

    answer = popup.browser.post("/oauth/add-account", {"state": back["state"], "csrfmiddlewaretoken": csrf})

    assert answer.status_code == 400 and OAuthAttempt.objects.count() == 1
