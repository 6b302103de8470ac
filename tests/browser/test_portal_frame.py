"""The portal's frame in a page that means harm: a member of a project visits it, logged in, and does nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, FrameLocator, Page, Route, expect

from projects.models import Invitation, Member, Project
from tests.factories import bearer, make_integration, make_member, make_project, make_signing_key, user_token
from tests.support.plain_pages import plain_page

ModelBackend = "django.contrib.auth.backends.ModelBackend"
GADGET = (
    "<div id=stage></div><div hx-get=/settings/members/ hx-trigger=load hx-target=#stage>x</div>"
    "<div hx-post=/settings/members/ hx-trigger='load delay:100ms' hx-include='#stage [name=csrfmiddlewaretoken]' "
    "hx-vals='{&quot;email&quot;:&quot;mallory@evil.example&quot;,&quot;role&quot;:&quot;owner&quot;}'>y</div>"
    "<img src=/nope onerror=parent.postMessage('pwned','*')>"
)
PAGE = """<!doctype html><title>Prizes</title><iframe id="frame" src="%s/ui" width="900" height="700"></iframe>
<script>
  const frame = document.getElementById("frame");
  window.heard = [];
  addEventListener("message", ({ data }) => {
    window.heard.push(data);
    if (data.messageType !== "SDK_FUNCTION_INVOCATION") return;
    window.tell({ messageType: "SDK_FUNCTION_RESPONSE", id: data.id, type: data.type, result: null });
  });
  window.tell = (message) => frame.contentWindow.postMessage(message, "*");
</script>"""


@dataclass
class Visit:
    """Ana, an owner of Acme, on Mallory's page. Mallory has a project of her own, with a key."""

    page: Page
    mallorys: Project
    integration_id: str
    asked: list[str] = field(default_factory=list)

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("#frame")

    def tell(self, project_id: Any) -> None:
        user = {"token": user_token("mallory", 1), "integrations": {}}
        integration = {"id": self.integration_id, "type": "salesforce"}
        context = {"projectId": project_id, "user": user}
        message = {"messageType": "UI_UPDATE", "nextContext": context, "nextModalState": {"integration": integration}}
        self.page.evaluate("(message) => window.tell(message)", message)

    @property
    def paths(self) -> set[str]:
        return {urlsplit(url).path for url in self.asked}

    def answer_card(self, body: str, **headers: str) -> None:
        """Have the card's address answer something else."""

        def answer(route: Route) -> None:
            route.fulfill(status=200, body=body, content_type="text/html", headers=headers)

        self.page.route("**/ui/*/card?*", answer)


@pytest.fixture
def visit(
    new_context: Callable[..., BrowserContext], server: str, transactional_db: None, settings: Any
) -> Iterator[Visit]:
    ana = make_member(make_project(), email="ana@acme.example")
    mallorys = make_project(name="Mallory's")
    make_signing_key(mallorys, number=1)
    integration = make_integration(mallorys)
    client = Client()
    kept = client.patch(
        f"/projects/{mallorys.pk}/sdk/me",
        json.dumps({"meta": {"h": GADGET}}),
        content_type="application/json",
        headers=bearer(user_token("mallory", 1)),
    )
    assert kept.status_code == 204
    client.force_login(ana.user, backend=ModelBackend)
    context = new_context()
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server}])
    with plain_page(PAGE % server) as address:
        page = context.new_page()
        found = Visit(page, mallorys, str(integration.pk))
        page.on("request", lambda request: found.asked.append(request.url))
        page.goto(address)
        expect(found.frame.locator("[data-card]")).to_be_attached()
        page.wait_for_function("document.readyState === 'complete'")
        yield found
        page.goto("about:blank")


def test_a_host_page_can_not_have_the_frame_fetch_or_show_anything_but_fragments(visit: Visit) -> None:
    mine = str(visit.mallorys.pk)
    for harm in (
        "../settings/members/?x=",
        f"../projects/{mine}/sdk/me?x=",
        f"{mine}/../../projects/{mine}/sdk/me?x=",
        f"{mine}/../../settings/members/?x=",
        "%2e%2e/settings/members/?x=",
        "//localhost/x",
        7,
        [mine],
    ):
        visit.tell(harm)
    visit.tell(mine)  # messages are read in their order: once this one is shown, the others have been

    expect(visit.frame.get_by_role("heading", level=1, name="Salesforce")).to_be_visible()
    fetched = {path for path in visit.paths if not path.startswith("/static/")}
    assert fetched == {"/", "/ui", f"/ui/{mine}/card"}
    assert Member.objects.filter(project__name="Acme").count() == 1 and not Invitation.objects.exists()
    assert "pwned" not in visit.page.evaluate("window.heard")


def test_an_answer_that_does_not_say_that_it_is_a_fragment_is_not_shown(visit: Visit) -> None:
    visit.answer_card(f"<p>Members of Acme</p>{GADGET}")

    visit.tell(str(visit.mallorys.pk))

    expect(visit.frame.get_by_role("heading", name="This can not be shown now")).to_be_visible()
    expect(visit.frame.get_by_text("Members of Acme")).to_have_count(0)
    assert "/settings/members/" not in visit.paths


def test_nothing_inside_of_a_fragment_is_obeyed_by_htmx(visit: Visit) -> None:
    visit.answer_card(f"<p>Hello</p>{GADGET}<script src=/static/popup.js></script>", **{"X-Isthmus-Fragment": "portal"})

    visit.tell(str(visit.mallorys.pk))

    expect(visit.frame.get_by_text("Hello")).to_be_visible()
    expect(visit.frame.locator("#card")).not_to_have_attribute("aria-busy", "true")  # htmx has settled
    visit.page.unroute_all()
    visit.page.evaluate("window.tell({ messageType: 'UI_UPDATE' })")  # closes
    visit.tell(str(visit.mallorys.pk))
    expect(visit.frame.get_by_role("heading", level=1, name="Salesforce")).to_be_visible()
    assert not {"/settings/members/", "/static/popup.js"} & visit.paths
    assert "pwned" not in visit.page.evaluate("window.heard")
