"""Settings > Members, and the page that an invitation's link opens."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from lib.errors import IsthmusError
from projects import membership
from projects.accounts import INVITATION_SESSION_KEY
from projects.errors import InvitationRefused
from projects.forms import InviteForm, RoleForm
from projects.middleware import SESSION_KEY
from projects.models import Invitation, Member, Role
from projects.permissions import ProjectRequest, member_required, require_role


@require_http_methods(["GET", "POST"])
@member_required
def members(request: ProjectRequest) -> HttpResponse:
    """The members and open invitations; a POST keeps a place for an address."""
    if request.method == "POST":
        return _invite(request)
    return _page(request, InviteForm(roles=membership.roles_given_by(request.member)))


@require_role(Role.ADMIN)
def _invite(request: ProjectRequest) -> HttpResponse:
    form = InviteForm(request.POST, roles=membership.roles_given_by(request.member))
    if not form.is_valid():
        return _page(request, form, status=422)
    email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
    if Member.objects.for_project(request.project).filter(user__email__iexact=email).exists():
        form.add_error("email", "That person is a member already; change the role in the list.")
        return _page(request, form, status=422)
    match membership.invite(request.project, email, role, by=request.member):
        case Member() as member:
            messages.success(request, f"{member.user.email} is a member now, as {role.label.lower()}.")
        case Invitation() as invitation:
            messages.success(request, f"A place is kept for {invitation.email}. Send the link below.")
    return redirect("projects:members")


def _page(request: ProjectRequest, form: InviteForm, *, status: int = 200) -> HttpResponse:
    invitations = Invitation.objects.for_project(request.project).open(timezone.now()).order_by("-created_at")
    roles = membership.roles_given_by(request.member)
    for invitation in invitations:
        if (
            Role(invitation.role) in roles
        ):  # whoever has the link may take it, so it is for those who may give that role
            token = membership.invitation_token(invitation)
            invitation.link = settings.BASE_URL + reverse("projects:join", args=[token])  # type: ignore[attr-defined]
    context = {
        "form": form,
        "members": Member.objects.for_project(request.project).for_list(),
        "invitations": invitations if request.member.may(Role.ADMIN) else [],
        "roles": [(role.value, role.label) for role in roles],
    }
    return render(request, "projects/members.html", context, status=status)


@require_POST
@member_required(role=Role.ADMIN)
def change_role(request: ProjectRequest, member_id: int) -> HttpResponse:
    member = get_object_or_404(Member.objects.for_project(request.project).select_related("user"), pk=member_id)
    form = RoleForm(request.POST)
    if form.is_valid():
        role = Role(form.cleaned_data["role"])
        try:
            membership.change_role(member, role, by=request.member)
            messages.success(request, f"{member.user.email} is {role.label.lower()} now.")
        except IsthmusError as exc:
            messages.error(request, exc.message)
    return redirect("projects:members")


@require_POST
@member_required  # everybody may leave; more is asked of who removes somebody else
def remove(request: ProjectRequest, member_id: int) -> HttpResponse:
    member = get_object_or_404(Member.objects.for_project(request.project).select_related("user"), pk=member_id)
    leaving = member.pk == request.member.pk
    try:
        membership.remove(member, by=request.member)
    except IsthmusError as exc:
        messages.error(request, exc.message)
        return redirect("projects:members")
    messages.success(
        request, f"You have left {request.project}." if leaving else f"{member.user.email} is not a member any more."
    )
    return redirect("projects:home" if leaving else "projects:members")


@require_POST
@member_required(role=Role.ADMIN)
def withdraw(request: ProjectRequest, invitation_id: UUID) -> HttpResponse:
    invitation = get_object_or_404(Invitation.objects.for_project(request.project), pk=invitation_id)
    membership.withdraw(invitation, by=request.member)
    messages.success(request, f"The invitation of {invitation.email} is withdrawn.")
    return redirect("projects:members")


@require_http_methods(["GET", "POST"])
@never_cache
def join(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation's page: log in or sign up first, then join."""
    try:
        invitation = membership.open_invitation(token)
        if not request.user.is_authenticated:
            request.session[INVITATION_SESSION_KEY] = token  # sign-up is open to who was invited
            return render(request, "projects/join.html", {"invitation": invitation})
        user = request.user
        if request.method == "POST":
            member = membership.accept(invitation, user)
            request.session.pop(INVITATION_SESSION_KEY, None)
            request.session[SESSION_KEY] = str(member.project_id)
            messages.success(request, f"Welcome to {member.project}.")
            return redirect("projects:home")
    except InvitationRefused as exc:
        return render(request, "projects/join.html", {"problem": exc.message}, status=exc.status)
    wrong_account = user.email.lower() != invitation.email
    return render(request, "projects/join.html", {"invitation": invitation, "wrong_account": wrong_account})
