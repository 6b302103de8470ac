"""The audit log: its sentences, its filters, its pages."""

import pytest

from projects import audit_words, auditing
from projects.models import AuditEntry, Role
from tests.factories import make_member

PAGE = "/settings/audit/"


@pytest.mark.parametrize(
    ("action", "target", "details", "words"),
    [
        ("signing_key.revoked", "Production", {"fingerprint": "ab"}, "revoked the signing key Production"),
        ("member.role_changed", "raj@x", {"before": "viewer", "after": "admin"}, "changed raj@x from viewer to admin"),
        ("project.created", "Acme", {}, "created the project Acme"),
        ("workflow.deployed", "Sync leads", {"version": 3}, "deployed the workflow Sync leads"),
        ("workflow.version_restored", "Sync leads", {"version": 3}, "restored a version of the workflow Sync leads"),
        ("integration.settings_saved", "Salesforce", {}, "saved the settings of the integration Salesforce"),
        ("credential.reserve_changed", "raj@org", {}, "changed the API calls reserved in raj@org"),
        ("app_event.created", "Lead Created", {}, "created the app event Lead Created"),
        ("member.added", "raj@x", {}, "added the member raj@x"),
        ("imported", "", {}, "imported"),
        ("signing_key.created", "{target.__class__}", {}, "generated the signing key {target.__class__}"),
    ],
)
def test_a_change_reads_as_a_sentence(action, target, details, words):
    assert audit_words.sentence(AuditEntry(action=action, target=target, details=details)) == words


def test_an_account_is_connected_by_the_end_user_and_by_no_command(acme, ana, browser):
    auditing.record(acme, "credential.connected", by=None, target="admin@org", user_id="<ana>@customer.example")

    page = browser(ana).get(PAGE).content.decode()

    assert "The user &lt;ana&gt;@customer.example" in page
    assert "A command" not in page


def test_details_say_what_the_sentence_does_not():
    entry = AuditEntry(
        action="project.changed",
        details={"allowed_origins": {"before": [], "after": ["https://a.example"]}, "is_on": True, "note": ""},
    )

    assert audit_words.details(entry) == [("Allowed origins", "none → https://a.example"), ("Is on", "yes")]


def test_details_are_left_out_only_where_the_sentence_has_them():
    reserve = AuditEntry(action="credential.reserve_changed", target="raj@org", details={"percent": 30, "before": 20})
    role = AuditEntry(action="member.role_changed", target="raj@x", details={"before": "viewer", "after": "admin"})

    assert audit_words.details(reserve) == [("Percent", "30"), ("Before", "20")]
    assert audit_words.details(role) == []


def test_the_page_shows_the_newest_first_and_only_this_project(acme, ana, stranger, browser):
    auditing.record(acme, "workflow.deployed", by=ana.user, target="First")
    auditing.record(acme, "workflow.deployed", by=None, target="Second")
    auditing.record(stranger.project, "workflow.deployed", by=stranger.user, target="Secret")

    page = browser(ana).get(PAGE).content.decode()

    assert page.index("Second") < page.index("First")
    assert "A command" in page
    assert "Secret" not in page
    assert stranger.user.email not in page


def test_it_is_narrowed_by_person_and_by_kind_of_change(acme, ana, browser):
    bob = make_member(acme, Role.ADMIN, email="bob@acme.example", name="Bob")
    auditing.record(acme, "workflow.deployed", by=bob.user, target="Bobs")
    auditing.record(acme, "workflow.deployed", by=ana.user, target="Anas")
    auditing.record(acme, "member.added", by=bob.user, target="kim@x.example", role="viewer")

    page = browser(ana).get(PAGE, {"person": bob.user.pk, "action": "workflow.deployed"}).content.decode()

    assert "Bobs" in page
    assert "Anas" not in page
    assert "kim@x.example" not in page


@pytest.mark.parametrize("query", [{"person": "x"}, {"person": "9" * 30}, {"action": "no.such"}, {"person": "²"}])
def test_a_filter_that_fits_nothing_says_so(acme, ana, browser, query):
    auditing.record(acme, "workflow.deployed", by=ana.user, target="Anas")

    answer = browser(ana).get(PAGE, query)

    assert answer.status_code == 200
    assert "No such change" in answer.content.decode()


def test_long_logs_have_pages_that_keep_the_filter(acme, ana, browser):
    for number in range(51):
        auditing.record(acme, "workflow.deployed", by=ana.user, target=f"Workflow {number}")

    first = browser(ana).get(PAGE, {"action": "workflow.deployed"}).content.decode()
    second = browser(ana).get(PAGE, {"action": "workflow.deployed", "page": 2}).content.decode()

    assert "1–50 of 51" in first
    assert "?action=workflow.deployed&amp;page=2" in first
    assert second.count("deployed the workflow") == 1
    assert browser(ana).get(PAGE, {"page": "999"}).status_code == 200


def test_what_somebody_typed_is_text_on_the_page(acme, ana, browser):
    auditing.record(acme, "workflow.deployed", by=ana.user, target="<script>alert(1)</script>")

    assert "<script>alert" not in browser(ana).get(PAGE).content.decode()
