"""Who belongs to a project, and with which role. Only owners touch owners, and one owner always stays.

An account's address alone proves nothing: anybody may sign up with it first. A person comes in by an invitation's link, which
an admin has given to that person. Only who has proved the address by mail, and shares another project with the inviting
member already, is added without one: about anybody else, adding at once would tell whether the address has an account.
"""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.core import signing
from django.db import transaction
from django.utils import timezone

from projects import auditing
from projects.errors import InvitationRefused, LastOwner, PermissionMissing
from projects.models import Invitation, Member, Project, Role, User

INVITATION_VALID = timedelta(days=7)
_SALT = "projects.invitation"


def invite(project: Project, email: str, role: Role, *, by: Member) -> Member | Invitation:
    """Keep a place for whoever brings this invitation's link; a second invitation replaces the first.

    A colleague of `by` with a proved address becomes a member at once.

    Raises PermissionMissing when `by` may not give that role.
    """
    _may_give(by, role)
    address = email.strip().lower()
    with transaction.atomic():
        if colleague := _colleague(address, by.user):
            return _add(project, colleague, role, by=by.user)
        invitation, _ = Invitation.objects.update_or_create(
            project=project,
            email=address,
            defaults={
                "role": role,
                "invited_by": by.user,
                "created_at": timezone.now(),
                "expires_at": timezone.now() + INVITATION_VALID,
            },
        )
        auditing.record(project, "member.invited", by=by.user, target=address, role=role)
    return invitation


def invitation_token(invitation: Invitation) -> str:
    """What the link holds: the invitation's id, signed. Nothing secret is stored, so the link can be shown again."""
    return signing.dumps({"id": str(invitation.pk), "at": invitation.created_at.timestamp()}, salt=_SALT)


def open_invitation(token: str) -> Invitation:
    """The invitation that a link speaks of. Raises InvitationRefused when it is forged, withdrawn, replaced or old."""
    try:
        said = signing.loads(token, salt=_SALT, max_age=INVITATION_VALID)
    except signing.BadSignature as exc:
        raise InvitationRefused from exc
    invitation = (
        Invitation.objects.open(timezone.now()).select_related("project", "invited_by").filter(pk=said["id"]).first()
    )
    if invitation is None or invitation.created_at.timestamp() != said["at"]:
        raise InvitationRefused
    return invitation


def accept(invitation: Invitation, user: User) -> Member:
    """Make `user`, who brings the link, a member and use the invitation up.

    The link is the proof, for this project alone. The address is not marked as proved: anybody can invite any address to a
    project of their own, and so has a link for it. Raises InvitationRefused when it was meant for another address, or when
    who invited may not give that role any more.
    """
    if user.email.lower() != invitation.email:
        raise InvitationRefused(f"This invitation is for {invitation.email}; you are signed in as {user.email}.")
    with transaction.atomic():
        inviter = Member.objects.for_project(invitation.project).filter(user=invitation.invited_by).first()
        if inviter is None or not _gives(inviter, Role(invitation.role)):
            raise InvitationRefused("Who invited you may not do that any more. Ask for a new invitation.")
        if not Invitation.objects.filter(pk=invitation.pk).delete()[0]:
            raise InvitationRefused
        return _add(invitation.project, user, Role(invitation.role), by=user)


def withdraw(invitation: Invitation, *, by: Member) -> None:
    """Make the invitation's link worthless."""
    with transaction.atomic():
        if Invitation.objects.filter(pk=invitation.pk).delete()[0]:
            auditing.record(invitation.project, "member.invitation_withdrawn", by=by.user, target=invitation.email)


def change_role(member: Member, role: Role, *, by: Member) -> None:
    """Raises PermissionMissing when `by` may not, LastOwner when the project would be left without one."""
    with transaction.atomic():
        current = _locked(member)
        if Role.OWNER in (role, current.role):
            _may_give(by, Role.OWNER)
        else:
            _may_give(by, role)
        if current.role == role:
            return
        if current.role == Role.OWNER:
            _another_owner_than(current)
        Member.objects.filter(pk=current.pk).update(role=role)
        auditing.record(
            member.project,
            "member.role_changed",
            by=by.user,
            target=current.user.email,
            before=current.role,
            after=role,
        )


def remove(member: Member, *, by: Member) -> None:
    """Take somebody out of the project; everybody may leave. Raises PermissionMissing or LastOwner."""
    with transaction.atomic():
        current = _locked(member)
        if current.pk != by.pk:
            _may_give(by, Role(current.role))
        if current.role == Role.OWNER:
            _another_owner_than(current)
        current.delete()
        action = "member.left" if current.user_id == by.user_id else "member.removed"
        auditing.record(member.project, action, by=by.user, target=current.user.email)


def make_owner(project: Project, user: User, *, by: User | None) -> bool:
    """Make `user` an owner of the project, as whoever has the command line may; False when they are one already."""
    with transaction.atomic():
        member, created = Member.objects.get_or_create(project=project, user=user, defaults={"role": Role.OWNER})
        if created:
            auditing.record(project, "member.added", by=by, target=user.email, role=Role.OWNER)
        elif member.role != Role.OWNER:
            details = {"before": member.role, "after": Role.OWNER}
            Member.objects.filter(pk=member.pk).update(role=Role.OWNER)
            auditing.record(project, "member.role_changed", by=by, target=user.email, **details)
        else:
            return False
    return True


def roles_given_by(member: Member) -> list[Role]:
    """The roles that `member` may give to others."""
    return [role for role in Role if _gives(member, role)]


def _colleague(address: str, user: User) -> User | None:
    """The account that has proved this address by mail and shares a project with `user`."""
    proved = EmailAddress.objects.filter(email=address, verified=True).values("user")
    shared = Project.objects.filter(members__user=user)
    return User.objects.filter(pk__in=proved, is_active=True, memberships__project__in=shared).first()


def _gives(member: Member, role: Role) -> bool:
    return member.may(Role.OWNER) if role == Role.OWNER else member.may(Role.ADMIN)


def _may_give(member: Member, role: Role) -> None:
    if not _gives(member, role):
        raise PermissionMissing("Only an owner may do that." if member.may(Role.ADMIN) else "")


def _add(project: Project, user: User, role: Role, *, by: User) -> Member:
    member, created = Member.objects.get_or_create(project=project, user=user, defaults={"role": role})
    if created:
        Invitation.objects.for_project(project).filter(email=user.email.lower()).delete()
        auditing.record(project, "member.added", by=by, target=user.email, role=role)
    return member


def _locked(member: Member) -> Member:
    """The row as it is now. The project's row is locked first, so that two owners can not step down at once."""
    Project.objects.select_for_update().get(pk=member.project_id)
    return Member.objects.select_related("user").get(pk=member.pk)


def _another_owner_than(member: Member) -> None:
    if not Member.objects.for_project(member.project).owners().exclude(pk=member.pk).exists():
        raise LastOwner
