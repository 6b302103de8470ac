"""The workflow editor and the App Events pages in a real browser, as a builder uses them."""

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect

from integrations.models import Integration
from projects.models import Member, Role
from tests.factories import (
    lead_definition,
    make_app_event,
    make_connected_user,
    make_credential,
    make_integration,
    make_member,
    make_project,
    make_workflow,
    switch_on,
)
from tests.support.axe import faults_of_any_weight, serious_faults
from workflows import deploying
from workflows.definition.schema import SETTING_TYPES
from workflows.editor import saving
from workflows.models import AppEvent, Workflow, WorkflowVersion

ModelBackend = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def ana(transactional_db: None) -> Member:
    return make_member(make_project(), Role.BUILDER, name="Ana Ruiz")


@pytest.fixture
def integration(ana: Member) -> Integration:
    return make_integration(ana.project)


@pytest.fixture
def workflow(integration: Integration) -> Workflow:
    make_app_event(integration.project)
    return make_workflow(integration, name="Sync leads", deployed=False)


@pytest.fixture
def enter(new_context: Callable[..., BrowserContext], server: str) -> Callable[..., Page]:
    """`enter(ana)`: a page of a browser in which that person is logged in."""

    def logged_in(member: Member, **options: Any) -> Page:
        client = Client()
        client.force_login(member.user, backend=ModelBackend)
        context = new_context(base_url=server, **options)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server}])
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"uncaught in the page: {error}"))
        return page

    return logged_in


def card(page: Page, name: str) -> Locator:
    return page.locator(".node-main").filter(has_text=name)


def field(page: Page, name: str) -> Locator:
    """The editor of one input of the step in the panel."""
    return page.locator(f'[data-field="fields.{name}"] .cm-content')


def option(page: Page, label: str) -> Locator:
    """An entry of the open variable menu, by its exact label."""
    words = page.locator(".cm-completionLabel", has_text=re.compile(f"^{re.escape(label)}$"))
    return page.get_by_role("option").filter(has=words)


def choose(page: Page, label: str) -> None:
    """Click an entry of the open menu. What is half typed is saved and found wanting, which moves the page: not before it
    has come to rest, or the click meets another place than the entry's."""
    saved(page)
    option(page, label).click()


def open_editor(page: Page, workflow: Workflow) -> Page:
    page.goto(f"/workflows/{workflow.pk}/")
    expect(page.locator(".node-main").first).to_be_visible()
    return page


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_have_text("Saved")


def fields_of(workflow: Workflow) -> dict[str, Any]:
    workflow.refresh_from_db()
    fields: dict[str, Any] = workflow.draft["steps"][0]["inputs"]["fields"]
    return fields


def open_step(page: Page, workflow: Workflow) -> Page:
    open_editor(page, workflow)
    card(page, "Create Lead").click()
    expect(field(page, "LastName")).to_be_visible()
    return page


def test_the_tutorials_workflow_is_drawn_and_deployed_by_mouse_and_keyboard(ana, integration, enter):
    workflow = make_workflow(integration, name="New workflow", deployed=False, draft={})
    page = open_editor(enter(ana), workflow)
    expect(page.locator("[data-state]")).to_have_text("Never deployed")

    page.get_by_role("button", name="New App Event").click()
    page.get_by_role("textbox", name="Name", exact=False).and_(page.locator(".trigger-new input")).fill("Lead Created")
    page.get_by_role("button", name="Create App Event").click()
    expect(card(page, "Lead Created")).to_be_visible()

    page.get_by_role("button", name="Add a step").click()
    page.get_by_role("menuitem", name="Salesforce: Create record").click()
    expect(page.get_by_role("combobox", name="Record type")).to_be_focused()
    page.keyboard.type("lea")
    page.keyboard.press("Enter")
    expect(card(page, "Create Lead")).to_be_visible()

    field(page, "LastName").click()
    page.keyboard.type("{{last")
    expect(option(page, "last_name")).to_be_visible()
    expect(option(page, "last_name")).to_contain_text("Lovelace")
    page.wait_for_timeout(120)  # CodeMirror takes no choice in the first moments, so that typing on chooses nothing
    page.keyboard.press("Enter")
    expect(field(page, "LastName").locator(".chip")).to_have_text("Lead Created › last_name")
    field(page, "Company").click()
    page.keyboard.type("<<")
    choose(page, "company")
    expect(field(page, "Company").locator(".chip")).to_have_text("Lead Created › company")

    page.get_by_role("combobox", name="Add a field").fill("ema")
    page.keyboard.press("Enter")
    expect(field(page, "Email")).to_be_focused()
    page.locator('[data-field="fields.Email"]').get_by_role("button", name="Insert a variable").click()
    choose(page, "email")
    saved(page)

    page.get_by_role("button", name="Deploy", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Lead Created")
    dialog.get_by_label("Note").fill("The first one")
    dialog.get_by_role("button", name="Deploy version 1").click()

    expect(page.locator("[data-state]")).to_have_text("Live v1")
    version = WorkflowVersion.objects.get(workflow=workflow)
    assert (version.app_event, version.note) == ("Lead Created", "The first one")
    assert version.definition["steps"][0]["key"] == "create_lead"
    assert version.definition["steps"][0]["inputs"] == {
        "record_type": "Lead",
        "fields": {
            "LastName": "{{ trigger.last_name }}",
            "Company": "{{ trigger.company }}",
            "Email": "{{ trigger.email }}",
        },
    }
    assert AppEvent.objects.get().example["last_name"] == "Lovelace"


def test_a_chip_is_deleted_whole_and_copied_as_its_text(ana, workflow, enter):
    page = open_step(enter(ana), workflow)
    expect(field(page, "Email").locator(".chip")).to_have_text("Lead Created › email")

    field(page, "Email").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    field(page, "FirstName").click()
    page.keyboard.press("End")
    page.keyboard.type(" ")
    page.keyboard.press("Control+v")
    expect(field(page, "FirstName").locator(".chip")).to_have_count(2)
    field(page, "Email").click()
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    saved(page)

    expect(field(page, "Email").locator(".chip")).to_have_count(0)
    assert fields_of(workflow)["FirstName"] == "{{ trigger.first_name }} {{ trigger.email }}"
    assert fields_of(workflow)["Email"] == ""


def test_filters_stand_in_the_chip_and_can_be_edited_as_text(ana, workflow, enter):
    page = open_step(enter(ana), workflow)

    field(page, "Email").locator(".chip").dblclick()
    page.keyboard.type("| downc")
    expect(option(page, "downcase")).to_be_visible()
    page.wait_for_timeout(120)
    page.keyboard.press("Tab")
    field(page, "LastName").click()

    expect(field(page, "Email").locator(".chip")).to_have_text("Lead Created › email | downcase")
    saved(page)
    assert fields_of(workflow)["Email"] == "{{ trigger.email | downcase }}"


def test_an_unknown_path_turns_its_chip_red_and_says_why(ana, workflow, enter):
    page = open_step(enter(ana), workflow)

    field(page, "Email").click()
    page.keyboard.press("End")
    page.keyboard.type(" {{ trigger.e_mail }}")

    expect(field(page, "Email").locator(".chip-bad")).to_contain_text("trigger.e_mail")
    expect(field(page, "Email").locator(".chip")).to_have_count(2)
    expect(field(page, "Email").locator(".chip-bad")).to_have_count(1)
    expect(page.locator('[data-field="fields.Email"] .field-error')).to_contain_text("Did you mean trigger.email?")
    expect(page.locator("[data-problem-count]")).to_have_text("1 thing missing")


def test_a_deploy_is_refused_with_links_to_what_is_missing(ana, workflow, enter):
    draft = lead_definition()
    draft["steps"][0]["inputs"]["fields"]["LastName"] = ""
    Workflow.objects.filter(pk=workflow.pk).update(draft=draft)
    page = open_editor(enter(ana), workflow)

    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("This can not be deployed yet")
    page.get_by_role("dialog").get_by_role("button", name="Last Name").click()

    expect(field(page, "LastName")).to_be_focused()
    page.keyboard.type("Lovelace")
    expect(page.locator("[data-problem-count]")).to_be_hidden()
    assert not WorkflowVersion.objects.exists()


def test_a_deploy_says_what_differs_and_an_undeploy_whom_it_stops(ana, workflow, enter):
    deploying.deploy(workflow, by=ana.user)
    switch_on(workflow, make_credential(workflow.integration, make_connected_user(ana.project)))
    page = open_step(enter(ana), workflow)
    expect(page.locator("[data-state]")).to_have_text("Live v1")
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("there is nothing to deploy")
    page.keyboard.press("Escape")

    field(page, "Company").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("Lind AB")
    expect(page.locator("[data-state]")).to_have_text("Live v1 · edited since")
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Lind AB")
    expect(page.get_by_role("dialog")).to_contain_text("One user has it switched on")
    page.get_by_role("button", name="Deploy version 2").click()
    expect(page.locator("[data-state]")).to_have_text("Live v2")

    page.get_by_role("button", name="More about this workflow").click()
    page.get_by_role("button", name="Undeploy").click()
    expect(page.get_by_role("dialog")).to_contain_text("One user has it switched on")
    page.get_by_role("dialog").get_by_role("button", name="Undeploy").click()
    expect(page.locator("[data-state]")).to_have_text("Undeployed")
    workflow.refresh_from_db()
    assert workflow.live_version is None


def test_an_older_version_is_looked_at_and_restored(ana, workflow, enter):
    deploying.deploy(workflow, by=ana.user, note="with a step")
    Workflow.objects.filter(pk=workflow.pk).update(draft=lead_definition(steps=[]))
    page = open_editor(enter(ana), workflow)

    page.get_by_role("button", name="More about this workflow").click()
    page.get_by_role("button", name="Version history").click()
    page.get_by_role("link", name="Version 1").click()
    expect(page.get_by_text("with a step")).to_be_visible()
    card(page, "Create Lead").click()
    expect(field(page, "LastName")).to_have_attribute("contenteditable", "false")
    page.get_by_role("button", name="Restore into the draft").click()
    page.get_by_role("dialog").get_by_role("button", name="Restore into the draft").click()

    expect(page.locator("[data-state]")).to_have_text("Live v1")
    expect(card(page, "Create Lead")).to_be_visible()


def test_cards_are_walked_moved_deleted_and_brought_back_by_keyboard(ana, workflow, enter):
    draft = lead_definition()
    draft["steps"].append({**draft["steps"][0], "key": "second", "name": "Second"})
    Workflow.objects.filter(pk=workflow.pk).update(draft=draft)
    page = open_editor(enter(ana), workflow)
    titles = page.locator(".canvas-flow .node-title")

    card(page, "Lead Created").focus()
    page.keyboard.press("ArrowDown")
    expect(card(page, "Create Lead")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Step name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card(page, "Create Lead")).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    expect(titles).to_have_text(["Lead Created", "Second", "Create Lead"])
    page.keyboard.press("Delete")
    expect(titles).to_have_text(["Lead Created", "Second"])
    page.keyboard.press("Control+z")
    expect(titles).to_have_text(["Lead Created", "Second", "Create Lead"])
    page.keyboard.press("Control+Shift+z")
    expect(titles).to_have_text(["Lead Created", "Second"])
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(titles).to_have_text(["Lead Created", "Second", "Create Lead"])
    saved(page)
    workflow.refresh_from_db()
    assert [step["key"] for step in workflow.draft["steps"]] == ["second", "create_lead"]


def test_a_cards_menu_is_worked_by_keyboard(ana, workflow, enter):
    page = open_editor(enter(ana), workflow)
    more = page.get_by_role("button", name="Create Lead: more")

    more.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Duplicate")).to_be_focused()  # there is nowhere to move a single step to
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    expect(page.get_by_role("menuitem", name="Duplicate")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    expect(page.locator(".canvas-flow .node-title")).to_have_text(["Lead Created", "Create Lead", "Create Lead (copy)"])
    expect(card(page, "Create Lead (copy)")).to_be_focused()


def test_closing_the_panel_leads_back_to_the_workflows_own(ana, workflow, enter):
    page = open_step(enter(ana), workflow)

    page.get_by_role("button", name="Close the panel").click()

    expect(page.get_by_role("heading", name="This workflow")).to_be_visible()
    expect(card(page, "Create Lead")).to_be_focused()


def test_a_workflow_is_given_a_limit_and_a_wrong_one_is_told(ana, workflow, enter):
    page = open_editor(enter(ana), workflow)
    page.get_by_text("Advanced", exact=True).click()
    limit = page.get_by_label("Calls at a time")

    limit.fill("0")
    expect(page.get_by_text("A whole number from 1 to 1,000, or nothing for no limit.")).to_be_visible()
    limit.fill("4")
    expect(page.get_by_text("A whole number from 1 to 1,000")).to_be_hidden()
    expect(page.locator("[data-saved]")).not_to_have_text("Saved")
    saved(page)

    workflow.refresh_from_db()
    assert workflow.draft["concurrency"] == 4
    limit.fill("")
    expect(page.locator("[data-saved]")).not_to_have_text("Saved")
    saved(page)
    workflow.refresh_from_db()
    assert workflow.draft["concurrency"] is None


def test_a_card_is_dragged_to_another_place(ana, workflow, enter):
    draft = lead_definition()
    draft["steps"].append({**draft["steps"][0], "key": "second", "name": "Second"})
    Workflow.objects.filter(pk=workflow.pk).update(draft=draft)
    page = open_editor(enter(ana), workflow)

    page.locator('[data-node="step:second"]').drag_to(page.locator(".connector").first)

    expect(page.locator(".canvas-flow .node-title")).to_have_text(["Lead Created", "Second", "Create Lead"])


def test_somebody_elses_save_is_not_overwritten_unasked(ana, workflow, enter):
    page = open_step(enter(ana), workflow)
    raj = make_member(ana.project, Role.BUILDER, name="Raj").user
    theirs = lead_definition()
    theirs["steps"][0]["inputs"]["fields"]["Company"] = "theirs"
    saving.save_draft(workflow, theirs, revision=1, by=raj)

    field(page, "Company").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("mine")
    expect(page.get_by_role("alert")).to_contain_text("Raj saved this workflow since you opened it")
    assert fields_of(workflow)["Company"] == "theirs"

    page.get_by_role("button", name="Keep mine").click()
    saved(page)
    assert fields_of(workflow)["Company"] == "mine"


def test_a_lost_connection_loses_nothing(ana, workflow, enter):
    page = open_step(enter(ana), workflow)
    page.route("**/draft/", lambda route: route.abort())

    field(page, "Company").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("Lind AB")
    expect(page.locator("[data-saved]")).to_contain_text("Not saved – retrying")
    page.unroute("**/draft/")

    saved(page)
    assert fields_of(workflow)["Company"] == "Lind AB"


def test_a_picklist_offers_its_values_and_a_field_may_be_added_by_its_api_name(ana, workflow, enter):
    page = open_step(enter(ana), workflow)

    page.get_by_role("combobox", name="Add a field").fill("LeadSource")
    page.keyboard.press("Enter")
    field(page, "LeadSource").click()
    choose(page, "Web")
    page.get_by_role("combobox", name="Add a field").fill("Tier__c")
    page.keyboard.press("Enter")
    expect(field(page, "Tier__c")).to_be_focused()
    page.keyboard.type("gold")
    saved(page)

    assert fields_of(workflow)["LeadSource"] == "Web"
    assert fields_of(workflow)["Tier__c"] == "gold"


def test_a_user_setting_is_added_and_read_in_a_step(ana, workflow, enter):
    page = open_step(enter(ana), workflow)

    card(page, "User settings").click()
    page.get_by_role("button", name="Add a setting").click()
    page.keyboard.type("Lead source")
    saved(page)
    card(page, "Create Lead").click()
    field(page, "Company").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("{{lead so")
    choose(page, "Lead source")
    saved(page)

    assert fields_of(workflow)["Company"] == "{{ settings.lead_source }}"
    assert workflow.draft["settings"][0]["title"] == "Lead source"


def test_a_name_changes_in_place(ana, workflow, enter):
    page = open_editor(enter(ana), workflow)

    with page.expect_response("**/details/"):
        page.get_by_role("textbox", name="Workflow name").fill("Leads to Salesforce")
    expect(page).to_have_title("Leads to Salesforce · Isthmus")

    workflow.refresh_from_db()
    assert workflow.name == "Leads to Salesforce"


def test_a_viewer_sees_the_workflow_and_finds_nothing_to_change_it_with(ana, workflow, enter):
    raj = make_member(ana.project, Role.VIEWER, name="Raj")
    page = open_step(enter(raj), workflow)

    expect(field(page, "LastName").locator(".chip")).to_be_visible()
    expect(field(page, "LastName")).to_have_attribute("contenteditable", "false")
    for name in ("Deploy", "Add a step", "Undo"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)


def test_invalid_json_is_refused_in_place_with_line_and_column(ana, enter):
    page = enter(ana)
    page.goto("/app-events/new/")
    page.get_by_label("Name").fill("Lead Created")
    editor = page.locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{\n  "email": oops\n}')

    expect(page.locator("[data-json-problem]")).to_contain_text("Line 2, column 12: A value is missing here")
    page.get_by_role("button", name="Create App Event").click()
    expect(editor).to_be_focused()
    assert not AppEvent.objects.exists()

    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{"email": "a@b.example"}')
    expect(page.locator("[data-json-problem]")).to_be_empty()
    page.get_by_role("button", name="Create App Event").click()
    expect(page.get_by_role("heading", name="Lead Created")).to_be_visible()
    assert AppEvent.objects.get().example == {"email": "a@b.example"}


def test_app_events_are_found_while_one_types(ana, enter):
    make_app_event(ana.project, "Lead Created")
    make_app_event(ana.project, "Invoice Paid")
    page = enter(ana)
    page.goto("/app-events/")

    page.get_by_role("searchbox").fill("invo")
    expect(page.get_by_role("link", name="Lead Created")).to_have_count(0)
    expect(page.get_by_role("link", name="Invoice Paid")).to_be_visible()


def test_a_workflow_is_worked_on_on_a_phone(ana, workflow, enter):
    page = open_editor(enter(ana, viewport={"width": 390, "height": 800}), workflow)

    card(page, "Create Lead").click()
    field(page, "Company").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("{{comp")
    choose(page, "company")
    saved(page)
    page.get_by_role("button", name="Close the panel").click()

    expect(page.get_by_role("button", name="Deploy", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.looks
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_have_no_serious_accessibility_fault(ana, workflow, enter, scheme):
    page = enter(ana, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    faults = []
    for path in ("/app-events/", "/app-events/new/", f"/app-events/{AppEvent.objects.get().pk}/"):
        page.goto(path)
        faults += serious_faults(page.main_frame)
    open_editor(page, workflow)
    faults += serious_faults(page.main_frame)
    for name in ("Lead Created", "Create Lead", "User settings"):
        card(page, name).click()
        page.wait_for_timeout(300)
        faults += serious_faults(page.main_frame)
    card(page, "Create Lead").click()
    field(page, "Email").click()
    page.keyboard.type("{{ nope }} {{")
    expect(page.locator(".variable-menu")).to_be_visible()
    faults += serious_faults(page.main_frame)
    page.keyboard.press("Escape")
    saved(page)
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("can not be deployed")
    faults += serious_faults(page.main_frame)

    assert "\n".join(faults) == ""


EACH_SETTING = [
    {"id": kind.lower(), "title": kind, "type": kind}
    | ({"values": [{"value": "a", "label": "A"}]} if kind == "ENUM" else {})
    for kind in SETTING_TYPES
]


@pytest.mark.looks
@pytest.mark.parametrize("role", [Role.BUILDER, Role.VIEWER])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_panel_of_the_editor_has_an_accessibility_fault(ana, integration, enter, scheme, role):
    """Steps of each type, with and without fields, their rare parts open; the trigger; every kind of setting."""
    make_app_event(integration.project)
    types = [f"{integration.provider.key}.{action.key}" for action in integration.provider.actions.values()]
    fields = {"LastName": "{{ settings.password }}", "HasOptedOutOfEmail": "true", "Nope__c": "", "Email": "{{ nope }}"}
    inputs = [{"record_type": "Lead", "fields": fields}, {"record_type": "Lead", "fields": {}}, {}]
    steps = [
        {"key": f"step_{number}", "type": type, "name": f"Number {number:02}", "inputs": given}
        for number, (type, given) in enumerate(itertools.product(types, inputs))
    ]
    draft = lead_definition(steps=steps, settings=EACH_SETTING)
    workflow = make_workflow(integration, name="Each kind", deployed=False, draft=draft)
    member = ana if role == Role.BUILDER else make_member(ana.project, role)
    page = enter(member, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    open_editor(page, workflow)
    faults = faults_of_any_weight(page.main_frame)

    for name in ("Lead Created", *(step["name"] for step in steps), "User settings"):
        card(page, name).click()
        expect(page.locator(".panel-loading")).to_have_count(0)
        for closed in page.locator(".panel-content details:not([open])").all():
            closed.locator("summary").click()
        faults += [f"{name}: {fault}" for fault in faults_of_any_weight(page.main_frame)]

    assert "\n".join(faults) == ""
