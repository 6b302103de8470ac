"""Members: added, invited, promoted, removed; an owner always stays."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail, signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects import membership
from projects.errors import InvitationRefused, LastOwner, PermissionMissing
from projects.models import AuditEntry, Invitation, Member, Role, User
from tests.factories import make_member, make_project, make_user

PAGE = "/settings/members/"


def link_for(email: str, *, by: Member, role: Role = Role.BUILDER) -> str:
    invitation = membership.invite(by.project, email, role, by=by)
    assert isinstance(invitation, Invitation)
    return reverse("projects:join", args=[membership.invitation_token(invitation)])


def stable(link: str) -> str:
    """The link without the second in which it was signed, which is another each time it is shown."""
    return link.partition(":")[0]


def role_of(user: User, member: Member) -> str | None:
    return Member.objects.filter(project=member.project, user=user).values_list("role", flat=True).first()


def prove(user: User) -> None:
    """As the link of a mail to the address does."""
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)


def make_colleague(of: Member, email: str) -> User:
    """Somebody who is in another project together with `of`."""
    elsewhere = make_member(make_project(name="Acme Labs"), Role.OWNER, email=email)
    Member.objects.create(project=elsewhere.project, user=of.user, role=Role.VIEWER)
    return elsewhere.user


class TestAdding:
    def test_a_colleague_who_has_proved_the_address_joins_at_once(self, ana, browser):
        kim = make_colleague(ana, "kim@partner.example")
        prove(kim)

        answer = browser(ana).post(PAGE, {"email": "Kim@Partner.example", "role": "builder"})

        assert answer.status_code == 302
        assert role_of(kim, ana) == Role.BUILDER
        assert not Invitation.objects.exists()
        assert AuditEntry.objects.get(action="member.added").target == "kim@partner.example"

    @pytest.mark.parametrize("how", ["signed up first", "changed the address", "added the address", "is a colleague"])
    def test_an_address_without_a_proof_gains_nothing(self, ana, browser, how):
        """By whichever way the account came to it, and although the account's first address may be proved."""
        wanted = "new.ceo@acme.example"
        mallory = Client()
        first = wanted if how == "signed up first" else "mallory@evil.example"
        mallory.post("/accounts/signup/", {"email": first, "password1": "a long enough one"})
        account = User.objects.get(email=first)
        if how == "is a colleague":
            make_member(make_project(), Role.OWNER, email="eve@evil.example")
            shared = Member.objects.create(project=make_project(name="Shared"), user=ana.user, role=Role.VIEWER).project
            Member.objects.create(project=shared, user=account, role=Role.OWNER)
        if how != "signed up first":
            mallory.post("/accounts/reauthenticate/", {"password": "a long enough one"})
            mallory.post("/accounts/email/", {"action_add": "", "email": wanted})
            assert EmailAddress.objects.get(user=account, email=wanted).verified is False
        if how == "changed the address":
            mallory.post("/accounts/email/", {"action_primary": "", "email": wanted})
            assert User.objects.get(pk=account.pk).email == wanted

        browser(ana).post(PAGE, {"email": wanted, "role": "admin"})

        assert role_of(account, ana) is None
        assert Invitation.objects.get().email == wanted
        assert mallory.get(PAGE).status_code != 200 or ana.project.name not in mallory.get(PAGE).content.decode()

    def test_the_page_does_not_tell_whether_an_address_has_an_account(self, ana, browser):
        """A proof does not help: who shares no project with Ana is a stranger."""
        prove(make_user(email="has.one@partner.example"))
        make_user(email="unproved@partner.example")
        told = set()

        for name in ("has.one", "unproved", "has.none"):
            answer = browser(ana).post(PAGE, {"email": f"{name}@partner.example", "role": "viewer"}, follow=True)
            messages = [str(each) for each in answer.context["messages"]]
            told.add((*answer.redirect_chain, *(each.replace(name, "NAME") for each in messages)))
            Invitation.objects.all().delete()

        assert len(told) == 1
        assert Member.objects.for_project(ana.project).count() == 1

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

    def test_who_has_to_confirm_the_address_first_is_led_back_to_the_invitation(self, ana, settings):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        client, link = Client(), link_for("kim@partner.example", by=ana)
        form = {"email": "kim@partner.example", "password1": "a long enough one"}
        client.get(link)
        client.post(f"/accounts/signup/?next={link}", form)
        assert client.get("/settings/").status_code == 302  # not in yet
        [confirm] = re.findall(r"http://[^/]+(/accounts/confirm-email/\S+)", mail.outbox[-1].body)

        client.post(confirm)
        answer = client.post("/accounts/login/", {"login": form["email"], "password": form["password1"]})
        assert answer["Location"].startswith(stable(link))
        client.post(answer["Location"])

        kim = User.objects.get(email="kim@partner.example")
        assert role_of(kim, ana) == Role.BUILDER
        assert EmailAddress.objects.get(user=kim).verified

    def test_who_was_invited_may_sign_up_although_sign_up_is_closed(self, ana, settings):
        settings.SIGN_UP_OPEN = False
        client, link = Client(), link_for("kim@partner.example", by=ana)
        form = {"email": "kim@partner.example", "password1": "a long enough one"}
        assert "closed" in client.post("/accounts/signup/", form).content.decode().lower()
        assert not User.objects.filter(email="kim@partner.example").exists()

        client.get(link)
        client.post(f"/accounts/signup/?next={link}", form)

        assert User.objects.filter(email="kim@partner.example").exists()

    @pytest.mark.parametrize("proved", [True, False])
    def test_the_link_brings_in_an_account_with_its_address_proved_or_not(self, ana, browser, proved):
        kim = make_user(email="kim@partner.example")
        if proved:
            prove(kim)
        link = link_for("kim@partner.example", by=ana)

        browser(kim).post(link)

        assert role_of(kim, ana) == Role.BUILDER
        assert EmailAddress.objects.filter(user=kim, verified=True).exists() is proved

    def test_a_link_of_a_project_of_ones_own_proves_nothing_to_others(self, ana, stranger, browser):
        """Hank invites an address that is not his to Globex, takes the link himself, and waits for Acme to add it."""
        fake = make_user(email="new.ceo@acme.example")
        browser(fake).post(link_for("new.ceo@acme.example", by=stranger))

        browser(ana).post(PAGE, {"email": "new.ceo@acme.example", "role": "admin"})

        assert role_of(fake, stranger) == Role.BUILDER
        assert role_of(fake, ana) is None

    def test_an_owners_link_is_not_shown_to_an_admin_who_could_take_it(self, acme, ana, browser):
        admin = make_member(acme, Role.ADMIN)
        link = link_for("new.owner@acme.example", by=ana, role=Role.OWNER)

        shown = browser(admin).get(PAGE).content.decode()

        assert "new.owner@acme.example" in shown and stable(link) not in shown
        assert stable(link) in browser(ana).get(PAGE).content.decode()

    def test_links_lead_to_the_deployments_own_address_whatever_the_host_header_says(self, ana, browser, settings):
        settings.BASE_URL = "https://isthmus.example.com"
        link = link_for("kim@partner.example", by=ana)

        page = browser(ana).get(PAGE, headers={"Host": "localhost:6666"}).content.decode()

        assert f'value="https://isthmus.example.com{stable(link)}' in page and "6666" not in page

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
                link_for("kim@partner.example", by=ana)
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

        assert stable(link) in browser(ana).get(PAGE).content.decode()
        assert stable(link) not in browser(raj).get(PAGE).content.decode()


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
