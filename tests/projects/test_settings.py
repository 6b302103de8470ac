"""Settings > General."""

import pytest

from projects.models import AuditEntry, Role
from tests.factories import make_member

PAGE = "/settings/"
CHANGED = {
    "name": " Acme Inc ",
    "payload_policy": "reject",
    "max_token_hours": "12",
    "parked_days": "30",
    "origin": ["https://App.acme.com", "", "http://localhost:*", "https://app.acme.com:443"],
}


def test_an_admin_changes_name_origins_and_policy_and_the_log_says_from_what_to_what(acme, browser):
    admin = make_member(acme, Role.ADMIN)

    answer = browser(admin).post(PAGE, CHANGED)

    assert answer.status_code == 302
    acme.refresh_from_db()
    assert (acme.name, acme.payload_policy) == ("Acme Inc", "reject")
    assert (acme.max_token_hours, acme.parked_days) == (12, 30)
    assert acme.allowed_origins == ["https://app.acme.com", "http://localhost:*"]
    entry = AuditEntry.objects.get(action="project.changed")
    assert entry.actor == admin.user
    assert entry.details["name"] == {"before": "Acme", "after": "Acme Inc"}
    assert entry.details["max_token_hours"] == {"before": 24, "after": 12}
    assert entry.details["parked_days"] == {"before": 7, "after": 30}
    assert set(entry.details) == set(CHANGED) - {"origin"} | {"allowed_origins"}
    assert "Max token hours" in browser(admin).get("/settings/audit/").content.decode()


def test_saving_what_is_already_there_is_no_change(acme, ana, browser):
    same = {"name": acme.name, "payload_policy": acme.payload_policy, "origin": acme.allowed_origins}
    same |= {"max_token_hours": "24", "parked_days": "7"}

    browser(ana).post(PAGE, same)

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        *({"origin": ["acme.com"]}, {"name": " "}, {"payload_policy": "shrug"}),
        *({"max_token_hours": hours} for hours in ("0", "-1", "8761", "", "1e3", "9" * 400)),
        *({"parked_days": days} for days in ("0", "91", "", "x")),
    ],
)
def test_what_is_not_valid_comes_back_as_typed_with_422_and_changes_nothing(acme, ana, browser, wrong):
    answer = browser(ana).post(PAGE, CHANGED | wrong)

    assert answer.status_code == 422
    if "origin" in wrong:
        assert 'value="acme.com"' in answer.content.decode()
        assert "Begin with https://" in answer.content.decode()
    acme.refresh_from_db()
    assert (acme.name, acme.payload_policy) == ("Acme", "accept")
    assert not AuditEntry.objects.exists()


def test_at_most_fifty_origins(acme, ana, browser):
    many = [f"https://a{number}.example" for number in range(51)]

    assert browser(ana).post(PAGE, CHANGED | {"origin": many}).status_code == 422
    assert browser(ana).post(PAGE, CHANGED | {"origin": many[:50]}).status_code == 302


def test_a_new_project_may_be_tried_from_localhost(ana, browser):
    browser(ana).post("/new-project/", {"name": "Second"})

    project = ana.user.memberships.get(project__name="Second").project
    assert project.allowed_origins == ["http://localhost:*", "http://127.0.0.1:*"]
    assert AuditEntry.objects.get(project=project).action == "project.created"
