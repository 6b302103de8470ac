"""Members: added, invited, promoted, removed; an owner always stays."""

from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects import membership
from projects.errors import InvitationRefused, LastOwner, PermissionMissing
from projects.models import AuditEntry, Invitation, Member, Role, User
from tests.factories import make_member, make_user

PAGE = "/settings/members/"


def link_for(email: str, *, by: Member, role: Role = Role.BUILDER) -> str:
    invitation = membership.invite(by.project, email, role, by=by)
    assert isinstance(invitation, Invitation)
    return reverse("projects:join", args=[membership.invitation_token(invitation)])


def role_of(user: User, member: Member) -> str | None:
    return Member.objects.filter(project=member.project, user=user).values_list("role", flat=True).first()


class TestAdding:
    def test_an_account_joins_at_once(self, ana, browser):
        kim = make_user(email="kim@partner.example")

        answer = browser(ana).post(PAGE, {"email": "Kim@Partner.example", "role": "builder"})

        assert answer.status_code == 302
        assert role_of(kim, ana) == Role.BUILDER
        assert not Invitation.objects.exists()
        assert AuditEntry.objects.get(action="member.added").target == "kim@partner.example"

    def test_who_is_a_member_already_is_not_added_again(self, ana, raj, browser):
        answer = browser(ana).post(PAGE, {"email": "RAJ@acme.example", "role": "admin"})

        assert answer.status_code == 422
        assert role_of(raj.user, ana) == Role.VIEWER

    @pytest.mark.parametrize("wrong", [{"email": "nobody"}, {"email": ""}, {"role": "king"}])
    def test_what_is_not_valid_comes_back_with_422(self, ana, browser, wrong):
        answer = browser(ana).post(PAGE, {"email": "kim@partner.example", "role": "viewer"} | wrong)

        assert answer.status_code == 422
        assert not Invitation.objects.exists()

    def test_an_admin_makes_no_owner(self, acme, browser):
        admin = make_member(acme, Role.ADMIN)

        answer = browser(admin).post(PAGE, {"email": "kim@partner.example", "role": "owner"})

        assert answer.status_code == 422
        assert not Invitation.objects.exists()
        with pytest.raises(PermissionMissing):
            membership.invite(acme, "kim@partner.example", Role.OWNER, by=admin)


class TestInvitations:
    def test_a_new_person_signs_up_by_the_link_and_is_a_member(self, ana):
        client, link = Client(), link_for("kim@partner.example", by=ana)

        assert "kim@partner.example" in client.get(link).content.decode()
        signed_up = client.post(
            f"/accounts/signup/?next={link}", {"email": "kim@partner.example", "password1": "a long enough one"}
        )
        assert signed_up["Location"] == link
        client.post(link)

        assert role_of(User.objects.get(email="kim@partner.example"), ana) == Role.BUILDER
        assert client.get("/settings/").context["project"] == ana.project

    def test_who_was_invited_may_sign_up_although_sign_up_is_closed(self, ana, settings):
        settings.SIGN_UP_OPEN = False
        client, link = Client(), link_for("kim@partner.example", by=ana)
        form = {"email": "kim@partner.example", "password1": "a long enough one"}
        assert "closed" in client.post("/accounts/signup/", form).content.decode().lower()
        assert not User.objects.filter(email="kim@partner.example").exists()

        client.get(link)
        client.post(f"/accounts/signup/?next={link}", form)

        assert User.objects.filter(email="kim@partner.example").exists()

    def test_a_link_works_once(self, ana, browser):
        link, kim = link_for("kim@partner.example", by=ana), make_user(email="kim@partner.example")
        browser(kim).post(link)
        Member.objects.get(user=kim).delete()

        again = browser(kim).post(link)

        assert again.status_code == 410
        assert role_of(kim, ana) is None

    def test_a_link_is_for_one_address(self, ana, browser):
        link, other = link_for("kim@partner.example", by=ana), make_user(email="lee@partner.example")

        assert browser(other).post(link).status_code == 410
        assert role_of(other, ana) is None
        assert Invitation.objects.count() == 1

    def test_looking_at_a_link_joins_nobody(self, ana, browser):
        link, kim = link_for("kim@partner.example", by=ana), make_user(email="kim@partner.example")

        browser(kim).get(link)

        assert role_of(kim, ana) is None

    @pytest.mark.parametrize(
        "how", ["withdrawn", "replaced", "expired", "forged", "signed for something else", "inviter left"]
    )
    def test_a_link_that_is_not_good_any_more_joins_nobody(self, acme, ana, browser, how):
        make_member(acme, Role.OWNER)
        link, kim = link_for("kim@partner.example", by=ana), make_user(email="kim@partner.example")
        invitation = Invitation.objects.get()
        match how:
            case "withdrawn":
                browser(ana).post(reverse("projects:withdraw-invitation", args=[invitation.pk]))
            case "replaced":
                User.objects.filter(pk=kim.pk).update(is_active=False)
                link_for("kim@partner.example", by=ana)
                User.objects.filter(pk=kim.pk).update(is_active=True)
            case "expired":
                Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
            case "forged":
                link = link[:-3] + "xyz/"
            case "signed for something else":
                said = {"id": str(invitation.pk), "at": invitation.created_at.timestamp()}
                link = reverse("projects:join", args=[signing.dumps(said, salt="another")])
            case "inviter left":
                ana.delete()

        answer = browser(kim).post(link)

        assert answer.status_code == 410
        assert not Member.objects.filter(user=kim).exists()

    def test_the_link_itself_ends_after_a_week(self, ana, monkeypatch):
        token = membership.invitation_token(membership.invite(ana.project, "kim@partner.example", Role.VIEWER, by=ana))
        Invitation.objects.update(expires_at=timezone.now() + timedelta(days=365))
        monkeypatch.setattr(signing.time, "time", lambda: timezone.now().timestamp() + 7 * 86_400 + 5)

        with pytest.raises(InvitationRefused):
            membership.open_invitation(token)

    def test_links_are_shown_to_admins_only(self, ana, raj, browser):
        link = link_for("kim@partner.example", by=ana)

        assert link in browser(ana).get(PAGE).content.decode()
        assert link not in browser(raj).get(PAGE).content.decode()


class TestRoles:
    def test_an_admin_promotes_a_reader_and_the_log_says_from_what_to_what(self, acme, raj, browser):
        admin = make_member(acme, Role.ADMIN)

        browser(admin).post(reverse("projects:change-role", args=[raj.pk]), {"role": "builder"})

        assert role_of(raj.user, raj) == Role.BUILDER
        assert AuditEntry.objects.get().details == {"before": "viewer", "after": "builder"}

    @pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.VIEWER])
    def test_an_admin_neither_makes_nor_touches_owners(self, acme, ana, raj, browser, role):
        admin, target = make_member(acme, Role.ADMIN), raj if role == Role.OWNER else ana
        client = browser(admin)

        client.post(reverse("projects:change-role", args=[target.pk]), {"role": role})
        client.post(reverse("projects:remove-member", args=[ana.pk]))

        assert (role_of(ana.user, ana), role_of(raj.user, ana)) == (Role.OWNER, Role.VIEWER)
        assert not AuditEntry.objects.exists()

    def test_the_last_owner_can_neither_step_down_nor_leave(self, acme, ana, raj, browser):
        make_member(acme, Role.ADMIN)
        client = browser(ana)

        client.post(reverse("projects:change-role", args=[ana.pk]), {"role": "admin"})
        client.post(reverse("projects:remove-member", args=[ana.pk]))

        assert "needs an owner" in client.get(PAGE).content.decode()
        assert role_of(ana.user, ana) == Role.OWNER
        with pytest.raises(LastOwner):
            membership.remove(ana, by=ana)
        assert not AuditEntry.objects.exists()

    def test_an_owner_leaves_once_there_is_another(self, ana, raj, browser):
        browser(ana).post(reverse("projects:change-role", args=[raj.pk]), {"role": "owner"})

        browser(ana).post(reverse("projects:remove-member", args=[ana.pk]))

        assert list(Member.objects.owners()) == [raj]
        assert AuditEntry.objects.filter(action="member.left").count() == 1

    def test_a_reader_may_leave(self, raj, browser):
        browser(raj).post(reverse("projects:remove-member", args=[raj.pk]))

        assert not Member.objects.filter(pk=raj.pk).exists()

    def test_a_role_that_is_none_changes_nothing(self, ana, raj, browser):
        browser(ana).post(reverse("projects:change-role", args=[raj.pk]), {"role": "king"})

        assert role_of(raj.user, raj) == Role.VIEWER
