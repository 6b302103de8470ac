"""Who may enter: every view meets somebody without an account, the stranger from Globex, and Raj who may only read."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects import urls
from projects.models import AuditEntry, Invitation, Member, Project, Role, SigningKey
from tests.factories import make_member, make_signing_key

FOREVER = timezone.now() + timedelta(days=3650)
OPEN_TO_ANYBODY = {"join"}
NOT_ABOUT_A_PROJECT = {"create", "switch"}


@pytest.fixture
def rows(acme):
    """One row of each kind, of Acme."""
    return {
        "key_id": make_signing_key(acme, name="Acme server").pk,
        "member_id": make_member(acme, Role.BUILDER, email="bob@acme.example").pk,
        "invitation_id": Invitation.objects.create(
            project=acme, email="kim@x.example", role="viewer", expires_at=FOREVER
        ).pk,
    }


# Every view of the room: how a reader's request to it ends, and the body of a request that would change something.
READS = ["home", "settings", "signing-keys", "token-generator", "members", "audit"]
CHANGES = {
    "settings": {"name": "Taken over", "payload_policy": "reject", "origin": ["https://evil.example"]},
    "signing-keys": {"name": "Mine"},
    "revoke-signing-key": {},
    "members": {"email": "friend@evil.example", "role": "admin"},
    "change-role": {"role": "admin"},
    "remove-member": {},
    "withdraw-invitation": {},
}


def address(name, rows):
    wanted = {route.name: str(route.pattern) for route in urls.urlpatterns}[name]
    return reverse(f"projects:{name}", kwargs={key: value for key, value in rows.items() if f":{key}>" in wanted})


def everything():
    """All that these requests might change."""
    tables = (Project, Member, SigningKey, Invitation, AuditEntry)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def test_every_view_of_the_room_stands_in_these_tables():
    assert {route.name for route in urls.urlpatterns} == set(READS) | set(
        CHANGES
    ) | OPEN_TO_ANYBODY | NOT_ABOUT_A_PROJECT


@pytest.mark.parametrize("name", sorted({*READS, *CHANGES, *NOT_ABOUT_A_PROJECT}))
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_an_account_every_view_leads_to_the_log_in_and_changes_nothing(rows, name, method):
    before = everything()

    answer = getattr(Client(), method)(address(name, rows), CHANGES.get(name, {}))

    assert answer.status_code in {302, 405}
    if answer.status_code == 302:
        assert answer["Location"].startswith("/accounts/login/?next=/")
    assert everything() == before


@pytest.mark.parametrize("name", READS)
def test_a_reader_may_look(raj, rows, browser, name):
    assert browser(raj).get(address(name, rows)).status_code in {200, 302}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_reader_is_refused_with_403_and_nothing_changes(raj, rows, browser, name):
    before, client = everything(), browser(raj)

    answer = client.post(address(name, rows), CHANGES[name])

    if name == "remove-member":  # the view by which everybody may leave refuses in a message
        assert "does not allow that" in client.get(answer["Location"]).content.decode()
    else:
        assert answer.status_code == 403
    assert everything() == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.BUILDER])
def test_a_fragments_refusal_is_plain_text_that_a_toast_can_show(acme, browser, role):
    member = make_member(acme, role)

    answer = browser(member).post("/settings/signing-keys/", {"name": ""}, headers={"HX-Request": "true"})

    assert answer.status_code == 403
    assert answer.content.decode() == f"Your role in this project is {role}; this needs admin."


@pytest.mark.parametrize("name", ["revoke-signing-key", "change-role", "remove-member", "withdraw-invitation"])
def test_the_stranger_gets_404_for_another_projects_rows_and_nothing_changes(stranger, rows, browser, name):
    before = everything()

    answer = browser(stranger).post(address(name, rows), CHANGES[name])

    assert answer.status_code == 404
    assert everything() == before


@pytest.mark.parametrize("name", ["settings", "signing-keys", "token-generator", "members", "audit"])
def test_the_stranger_sees_nothing_of_another_project(acme, ana, stranger, rows, browser, name):
    key = SigningKey.objects.get()

    page = browser(stranger).get(address(name, rows)).content.decode()

    for secret in (str(acme.pk), key.fingerprint, "Acme server", ana.user.email, "kim@x.example"):
        assert secret not in page


@pytest.mark.parametrize("wanted", ["acme", "not-an-id", ""])
def test_nobody_switches_to_a_project_that_is_not_theirs(acme, stranger, browser, wanted):
    client = browser(stranger)

    answer = client.post("/switch-project/", {"project": str(acme.pk) if wanted == "acme" else wanted})

    assert answer.status_code == 404
    assert "Globex" in client.get("/settings/").content.decode()


def test_switching_changes_what_every_page_is_about(ana, browser):
    other = make_member(role=Role.VIEWER).project
    Member.objects.create(project=other, user=ana.user, role=Role.VIEWER)
    Project.objects.filter(pk=other.pk).update(name="Second")
    client = browser(ana)
    assert str(ana.project.pk) in client.get("/settings/").content.decode()

    client.post("/switch-project/", {"project": str(other.pk)})

    page = client.get("/settings/").content.decode()
    assert str(other.pk) in page
    assert "Save changes" not in page


def test_who_is_removed_loses_access_at_once(ana, raj, browser):
    client = browser(raj)
    assert client.get("/settings/").status_code == 200

    raj.delete()

    assert client.get("/settings/")["Location"] == "/new-project/"


def test_a_fragment_of_somebody_logged_out_sends_the_whole_page_to_the_log_in():
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/activity/?status=failed"}

    answer = Client().get("/settings/", headers=headers)

    assert answer["HX-Redirect"] == "/accounts/login/?next=/activity/%3Fstatus%3Dfailed"


def test_page_and_fragment_are_not_mixed_up_by_a_cache(ana, browser):
    assert "HX-Request" in browser(ana).get("/settings/audit/")["Vary"]
